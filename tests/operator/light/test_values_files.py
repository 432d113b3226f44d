"""Every values file of the chart: the API server accepts its objects, and its backends become Ready.

The nodes are fake, with the devices, taints and labels that values-gpu.yaml expects.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
import yaml

from installed_crds import install_crd
from ocr_cluster.cluster import Cluster
from operator_process import Operator
from prometheus_crds import definition

pytestmark = pytest.mark.light

CHART = Path(__file__).parents[3] / "chart"
FILES = [[], *(["--values", str(path)] for path in sorted(CHART.glob("values-*.yaml")))]
LAPTOP = ["--values", str(CHART / "values-laptop.yaml")]
TRIAL = [*LAPTOP, "--set=labelStudio.enabled=true", "--set=labelStudio.storage.size=1Gi"]
INSTALLS = [*FILES, TRIAL]
IDS = [Path(file[1]).name if file else "values.yaml" for file in FILES] + ["a trial of Label Studio"]
TAINT = {"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"}

Release = Any
StartOperator = Callable[..., AbstractContextManager[Operator]]


@pytest.fixture(scope="module")
def gpu_node(light_cluster: Cluster) -> Iterator[str]:
    """A fake node with one GPU, a slice of another GPU and a taint; and the RuntimeClass."""
    amounts = {"cpu": "32", "memory": "256Gi", "pods": "110"}
    amounts |= {"nvidia.com/gpu": "1", "nvidia.com/mig-1g.10gb": "1"}
    metadata = {
        "name": "gpu-of-the-values",
        "labels": {"nvidia.com/mig.config.state": "success"},
        "annotations": {"kwok.x-k8s.io/node": "fake"},
    }
    node = {"apiVersion": "v1", "kind": "Node", "metadata": metadata, "spec": {"taints": [TAINT]}}
    runtime = {
        "apiVersion": "node.k8s.io/v1",
        "kind": "RuntimeClass",
        "metadata": {"name": "nvidia"},
        "handler": "nvidia",
    }
    light_cluster.apply(node | {"status": {"capacity": amounts, "allocatable": amounts}}, runtime)
    yield "gpu-of-the-values"
    light_cluster.kubectl("delete", "node/gpu-of-the-values", "runtimeclass/nvidia")


@pytest.fixture(scope="module", autouse=True)
def prometheus_crds(light_cluster: Cluster, service_monitors: None) -> Iterator[None]:
    """The other kinds of the Prometheus operator, for values-production.yaml."""
    plurals = ("podmonitors", "prometheusrules")
    names = [f"crd/{plural}.monitoring.coreos.com" for plural in plurals]
    for plural in plurals:
        install_crd(light_cluster, yaml.safe_load(definition(plural).read_text("utf-8")))
    yield
    light_cluster.kubectl("delete", *names)


def _create_secret(release: Release) -> None:
    """The Secret that values-production.yaml refers to."""
    release.kubectl("create", "secret", "generic", "label-studio", "--from-literal=token=x")


@pytest.mark.parametrize("values", INSTALLS, ids=IDS)
def test_the_api_server_accepts_every_object(release: Release, values: list[str]) -> None:
    namespace = ["--namespace", release.namespace]
    # Rendered without the cluster, which holds no password yet.
    sets = ["--set", "crds.install=false,labelStudio.existingSecret=trial"]
    text = release.cluster.helm("template", "ocr", str(CHART), *namespace, *sets, *values)
    objects = [body for body in yaml.safe_load_all(text) if body]
    [data] = [body["data"] for body in objects if "backends.yaml" in body.get("data", {})]
    metadata = {"namespace": release.namespace}
    backends = [
        {"apiVersion": "ocrbackend.io/v1alpha1", "kind": "OCRBackend", "spec": spec}
        | {"metadata": metadata | {"name": name}}
        for name, spec in yaml.safe_load(data["backends.yaml"]).items()
    ]
    documents = yaml.safe_dump_all([*objects, *backends])
    output = release.kubectl("create", "--dry-run=server", "--filename=-", input=documents)
    assert output.count("(server dry run)") == len(objects) + len(backends)


@pytest.mark.parametrize("values", INSTALLS, ids=IDS)
def test_an_install_ends_with_ready_backends(
    release: Release, start_operator: StartOperator, gpu_node: str, values: list[str]
) -> None:
    _create_secret(release)
    namespace = ["--namespace", release.namespace]
    release.cluster.helm("install", "ocr", str(CHART), *namespace, "--set", "crds.install=false", *values)
    with start_operator():
        release.wait_for("True", "Available")
        if "gpu" in str(values):
            _check_devices(release, gpu_node)
        if values is TRIAL:
            _check_trial(release)


def _check_devices(release: Release, node: str) -> None:
    pods = release.get("pods", "--selector=app.kubernetes.io/managed-by=ocr-operator")["items"]
    specs = {pod["metadata"]["name"].rsplit("-", 2)[0]: pod["spec"] for pod in pods}
    assert specs["ocr-ch-server"]["nodeName"] == specs["ocr-korean-mobile"]["nodeName"] == node
    assert specs["ocr-latin-mobile"]["nodeName"] != node
    limits = {name: spec["containers"][0]["resources"]["limits"] for name, spec in specs.items()}
    assert limits["ocr-ch-server"]["nvidia.com/gpu"] == "1"
    assert limits["ocr-korean-mobile"]["nvidia.com/mig-1g.10gb"] == "1"
    assert {spec.get("runtimeClassName") for spec in specs.values()} == {"nvidia", None}
    # The slice is in use.
    tolerations = [{"key": TAINT["key"], "operator": "Exists"}]
    slice_ = {"resourceName": "nvidia.com/mig-1g.10gb"}
    release.apply(name="other", accelerator=slice_, placement={"tolerations": tolerations})
    ready = release.wait_for("False", "InsufficientDevice", name="other")
    assert "Insufficient nvidia.com/mig-1g.10gb" in ready["message"]


def _check_trial(release: Release) -> None:
    """Its pods are admitted, and an upgrade keeps its password and token."""
    pods = ("pods", "--selector=app.kubernetes.io/name in (ocr-backend-label-studio, ocr-backend-connect)")
    release.cluster.wait(lambda: len(release.get(*pods).get("items", [])) == 2, "the pods of the trial")
    secret = release.get("secret", "ocr-label-studio")["data"]
    arguments = ["--set", "crds.install=false", *TRIAL, "--set", "operator.logLevel=DEBUG"]
    release.cluster.helm("upgrade", "ocr", str(CHART), "--namespace", release.namespace, *arguments)
    assert release.get("secret", "ocr-label-studio")["data"] == secret
    assert len(secret) == 3
