"""A namespace of the real node in which models are downloaded: what a user can do, and what can go wrong."""

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

DOWNLOAD_LABEL = "ocrbackend.io/models"
"""Label of download Jobs and their pods."""

_SMALL = {"requests": {"cpu": "20m", "memory": "64Mi"}, "limits": {"memory": "1Gi"}}
_OPERATOR = "--selector=app.kubernetes.io/name=ocr-backend-operator"

Json = dict[str, Any]


class DownloadSite:
    """The namespace. `killed`: containers that `kill` has ended; the API may still report them as running."""

    def __init__(self, cluster: Cluster, namespace: str) -> None:
        self.cluster, self.namespace = cluster, namespace
        self.killed: set[str] = set()

    def apply(
        self, name: str, hub: str, variant: Json | None = None, env: Json | None = None, **models: Any
    ) -> None:
        """Applies an OCRBackend that downloads from this hub (empty: the default), with extra variables."""
        variables = [{"name": variable, "value": value} for variable, value in (env or {}).items()]
        spec = {
            "ocrVersion": "PP-OCRv6",
            "options": {"useTextlineOrientation": False},
            "env": variables,
            "variants": [
                {"name": "ch-mobile", "language": "ch", "modelType": "mobile", "resources": _SMALL}
                | (variant or {})
            ],
            "models": {"source": "Hub"} | ({"mirror": hub} if hub else {}) | models,
        }
        metadata = {"name": name, "namespace": self.namespace}
        kind = {"apiVersion": "ocrbackend.io/v1alpha1", "kind": "OCRBackend"}
        self.cluster.apply(kind | {"metadata": metadata, "spec": spec})

    def get(self, *arguments: str) -> Any:
        """The result of `kubectl get` in the namespace."""
        return self.cluster.get(*arguments, f"--namespace={self.namespace}")

    def items(self, *arguments: str) -> list[Json]:
        """The items of a list."""
        return list(self.get(*arguments).get("items", []))

    def kubectl(self, *arguments: str) -> str:
        """The output of kubectl in the namespace."""
        return self.cluster.kubectl(f"--namespace={self.namespace}", *arguments)

    def variant(self, name: str) -> Json:
        """The status of the only variant; empty until it is of the present generation."""
        backend = self.get("ocrb", name)
        status = backend.get("status", {})
        is_current = status.get("observedGeneration") == backend.get("metadata", {}).get("generation")
        return dict(status["variants"][0]) if is_current else {}

    def wait(self, name: str, condition: Callable[[Json], Any], description: str) -> Json:
        """The status of the variant when it meets the condition."""
        return self.cluster.wait(
            lambda: variant if condition(variant := self.variant(name)) else {},
            f"{name} {description} (now {self.variant(name)})",
            180,
        )

    def wait_for(self, name: str, reason: str) -> Json:
        """The status of the variant when it has this reason."""
        return self.wait(name, lambda variant: variant.get("reason") == reason, f"to be {reason}")

    def claim(self, name: str, **spec: Any) -> None:
        """Creates a claim, as a user does."""
        defaults = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
        metadata = {"name": name, "namespace": self.namespace}
        self.cluster.apply(
            {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "metadata": metadata,
                "spec": defaults | spec,
            }
        )

    def read(self, name: str) -> list[str]:
        """The text lines that an OCRBackend reads in the image."""
        result = kubectl_ocr(self.cluster, "predict", name, str(IMAGE), f"--namespace={self.namespace}")
        if result.returncode:
            raise ClusterError(result.stderr)
        return result.stdout.splitlines()

    def download_pod(self, name: str) -> Json:
        """The running pod that downloads for an OCRBackend."""

        def running() -> Json:
            for pod in self.items("pods", f"--selector=app.kubernetes.io/instance={name},{DOWNLOAD_LABEL}"):
                [container] = pod["status"].get("containerStatuses") or [{}]
                is_running = "running" in container.get("state", {})
                if is_running and "deletionTimestamp" not in pod["metadata"] and _id(pod) not in self.killed:
                    return dict(pod)
            return {}

        return self.cluster.wait(running, f"a pod that downloads for {name}", 120)

    def wait_for_bytes(self, count: int) -> None:
        """Waits until more than this number of bytes of models are on the volume."""
        self.cluster.wait(lambda: self._received_bytes() > count, f"{count} bytes to be on the volume")

    def _received_bytes(self) -> int:
        """Bytes of models on the volume, as the download pods report them."""
        reports = [0]
        for pod in self.items("pods", f"--selector={DOWNLOAD_LABEL}"):
            path = f"/api/v1/namespaces/{self.namespace}/pods/{pod['metadata']['name']}:9090/proxy/progress"
            with suppress(ClusterError):  # the pod has ended, or not started
                reports.append(json.loads(self.cluster.kubectl("get", f"--raw={path}"))["bytes"])
        return max(reports)

    def kill(self, pod: Json) -> None:
        """Kills a pod's container; the kubelet restarts it if the pod still exists."""
        self.killed.add(_id(pod))
        with suppress(ClusterError):  # the kubelet has removed it meanwhile
            loading.ctr(self.cluster, "tasks", "kill", "--signal=SIGKILL", _id(pod))

    def stop_operator(self) -> None:
        """Scales the operator to zero, and waits until it has ended."""
        self.kubectl("scale", "deployment", "--replicas=0", _OPERATOR)
        self.kubectl("wait", "--for=delete", "pod", _OPERATOR)

    def start_operator(self) -> None:
        """Scales the operator to one."""
        self.kubectl("scale", "deployment", "--replicas=1", _OPERATOR)


def _id(pod: Json) -> str:
    [container] = pod["status"]["containerStatuses"]
    return str(container["containerID"].removeprefix("containerd://"))


def kill_container(site: DownloadSite, name: str) -> None:
    """Kills the container of a download; the kubelet restarts it."""
    site.kill(site.download_pod(name))


def delete_pod(site: DownloadSite, name: str) -> None:
    """Deletes the pod of a download; the Job creates another."""
    _delete_pod(site, site.download_pod(name))


def delete_job(site: DownloadSite, name: str) -> None:
    """Deletes a download Job; the operator creates another."""
    pod = site.download_pod(name)
    site.kubectl("delete", "job", f"--selector=app.kubernetes.io/instance={name}", "--wait=false")
    _delete_pod(site, pod)


def _delete_pod(site: DownloadSite, pod: Json) -> None:
    options = ("--force", "--grace-period=0", "--wait=false", "--ignore-not-found")
    site.kubectl("delete", "pod", pod["metadata"]["name"], *options)
    site.kill(pod)
