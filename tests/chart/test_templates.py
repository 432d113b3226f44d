"""The chart's objects, for the values that it knows."""

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


def _one(objects: list[dict[str, Any]], kind: str, name: str = "") -> dict[str, Any]:
    [found] = [one for one in objects if one["kind"] == kind and one["metadata"]["name"].endswith(name)]
    return found


def _arguments(objects: list[dict[str, Any]]) -> list[str]:
    [container] = _one(objects, "Deployment")["spec"]["template"]["spec"]["containers"]
    return list(container["args"])


def _pods(objects: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for one in objects:
        if one["kind"] == "Pod":
            yield one["spec"]
        elif one["kind"] == "Deployment":
            yield one["spec"]["template"]["spec"]


@pytest.mark.parametrize("arguments", [[], *(["--values", str(CHART / name)] for name in FILES)])
def test_lint_finds_nothing(helm: Helm, arguments: list[str]) -> None:
    done = helm("lint", "--strict", str(CHART), *arguments)
    assert done.returncode == 0, done.stdout + done.stderr


def test_helm_itself_refuses_unknown_keys(helm: Helm) -> None:
    done = helm("template", "r", str(CHART), "--set", "operator.replica=2")
    assert done.returncode != 0
    assert "replica" in done.stderr


@pytest.mark.parametrize("name", ["values.yaml", *FILES])
def test_every_pod_keeps_the_restricted_standard(render: Render, name: str) -> None:
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


def test_every_object_but_the_cluster_wide_ones_has_its_namespace(render: Render) -> None:
    for one in render():
        assert one["metadata"].get("namespace") == (
            None if one["kind"] == "CustomResourceDefinition" else "labs"
        ), one


def test_the_crd_is_the_generated_one_and_kept(render: Render) -> None:
    found = _one(render(), "CustomResourceDefinition")
    assert found["spec"] == crd.crd()["spec"]
    assert found["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}


def test_the_crd_can_be_left_out_or_go_with_the_release(render: Render) -> None:
    kinds = {one["kind"] for one in render(**{"crds.install": False})}
    assert "CustomResourceDefinition" not in kinds
    loose = _one(render(**{"crds.keep": False}), "CustomResourceDefinition")
    assert "helm.sh/resource-policy" not in loose["metadata"].get("annotations", {})


def test_the_operator_understands_its_command_line(render: Render) -> None:
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
    assert options.gpu_image == "registry.example.com/mirror/ocr-backend/backend-gpu:0.2.0"
    assert options.pull_secret == ["pull"]
    assert str(options.backends) == "/etc/ocr-operator/backends.yaml"
    assert options.backends_owner == "labs/r-ocr-backend-backends"


def test_the_registry_stands_before_every_image(render: Render) -> None:
    for pod in _pods(render(**{"global.imageRegistry": "registry.example.com"})):
        for container in pod["containers"]:
            assert container["image"].startswith("registry.example.com/ocr-backend/")


def test_a_digest_wins_over_the_tag(render: Render) -> None:
    digest = "sha256:" + "a" * 64
    deployment = _one(render(**{"operator.image.digest": digest}), "Deployment")
    [container] = deployment["spec"]["template"]["spec"]["containers"]
    assert container["image"] == f"ocr-backend/operator@{digest}"


def test_by_default_the_operator_has_rights_in_its_own_namespace_alone(render: Render) -> None:
    objects = render()
    assert {one["kind"] for one in objects if "Role" in one["kind"]} == {"Role", "RoleBinding"}
    assert {one["metadata"]["namespace"] for one in objects if one["kind"] == "Role"} == {"labs"}


def test_it_gets_rights_where_it_is_to_watch(render: Render) -> None:
    objects = render(**{"operator.watch.namespaces": ["labs", "team-a"]})
    operators = [
        one for one in objects if one["kind"] == "Role" and one["metadata"]["name"].endswith("operator")
    ]
    assert [one["metadata"]["namespace"] for one in operators] == ["labs", "team-a"]
    assert cli.parser().parse_args(_arguments(objects)).namespace == ["labs", "team-a"]


def test_it_can_watch_every_namespace(render: Render) -> None:
    objects = render(**{"operator.watch.allNamespaces": True})
    binding = _one(objects, "ClusterRoleBinding")
    assert binding["roleRef"]["name"] == _one(objects, "ClusterRole")["metadata"]["name"]
    options = cli.parser().parse_args(_arguments(objects))
    assert options.all_namespaces
    assert options.namespace == []


def test_one_operator_is_replaced_and_two_take_turns(render: Render) -> None:
    one, two = render(), render(**{"operator.replicas": 2})
    assert _one(one, "Deployment")["spec"]["strategy"]["type"] == "Recreate"
    assert _one(two, "Deployment")["spec"]["strategy"]["type"] == "RollingUpdate"
    assert _one(two, "Deployment")["spec"]["replicas"] == 2
    assert "PodDisruptionBudget" not in {each["kind"] for each in one}
    assert _one(two, "PodDisruptionBudget")["spec"]["maxUnavailable"] == 1


def test_the_lease_of_the_command_line_is_the_one_it_has_rights_to(render: Render) -> None:
    objects = render()
    lease = cli.parser().parse_args(_arguments(objects)).lease
    role = _one(objects, "Role", "-election")
    [named] = [rule for rule in role["rules"] if "resourceNames" in rule]
    assert (role["metadata"]["namespace"], named["resourceNames"]) == (lease.namespace, [lease.name])


def test_every_binding_names_the_operators_account(render: Render) -> None:
    objects = render()
    account = _one(objects, "ServiceAccount")["metadata"]
    for binding in (one for one in objects if one["kind"] == "RoleBinding"):
        [subject] = binding["subjects"]
        assert (subject["name"], subject["namespace"]) == (account["name"], account["namespace"])


def test_the_backends_go_to_the_operator_as_they_are(render: Render) -> None:
    values = yaml.safe_load((CHART / "values.yaml").read_text("utf-8"))
    data = _one(render(), "ConfigMap", "-backends")["data"]
    assert yaml.safe_load(data["backends.yaml"]) == values["backends"]


def test_changed_backends_restart_the_operator(render: Render) -> None:
    def checksum(**values: Any) -> str:
        template = _one(render(**values), "Deployment")["spec"]["template"]
        found: str = template["metadata"]["annotations"]["checksum/backends"]
        return found

    assert checksum() == checksum()
    assert checksum(**{"backends.ocr.paused": True}) != checksum()


def test_without_backends_there_is_nothing_to_make_or_to_test(render: Render) -> None:
    objects = render("--set", "backends=null")
    data = _one(objects, "ConfigMap", "-backends")["data"]
    assert yaml.safe_load(data["backends.yaml"]) == {}
    assert not [one for one in objects if one["kind"] == "Pod"]


def test_the_test_reads_through_every_variant_with_the_backends_password(render: Render) -> None:
    spec = {
        "variants": [{"language": "ch", "modelType": "mobile"}, {"language": "en", "modelType": "server"}],
        "labelStudio": {"basicAuthSecretRef": {"name": "basic"}},
    }
    pod = _one(render(backends={"team": spec, "ocr": None}), "Pod")
    [container] = pod["spec"]["containers"]
    assert container["args"] == [
        "http://team-ch-mobile.labs.svc:9090",
        "http://team-en-server.labs.svc:9090",
    ]
    assert {one["valueFrom"]["secretKeyRef"]["name"] for one in container["env"]} == {"basic"}
    assert pod["metadata"]["annotations"]["helm.sh/hook"] == "test"


def test_the_notes_say_what_to_enter_in_label_studio(helm: Helm) -> None:
    done = helm("install", "r", str(CHART), "--namespace", "labs", "--dry-run=client")
    assert done.returncode == 0, done.stderr
    notes = done.stdout.split("NOTES:")[1]
    assert "ch/mobile: http://ocr-ch-mobile.labs.svc:9090" in notes
    assert "ML_BLOCK_LOCAL_IP=false" in notes
    assert "kubectl get ocrb --namespace labs" in notes
