"""A namespace of the real node in which models are fetched: as a user looks at it, and as a saboteur does."""

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from ocr_cluster import loading
from ocr_cluster.cluster import Cluster
from ocr_cluster.errors import ClusterError
from plugin import kubectl_ocr

IMAGE = Path(__file__).parents[1] / "data/images/ls_image.jpeg"
TEXT = "Kenapa Harus Punya IMB?"
"""A line of the image."""

FETCHERS = "ocrbackend.io/models"
"""Label of Jobs that fetch, and of their pods."""

_SMALL = {"requests": {"cpu": "20m", "memory": "64Mi"}, "limits": {"memory": "1Gi"}}
_OPERATOR = "--selector=app.kubernetes.io/name=ocr-backend-operator"

Json = dict[str, Any]


class Place:
    """The namespace. `killed`: containers that `kill` has ended; the API may tell of them a moment longer."""

    def __init__(self, cluster: Cluster, namespace: str) -> None:
        self.cluster, self.namespace = cluster, namespace
        self.killed: set[str] = set()

    def apply(
        self, name: str, hub: str, variant: Json | None = None, env: Json | None = None, **models: Any
    ) -> None:
        """An OCRBackend that fetches from a hub ("" = none), with variables of its own."""
        variables = [{"name": one, "value": value} for one, value in (env or {}).items()]
        spec = {
            "ocrVersion": "PP-OCRv6",
            "options": {"useTextlineOrientation": False, "extraEnv": variables},
            "variants": [{"language": "ch", "modelType": "mobile", "resources": _SMALL} | (variant or {})],
            "models": {"source": "Hub"} | ({"mirror": hub} if hub else {}) | models,
        }
        metadata = {"name": name, "namespace": self.namespace}
        kind = {"apiVersion": "ocrbackend.io/v1alpha1", "kind": "OCRBackend"}
        self.cluster.apply(kind | {"metadata": metadata, "spec": spec})

    def get(self, *what: str) -> Any:
        """`kubectl get` in the namespace."""
        return self.cluster.get(*what, f"--namespace={self.namespace}")

    def items(self, *what: str) -> list[Json]:
        """The same for a list."""
        return list(self.get(*what).get("items", []))

    def kubectl(self, *words: str) -> str:
        """What kubectl says in the namespace."""
        return self.cluster.kubectl(f"--namespace={self.namespace}", *words)

    def variant(self, name: str) -> Json:
        """What the status tells of the only variant; empty until it speaks of this generation."""
        backend = self.get("ocrb", name)
        status = backend.get("status", {})
        is_new = status.get("observedGeneration") == backend.get("metadata", {}).get("generation")
        return dict(status["variants"][0]) if is_new else {}

    def wait(self, name: str, condition: Callable[[Json], Any], what: str) -> Json:
        """What the status tells of the variant once it is so."""
        return self.cluster.wait(
            lambda: found if condition(found := self.variant(name)) else {},
            f"{name} {what} (now {self.variant(name)})",
            180,
        )

    def wait_for(self, name: str, reason: str) -> Json:
        """The same once it has a reason."""
        return self.wait(name, lambda found: found.get("reason") == reason, f"to be {reason}")

    def claim(self, name: str, **spec: Any) -> None:
        """A volume that the user brings."""
        asked = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
        metadata = {"name": name, "namespace": self.namespace}
        self.cluster.apply(
            {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": asked | spec}
        )

    def read(self, name: str) -> list[str]:
        """Lines that an OCRBackend reads in the image."""
        said = kubectl_ocr(self.cluster, "predict", name, str(IMAGE), f"--namespace={self.namespace}")
        if said.returncode:
            raise ClusterError(said.stderr)
        return said.stdout.splitlines()

    def fetcher(self, name: str) -> Json:
        """The pod that fetches for an OCRBackend, and runs."""

        def running() -> Json:
            for pod in self.items("pods", f"--selector=app.kubernetes.io/instance={name},{FETCHERS}"):
                [container] = pod["status"].get("containerStatuses") or [{}]
                is_running = "running" in container.get("state", {})
                if is_running and "deletionTimestamp" not in pod["metadata"] and _id(pod) not in self.killed:
                    return dict(pod)
            return {}

        return self.cluster.wait(running, f"a pod that fetches for {name}", 120)

    def wait_for_bytes(self, count: int) -> None:
        """Until so many bytes of models are on the volume."""
        self.cluster.wait(lambda: self._arrived() > count, f"{count} bytes to be kept")

    def _arrived(self) -> int:
        """Bytes of models that are on the volume, as the pods that fetch tell; small files count too."""
        told = [0]
        for pod in self.items("pods", f"--selector={FETCHERS}"):
            where = f"/api/v1/namespaces/{self.namespace}/pods/{pod['metadata']['name']}:9090/proxy/progress"
            with suppress(ClusterError):  # it has ended, or not begun
                told.append(json.loads(self.cluster.kubectl("get", f"--raw={where}"))["bytes"])
        return max(told)

    def kill(self, pod: Json) -> None:
        """Ends a pod's container without a warning; the kubelet starts it again, where there is the pod."""
        self.killed.add(_id(pod))
        with suppress(ClusterError):  # the kubelet was quicker
            loading.ctr(self.cluster, "tasks", "kill", "--signal=SIGKILL", _id(pod))

    def stop_operator(self) -> None:
        """Nobody looks from now on."""
        self.kubectl("scale", "deployment", "--replicas=0", _OPERATOR)
        self.kubectl("wait", "--for=delete", "pod", _OPERATOR)

    def start_operator(self) -> None:
        """Somebody looks again."""
        self.kubectl("scale", "deployment", "--replicas=1", _OPERATOR)


def _id(pod: Json) -> str:
    [container] = pod["status"]["containerStatuses"]
    return str(container["containerID"].removeprefix("containerd://"))


def kill_container(place: Place, name: str) -> None:
    """The kubelet starts it again."""
    place.kill(place.fetcher(name))


def delete_pod(place: Place, name: str) -> None:
    """The Job makes another."""
    _delete_pod(place, place.fetcher(name))


def delete_job(place: Place, name: str) -> None:
    """The operator makes another."""
    pod = place.fetcher(name)
    place.kubectl("delete", "job", f"--selector=app.kubernetes.io/instance={name}", "--wait=false")
    _delete_pod(place, pod)


def _delete_pod(place: Place, pod: Json) -> None:
    now = ("--force", "--grace-period=0", "--wait=false", "--ignore-not-found")
    place.kubectl("delete", "pod", pod["metadata"]["name"], *now)
    place.kill(pod)
