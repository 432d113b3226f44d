"""The objects that the chart renders for its values."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ocr_operator.app import cli
from ocr_operator.crd import crd

pytestmark = pytest.mark.helm

CHART = Path(__file__).parents[2] / "chart"
FILES = sorted(path.name for path in CHART.glob("values-*.yaml"))
Render = Callable[..., list[dict[str, Any]]]
Helm = Callable[..., subprocess.CompletedProcess[str]]


def _only(objects: list[dict[str, Any]], kind: str, name: str = "") -> dict[str, Any]:
    [body] = [body for body in objects if body["kind"] == kind and body["metadata"]["name"].endswith(name)]
    return body


def _arguments(objects: list[dict[str, Any]]) -> list[str]:
    [container] = _only(objects, "Deployment")["spec"]["template"]["spec"]["containers"]
    return list(container["args"])


def _pods(objects: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for body in objects:
        if body["kind"] == "Pod":
            yield body["spec"]
        elif body["kind"] == "Deployment":
            yield body["spec"]["template"]["spec"]


@pytest.mark.parametrize("arguments", [[], *(["--values", str(CHART / name)] for name in FILES)])
def test_helm_lint_reports_no_error(helm: Helm, arguments: list[str]) -> None:
    done = helm("lint", "--strict", str(CHART), *arguments)
    assert done.returncode == 0, done.stdout + done.stderr


def test_helm_rejects_unknown_keys(helm: Helm) -> None:
    done = helm("template", "r", str(CHART), "--set", "operator.replica=2")
    assert done.returncode != 0
    assert "replica" in done.stderr


@pytest.mark.parametrize("name", ["values.yaml", *FILES])
def test_every_pod_meets_the_restricted_pod_security_standard(render: Render, name: str) -> None:
    pods = list(_pods(render("--values", str(CHART / name))))
    assert len(pods) == 2
    for pod in pods:
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in pod["containers"]:
            context = container["securityContext"]
            assert context["allowPrivilegeEscalation"] is False
            assert context["readOnlyRootFilesystem"] is True
            assert context["capabilities"] == {"drop": ["ALL"]}
            assert container["resources"]["requests"]
            assert container["resources"]["limits"]


def test_every_namespaced_object_has_the_namespace_of_the_release(render: Render) -> None:
    for body in render():
        is_of_the_cluster = body["kind"] in ("CustomResourceDefinition", "ClusterRole")
        assert body["metadata"].get("namespace") == (None if is_of_the_cluster else "labs"), body


def test_the_crd_is_the_generated_one_and_is_kept_on_uninstall(render: Render) -> None:
    definition = _only(render(), "CustomResourceDefinition")
    assert definition["spec"] == crd.crd()["spec"]
    assert definition["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}


def test_the_crd_can_be_left_out_or_deleted_with_the_release(render: Render) -> None:
    kinds = {body["kind"] for body in render(**{"crds.install": False})}
    assert "CustomResourceDefinition" not in kinds
    not_kept = _only(render(**{"crds.keep": False}), "CustomResourceDefinition")
    assert "helm.sh/resource-policy" not in not_kept["metadata"].get("annotations", {})


def test_the_operator_parses_its_arguments(render: Render) -> None:
    objects = render(
        **{
            "global.imageRegistry": "registry.example.com/mirror",
            "global.imagePullSecrets": ["pull"],
            "backend.image.tag": "7",
        }
    )
    options = cli.parser().parse_args(_arguments(objects))
    assert options.namespace == ["labs"]
    assert options.image == "registry.example.com/mirror/ocr-backend/backend-cpu:7"
    assert options.paddle_image == "registry.example.com/mirror/ocr-backend/backend-paddle:0.2.0"
    assert options.gpu_image == "registry.example.com/mirror/ocr-backend/backend-gpu:0.2.0"
    assert options.pull_secret == ["pull"]
    assert str(options.backends) == "/etc/ocr-operator/backends.yaml"
    assert options.backends_owner == "labs/r-backends"


def test_the_registry_is_the_prefix_of_every_image(render: Render) -> None:
    for pod in _pods(render(**{"global.imageRegistry": "registry.example.com"})):
        for container in pod["containers"]:
            assert container["image"].startswith("registry.example.com/ocr-backend/")


def test_a_digest_takes_precedence_over_the_tag(render: Render) -> None:
    digest = "sha256:" + "a" * 64
    deployment = _only(render(**{"operator.image.digest": digest}), "Deployment")
    [container] = deployment["spec"]["template"]["spec"]["containers"]
    assert container["image"] == f"ocr-backend/operator@{digest}"


def test_by_default_the_operator_has_permissions_only_in_its_own_namespace(render: Render) -> None:
    objects = render()
    assert {body["kind"] for body in objects if "RoleBinding" in body["kind"]} == {"RoleBinding"}
    assert {body["metadata"]["namespace"] for body in objects if body["kind"] == "Role"} == {"labs"}


def test_it_has_permissions_in_each_watched_namespace(render: Render) -> None:
    objects = render(**{"operator.watch.namespaces": ["labs", "team-a"]})
    roles = [
        body for body in objects if body["kind"] == "Role" and body["metadata"]["name"].endswith("operator")
    ]
    assert [body["metadata"]["namespace"] for body in roles] == ["labs", "team-a"]
    assert cli.parser().parse_args(_arguments(objects)).namespace == ["labs", "team-a"]


def test_it_can_watch_every_namespace(render: Render) -> None:
    objects = render(**{"operator.watch.allNamespaces": True})
    binding = _only(objects, "ClusterRoleBinding")
    assert binding["roleRef"]["name"] == _only(objects, "ClusterRole", "-operator")["metadata"]["name"]
    options = cli.parser().parse_args(_arguments(objects))
    assert options.all_namespaces
    assert options.namespace == []


def test_one_replica_is_recreated_and_two_are_rolled(render: Render) -> None:
    single, double = render(), render(**{"operator.replicas": 2})
    assert _only(single, "Deployment")["spec"]["strategy"]["type"] == "Recreate"
    assert _only(double, "Deployment")["spec"]["strategy"]["type"] == "RollingUpdate"
    assert _only(double, "Deployment")["spec"]["replicas"] == 2
    assert "PodDisruptionBudget" not in {body["kind"] for body in single}
    assert _only(double, "PodDisruptionBudget")["spec"]["maxUnavailable"] == 1


def test_the_election_role_covers_the_lease_of_the_arguments(render: Render) -> None:
    objects = render()
    lease = cli.parser().parse_args(_arguments(objects)).lease
    role = _only(objects, "Role", "-election")
    [by_name] = [rule for rule in role["rules"] if "resourceNames" in rule]
    assert (role["metadata"]["namespace"], by_name["resourceNames"]) == (lease.namespace, [lease.name])


def test_every_binding_names_the_operators_service_account(render: Render) -> None:
    objects = render()
    account = _only(objects, "ServiceAccount")["metadata"]
    for binding in (body for body in objects if body["kind"] == "RoleBinding"):
        [subject] = binding["subjects"]
        assert (subject["name"], subject["namespace"]) == (account["name"], account["namespace"])


def test_the_operator_gets_the_backends_unchanged(render: Render) -> None:
    values = yaml.safe_load((CHART / "values.yaml").read_text("utf-8"))
    data = _only(render(), "ConfigMap", "-backends")["data"]
    assert yaml.safe_load(data["backends.yaml"]) == {"ocr": values["defaultBackend"]["spec"]}


def test_changed_backends_restart_the_operator(render: Render) -> None:
    def checksum(**values: Any) -> str:
        template = _only(render(**values), "Deployment")["spec"]["template"]
        return str(template["metadata"]["annotations"]["checksum/backends"])

    assert checksum() == checksum()
    assert checksum(**{"defaultBackend.spec.paused": True}) != checksum()


def test_without_backends_there_is_no_ocrbackend_and_no_test_pod(render: Render) -> None:
    objects = render(**{"defaultBackend.enabled": False})
    data = _only(objects, "ConfigMap", "-backends")["data"]
    assert yaml.safe_load(data["backends.yaml"]) == {}
    assert not [body for body in objects if body["kind"] == "Pod"]


def test_the_test_pod_reads_with_every_variant_and_the_password_of_the_backend(render: Render) -> None:
    spec = {
        "variants": [
            {"name": "ch-mobile", "language": "ch", "modelType": "mobile"},
            {"name": "en-server", "language": "en", "modelType": "server"},
        ],
        "labelStudio": {"basicAuthSecretRef": {"name": "basic"}},
    }
    pod = _only(render(backends={"team": spec}), "Pod")
    [container] = pod["spec"]["containers"]
    assert container["args"] == [
        "http://team-ch-mobile.labs.svc:9090",
        "http://team-en-server.labs.svc:9090",
    ]
    assert {variable["valueFrom"]["secretKeyRef"]["name"] for variable in container["env"]} == {"basic"}
    assert pod["metadata"]["annotations"]["helm.sh/hook"] == "test"


def test_the_notes_show_the_urls_for_label_studio(helm: Helm) -> None:
    done = helm("install", "r", str(CHART), "--namespace", "labs", "--dry-run=client")
    assert done.returncode == 0, done.stderr
    notes = done.stdout.split("NOTES:")[1]
    assert "ch-mobile: http://ocr-ch-mobile.labs.svc:9090" in notes
    assert "ML_BLOCK_LOCAL_IP=false" in notes
    assert "kubectl get ocrb --namespace labs" in notes
