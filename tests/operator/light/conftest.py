"""The chart's release on a real control plane with fake nodes, and the real operator beside it."""

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from api_relay import ApiRelay
from installed_crds import install_crd
from keda_crds import scaled_object_crd
from loopback import serving
from ocr_cluster.cluster import Cluster
from ocr_operator.crd.crd import crd
from operator_process import Operator, running_operator
from prometheus_crds import service_monitor_crd

CHART = Path(__file__).parents[3] / "chart"
KIND = "ocrbackends.ocrbackend.io"


@dataclass(frozen=True)
class Release:
    """A namespace with OCRBackends, as its user reads and changes it."""

    cluster: Cluster
    namespace: str

    def apply(self, *, name: str = "ocr", **spec: Any) -> None:
        """Applies an OCRBackend with the builtin models, which need no volume."""
        spec = {"ocrVersion": "PP-OCRv6", "models": {"source": "Builtin"}} | spec
        spec.setdefault("variants", [{"name": "ch-mobile", "language": "ch", "modelType": "mobile"}])
        body = {
            "apiVersion": "ocrbackend.io/v1alpha1",
            "kind": "OCRBackend",
            "metadata": {"name": name, "namespace": self.namespace},
            "spec": spec,
        }
        self.cluster.apply(body)

    def change_deadline(self, seconds: int) -> None:
        """Changes a field that restarts no pod, and waits until the status reports the new generation."""
        patch = json.dumps({"spec": {"rollout": {"progressDeadlineSeconds": seconds}}})
        self.kubectl("patch", "ocrb", "ocr", "--type=merge", f"--patch={patch}")
        self.wait_for("True", "Available")

    def get(self, *arguments: str) -> Any:
        """`kubectl get` in the namespace."""
        return self.cluster.get(*arguments, f"--namespace={self.namespace}")

    def kubectl(self, *arguments: str, **options: Any) -> str:
        """kubectl in the namespace."""
        return self.cluster.kubectl(*arguments, f"--namespace={self.namespace}", **options)

    def condition(self, condition_type: str = "Ready", name: str = "ocr") -> dict[str, Any]:
        """A condition of the current generation; empty if the status does not report it yet."""
        backend = self.get(KIND, name)
        generation = backend.get("metadata", {}).get("generation")
        for condition in backend.get("status", {}).get("conditions", []):
            if (condition["type"], condition["observedGeneration"]) == (condition_type, generation):
                return dict(condition)
        return {}

    def wait_for(
        self, status: str, reason: str, condition_type: str = "Ready", name: str = "ocr"
    ) -> dict[str, Any]:
        """The condition, once it has this status and reason."""

        def expected_condition() -> dict[str, Any]:
            condition = self.condition(condition_type, name)
            is_expected = (condition.get("status"), condition.get("reason")) == (status, reason)
            return condition if is_expected else {}

        current = self.condition(condition_type, name)
        return self.cluster.wait(
            expected_condition, f"{condition_type} {status} {reason} of {name} (now {current})"
        )

    def managed_uids(self, kind: str) -> dict[str, str]:
        """Name -> uid of the managed objects of a kind, or of their pods."""
        objects = self.get(kind, "--selector=app.kubernetes.io/managed-by=ocr-operator").get("items", [])
        return {each["metadata"]["name"]: each["metadata"]["uid"] for each in objects}

    def managed_names(self, kind: str) -> set[str]:
        """Names of the managed objects of a kind, or of their pods."""
        return set(self.managed_uids(kind))

    def resource_versions(self) -> dict[str, str]:
        """`Kind/name` -> resourceVersion of the OCRBackends and all their managed objects."""
        managed = "deployments,services,horizontalpodautoscalers,poddisruptionbudgets,networkpolicies"
        objects = self.get(f"{KIND},{managed},persistentvolumeclaims").get("items", [])
        return {
            f"{each['kind']}/{each['metadata']['name']}": each["metadata"]["resourceVersion"]
            for each in objects
        }

    def settle(self, operator: Operator, kind: str = "deployment") -> None:
        """Triggers a reconcile, and waits until it and all earlier ones have ended.

        It annotates the managed objects of a kind; in a Deployment that creates a new generation.
        """
        reconciles = operator.metric("controller_runtime_reconcile_total")
        self.kubectl("annotate", kind, "--all", "--overwrite", f"test/reconciles={reconciles}")
        self.cluster.wait(
            lambda: (
                operator.metric("controller_runtime_reconcile_total") > reconciles
                and operator.metric("workqueue_depth") == 0
            ),
            "the operator to reconcile",
        )

    def requests(self, user: str) -> list[dict[str, Any]]:
        """The completed requests of a user, from the audit log of the API server."""
        lines = self.cluster.audit_log.read_text("utf-8").splitlines()
        entries = [json.loads(line) for line in lines]
        # A request that is refused with 401 has no user name.
        of_user = [entry for entry in entries if entry["user"].get("username") == user]
        return [entry for entry in of_user if entry["stage"] == "ResponseComplete"]


@pytest.fixture(scope="session")
def crd_installed(light_cluster: Cluster) -> None:
    install_crd(light_cluster, crd())


@pytest.fixture(scope="session")
def release_in(light_cluster: Cluster, crd_installed: None) -> Callable[[str], Release]:
    """`release_in(namespace)`: for a namespace that the test itself creates and deletes."""
    return lambda namespace: Release(light_cluster, namespace)


def _install(cluster: Cluster, namespace: str, *values: str) -> None:
    """Installs the chart; its operator's pod is on a fake node, so it does nothing."""
    sets = [word for value in ("crds.install=false", *values) for word in ("--set", value)]
    cluster.helm("install", "ocr", str(CHART), "--namespace", namespace, *sets)


@pytest.fixture
def release(light_cluster: Cluster, crd_installed: None, restricted_namespace: str) -> Iterator[Release]:
    """A namespace for a test's OCRBackends that rejects pods which violate the restricted standard."""
    namespace = restricted_namespace
    yield Release(light_cluster, namespace)
    # A deleted namespace keeps its pods for some seconds; without Deployments they are deleted at once.
    light_cluster.kubectl(
        "delete", f"{KIND},deployments,jobs", "--all", f"--namespace={namespace}", "--wait=false"
    )
    light_cluster.wait(
        lambda: not light_cluster.get("pods", f"--namespace={namespace}").get("items"), "no pods"
    )


@pytest.fixture(scope="session")
def service_monitors(light_cluster: Cluster) -> None:
    """The cluster serves the API of the Prometheus operator."""
    install_crd(light_cluster, yaml.safe_load(service_monitor_crd().read_text("utf-8")))


@pytest.fixture(scope="session")
def scaled_objects(light_cluster: Cluster) -> None:
    """The cluster serves the API of KEDA."""
    install_crd(light_cluster, yaml.safe_load(scaled_object_crd().read_text("utf-8")))


@pytest.fixture(scope="module")
def operator(
    light_cluster: Cluster, crd_installed: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Operator]:
    """One operator for the namespaces of all tests of a module."""
    namespace = f"operator-{uuid.uuid4().hex[:8]}"
    light_cluster.kubectl("create", "namespace", namespace)
    values = (
        "defaultBackend.enabled=false",
        "operator.watch.allNamespaces=true",
        "operator.surgeWaitSeconds=1",
    )
    _install(light_cluster, namespace, *values)
    with running_operator(light_cluster, namespace, tmp_path_factory.mktemp("operator")) as running:
        yield running
    light_cluster.helm("uninstall", "ocr", "--namespace", namespace)
    light_cluster.kubectl("delete", "namespace", namespace, "--wait=false")


@pytest.fixture
def install(release: Release) -> Callable[..., None]:
    """`install(values, …)`: the chart in the test's namespace, where only the test's own operator may run."""
    return lambda *values: _install(release.cluster, release.namespace, *values)


@pytest.fixture
def start_operator(release: Release, tmp_path: Path) -> Callable[..., AbstractContextManager[Operator]]:
    """`with start_operator(…) as operator`: runs the operator of the chart in the test's namespace."""

    def start(*arguments: str, **options: Any) -> AbstractContextManager[Operator]:
        return running_operator(release.cluster, release.namespace, tmp_path, *arguments, **options)

    return start


@pytest.fixture
def relay(release: Release) -> Iterator[ApiRelay]:
    """A proxy between an operator and the API server; it forwards everything unless a test adds faults."""
    with serving(ApiRelay(release.cluster.server)) as api_relay:
        yield api_relay
