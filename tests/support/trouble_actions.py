"""Actions that cause and repair troubles on the light cluster; `troubles` combines them.

KWOK's nodes run nothing, so these actions write what a kubelet would report into the status of pods.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from ocr_cluster.cluster import Cluster
from prometheus_crds import service_monitor_crd

CHINESE = {"name": "ch-mobile", "language": "ch", "modelType": "mobile"}
Json = dict[str, Any]
Action = Callable[[Cluster, str], None]


def no_action(cluster: Cluster, namespace: str) -> None:
    """Does nothing."""


def backend(namespace: str, **spec: Any) -> Json:
    """OCRBackend `ocr` with one variant and the builtin models, which need no volume."""
    full_spec = {"ocrVersion": "PP-OCRv6", "models": {"source": "Builtin"}, "variants": [CHINESE]} | spec
    return {
        "apiVersion": "ocrbackend.io/v1alpha1",
        "kind": "OCRBackend",
        "metadata": {"name": "ocr", "namespace": namespace},
        "spec": full_spec,
    }


def only_pod(cluster: Cluster, namespace: str) -> Json:
    """The only pod of the namespace; waits until it exists."""
    pods = cluster.wait(
        lambda: cluster.get("pods", f"--namespace={namespace}").get("items"), f"a pod in {namespace}"
    )
    return dict(pods[0])


def container_state(
    state: Json,
    last: Json | None = None,
    restarts: int = 0,
    ready: bool = False,
    ready_condition: Json | None = None,
) -> Action:
    """Writes the state of the container, and that the pod is not ready, as a kubelet does.

    `ready_condition`: further fields of the pod's condition Ready.
    """

    def action(cluster: Cluster, namespace: str) -> None:
        cluster.wait(
            lambda: any(
                condition["type"] == "Ready" and condition["status"] == "True"
                for condition in only_pod(cluster, namespace).get("status", {}).get("conditions", [])
            ),
            f"KWOK to make the pod in {namespace} ready",
        )
        [container] = only_pod(cluster, namespace)["status"]["containerStatuses"]
        status = container | {
            "ready": False,
            "state": state,
            "lastState": last or {},
            "restartCount": restarts,
        }
        conditions = [
            {"type": "Ready", "status": "False", **(ready_condition or {})},
            {"type": "ContainersReady", "status": str(ready)},
        ]
        _patch_status(cluster, namespace, {"containerStatuses": [status], "conditions": conditions})

    return action


def evicted(message: str) -> Action:
    """Writes the status of a pod that the kubelet has evicted."""

    def action(cluster: Cluster, namespace: str) -> None:
        cluster.wait(
            lambda: only_pod(cluster, namespace).get("status", {}).get("phase") == "Running",
            f"KWOK to start the pod in {namespace}",
        )
        time = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        condition = {"type": "DisruptionTarget", "status": "True", "reason": "TerminationByKubelet"}
        conditions = [condition | {"lastTransitionTime": time, "message": message}]
        status = {"phase": "Failed", "reason": "Evicted", "message": message, "conditions": conditions}
        _patch_status(cluster, namespace, status)

    return action


def _patch_status(cluster: Cluster, namespace: str, status: Json) -> None:
    pod = only_pod(cluster, namespace)["metadata"]["name"]
    patch = json.dumps({"status": status})
    options = ("--subresource=status", f"--namespace={namespace}", f"--patch={patch}")
    cluster.kubectl("patch", "pod", pod, *options)


def waiting_container(reason: str, message: str = "") -> Action:
    """The container waits for this reason."""
    return container_state({"waiting": {"reason": reason, "message": message}})


def ended_container(code: int, message: str, reason: str = "Error") -> Action:
    """The container has ended three times and waits for its restart."""
    times = {"startedAt": "2026-11-23T11:59:00Z", "finishedAt": "2026-11-23T12:00:00Z"}
    ended = {"terminated": {"exitCode": code, "reason": reason, "message": message, **times}}
    return container_state({"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}}, ended, 2)


def new_pod(cluster: Cluster, namespace: str) -> None:
    """Deletes the failing pod, so that a new one is created."""
    cluster.kubectl("delete", "pods", "--all", "--force", "--wait=false", f"--namespace={namespace}")


def applied_spec(**spec: Any) -> Action:
    """Applies the OCRBackend with this spec."""
    return lambda cluster, namespace: cluster.apply(backend(namespace, **spec))


def created_object(kind: str, name: str, api_version: str = "v1", **fields: Any) -> Action:
    """Creates an object in the namespace."""

    def action(cluster: Cluster, namespace: str) -> None:
        metadata = {"name": name, "namespace": namespace}
        cluster.apply({"apiVersion": api_version, "kind": kind, "metadata": metadata, **fields})

    return action


def deleted_object(*arguments: str) -> Action:
    """Deletes an object, and edits the spec, since refused controllers retry late."""

    def action(cluster: Cluster, namespace: str) -> None:
        cluster.kubectl("delete", *arguments, f"--namespace={namespace}")
        cluster.apply(backend(namespace, options={"scoreThreshold": "0.6"}))

    return action


_LOADING = """
conditions: [{type: Ready, status: "False"}, {type: ContainersReady, status: "False"}]
containerStatuses:
{{ range .spec.containers }}
- {name: {{ .name }}, image: {{ .image | Quote }}, ready: false, restartCount: 0, state: {running: {}}}
{{ end }}
phase: Running
"""


def never_ready(cluster: Cluster, namespace: str) -> None:
    """Creates a KWOK stage that keeps running pods not ready; its weight is above that of KWOK's stages."""
    in_namespace = {"key": ".metadata.namespace", "operator": "In", "values": [namespace]}
    pending = {"key": ".status.phase", "operator": "In", "values": ["Pending"]}
    stage = {
        "resourceRef": {"apiGroup": "v1", "kind": "Pod"},
        "selector": {"matchExpressions": [in_namespace, pending]},
        "weight": 1,
        "next": {"statusTemplate": _LOADING},
    }
    metadata = {"name": namespace}
    cluster.apply(
        {"apiVersion": "kwok.x-k8s.io/v1alpha1", "kind": "Stage", "metadata": metadata, "spec": stage}
    )


def ready_again(cluster: Cluster, namespace: str) -> None:
    """Deletes that stage, and creates a new pod."""
    cluster.kubectl("delete", "stage", namespace)
    new_pod(cluster, namespace)


def endless_downloads(cluster: Cluster, namespace: str) -> None:
    """Creates a KWOK stage that keeps pods of Jobs running longer than the test."""
    in_namespace = {"key": ".metadata.namespace", "operator": "In", "values": [namespace]}
    running = {"key": ".status.phase", "operator": "In", "values": ["Running"]}
    stage = {
        "resourceRef": {"apiGroup": "v1", "kind": "Pod"},
        "selector": {"matchExpressions": [in_namespace, running]},
        "weight": 1,
        "delay": {"durationMilliseconds": 3_600_000},
        "next": {"statusTemplate": ""},
    }
    metadata = {"name": namespace}
    cluster.apply(
        {"apiVersion": "kwok.x-k8s.io/v1alpha1", "kind": "Stage", "metadata": metadata, "spec": stage}
    )


def finished_downloads(cluster: Cluster, namespace: str) -> None:
    """Deletes that stage: the container runs again, and succeeds this time."""
    cluster.kubectl("delete", "stage", namespace)
    [container] = only_pod(cluster, namespace)["status"]["containerStatuses"]
    running = container | {"ready": True, "state": {"running": {}}}
    _patch_status(cluster, namespace, {"containerStatuses": [running]})


def with_service_monitors(cluster: Cluster, namespace: str) -> None:
    """Installs the CRD of ServiceMonitor, which the cluster must not have before."""
    cluster.kubectl("apply", "--server-side", "--filename", str(service_monitor_crd()))


def volume_not_attached(cluster: Cluster, namespace: str) -> None:
    """The Event of the attach-detach controller for a volume that another node uses."""
    waiting_container("ContainerCreating")(cluster, namespace)
    pod = only_pod(cluster, namespace)["metadata"]
    involved_object = {
        "apiVersion": "v1",
        "kind": "Pod",
        "namespace": namespace,
        "name": pod["name"],
        "uid": pod["uid"],
    }
    created_object(
        "Event",
        f"{pod['name']}.1",
        involvedObject=involved_object,
        type="Warning",
        reason="FailedAttachVolume",
        message='Multi-Attach error for volume "pvc-1": Volume is already used by pod(s) other',
        lastTimestamp="2026-11-23T12:00:00Z",
    )(cluster, namespace)
