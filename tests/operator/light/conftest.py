"""The chart's release on a real control plane with fake nodes, and the real operator beside it."""

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from api_relay import ApiRelay
from installed_crds import install_crd
from loopback import serving
from ocr_cluster.cluster import Cluster
from ocr_operator.crd.crd import crd
from operator_process import Operator, running_operator
from prometheus_crds import service_monitor_crd

CHART = Path(__file__).parents[3] / "chart"
KIND = "ocrbackends.ocrbackend.io"


@dataclass(frozen=True)
class Release:
    """A namespace with OCRBackends, as a test looks at it."""

    cluster: Cluster
    namespace: str

    def apply(self, *, name: str = "ocr", **spec: Any) -> None:
        """Applies an OCRBackend with the builtin models: those need no volume."""
        spec = {"ocrVersion": "PP-OCRv6", "models": {"source": "Builtin"}} | spec
        spec.setdefault("variants", [{"language": "ch", "modelType": "mobile"}])
        metadata = {"name": name, "namespace": self.namespace}
        body = {
            "apiVersion": "ocrbackend.io/v1alpha1",
            "kind": "OCRBackend",
            "metadata": metadata,
            "spec": spec,
        }
        self.cluster.apply(body)

    def get(self, *what: str) -> Any:
        """`kubectl get` in the namespace."""
        return self.cluster.get(*what, f"--namespace={self.namespace}")

    def kubectl(self, *arguments: str, **more: Any) -> str:
        """kubectl in the namespace."""
        return self.cluster.kubectl(*arguments, f"--namespace={self.namespace}", **more)

    def condition(self, kind: str = "Ready", name: str = "ocr") -> dict[str, Any]:
        """A condition that speaks of the OCRBackend as it is now; else an empty dict."""
        backend = self.get(KIND, name)
        for one in backend.get("status", {}).get("conditions", []):
            if one["type"] == kind and one["observedGeneration"] == backend["metadata"]["generation"]:
                return dict(one)
        return {}

    def wait_for(self, status: str, reason: str, kind: str = "Ready", name: str = "ocr") -> dict[str, Any]:
        """The condition, once it is as said."""

        def there() -> dict[str, Any]:
            found = self.condition(kind, name)
            return found if (found.get("status"), found.get("reason")) == (status, reason) else {}

        return self.cluster.wait(
            there, f"{kind} {status} {reason} of {name} (now {self.condition(kind, name)})"
        )

    def names(self, kind: str) -> set[str]:
        """Names of the operator's children of a kind."""
        found = self.get(kind, "--selector=app.kubernetes.io/managed-by=ocr-operator")
        return {one["metadata"]["name"] for one in found.get("items", [])}

    def versions(self) -> dict[str, str]:
        """resourceVersion of the OCRBackends and all their children."""
        children = "deployments,services,horizontalpodautoscalers,poddisruptionbudgets,networkpolicies"
        kinds = f"{KIND},{children},persistentvolumeclaims"
        found = self.get(kinds).get("items", [])
        return {
            f"{one['kind']}/{one['metadata']['name']}": one["metadata"]["resourceVersion"] for one in found
        }

    def settle(self, operator: Operator, kind: str = "deployment") -> None:
        """Waits until all that has happened is answered: a look that begins after it has ended.

        Annotates the children of a kind to bring one about; a Deployment counts that as a new generation.
        """
        looks = operator.metric("controller_runtime_reconcile_total")
        self.kubectl("annotate", kind, "--all", "--overwrite", f"test/look={looks}")
        self.cluster.wait(
            lambda: (
                operator.metric("controller_runtime_reconcile_total") > looks
                and operator.metric("workqueue_depth") == 0
            ),
            "the operator to have looked",
        )

    def requests(self, user: str) -> list[dict[str, Any]]:
        """What a user has asked of the API server, from its audit log."""
        lines = self.cluster.audit_log.read_text("utf-8").splitlines()
        entries = [json.loads(line) for line in lines]
        # Who is refused with 401 has no name.
        own = (one for one in entries if one["user"].get("username") == user)
        return [one for one in own if one["stage"] == "ResponseComplete"]


@pytest.fixture(scope="session")
def crd_installed(light_cluster: Cluster) -> None:
    install_crd(light_cluster, crd())


@pytest.fixture(scope="session")
def release_of(light_cluster: Cluster, crd_installed: None) -> Callable[[str], Release]:
    """`release_of(namespace)`: a namespace that the test makes and removes itself."""
    return lambda namespace: Release(light_cluster, namespace)


def _install(cluster: Cluster, namespace: str, *values: str) -> None:
    """Installs the chart; its operator's pod runs on a fake node, so it does nothing."""
    sets = [word for value in ("crds.install=false", *values) for word in ("--set", value)]
    cluster.helm("install", "ocr", str(CHART), "--namespace", namespace, *sets)


@pytest.fixture
def release(light_cluster: Cluster, crd_installed: None, restricted_namespace: str) -> Iterator[Release]:
    """A namespace for a test's OCRBackends, which refuses pods that break the restricted standard."""
    namespace = restricted_namespace
    yield Release(light_cluster, namespace)
    # A deleted namespace keeps its pods for some seconds more, without Deployments they go at once.
    light_cluster.kubectl(
        "delete", f"{KIND},deployments,jobs", "--all", f"--namespace={namespace}", "--wait=false"
    )
    light_cluster.wait(
        lambda: not light_cluster.get("pods", f"--namespace={namespace}").get("items"), "no pods"
    )


@pytest.fixture(scope="session")
def service_monitors(light_cluster: Cluster) -> None:
    """The cluster has the Prometheus operator's API."""
    light_cluster.kubectl("apply", "--server-side", "--filename", str(service_monitor_crd()))
    light_cluster.kubectl("wait", "--for=condition=Established", "crd/servicemonitors.monitoring.coreos.com")


@pytest.fixture(scope="module")
def operator(
    light_cluster: Cluster, crd_installed: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Operator]:
    """One operator for the namespaces of all tests of a module."""
    namespace = f"operator-{uuid.uuid4().hex[:8]}"
    light_cluster.kubectl("create", "namespace", namespace)
    values = ("backends=null", "operator.watch.allNamespaces=true", "operator.surgeWaitSeconds=1")
    _install(light_cluster, namespace, *values)
    with running_operator(light_cluster, namespace, tmp_path_factory.mktemp("operator")) as found:
        yield found
    light_cluster.helm("uninstall", "ocr", "--namespace", namespace)
    light_cluster.kubectl("delete", "namespace", namespace, "--wait=false")


@pytest.fixture
def install(release: Release) -> Callable[..., None]:
    """`install(values, …)`: the chart in the test's own namespace; none but this test's operator may run."""
    return lambda *values: _install(release.cluster, release.namespace, *values)


@pytest.fixture
def started(release: Release, tmp_path: Path) -> Callable[..., AbstractContextManager[Operator]]:
    """`with started(…) as operator`: runs the operator of the chart in the test's namespace."""

    def make(*arguments: str, **more: Any) -> AbstractContextManager[Operator]:
        return running_operator(release.cluster, release.namespace, tmp_path, *arguments, **more)

    return make


@pytest.fixture
def relay(release: Release) -> Iterator[ApiRelay]:
    """What stands between an operator and the API server, and passes everything on until told otherwise."""
    with serving(ApiRelay(release.cluster.server)) as found:
        yield found
