"""What brings troubles about on the light cluster, and what mends them; `troubles` puts them together.

What only a node can say is written into the pod's status, in a kubelet's words: nothing runs on KWOK's nodes.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from ocr_cluster.cluster import Cluster
from ocr_cluster.errors import ClusterError
from prometheus_crds import service_monitor_crd

CHINESE = {"language": "ch", "modelType": "mobile"}
Json = dict[str, Any]
Act = Callable[[Cluster, str], None]


def nothing(cluster: Cluster, namespace: str) -> None:
    """Leaves it to the spec."""


def backend(namespace: str, **spec: Any) -> Json:
    """OCRBackend `ocr` with one variant and the builtin models, which need no volume."""
    filled = {"ocrVersion": "PP-OCRv6", "models": {"source": "Builtin"}, "variants": [CHINESE]} | spec
    return {
        "apiVersion": "ocrbackend.io/v1alpha1",
        "kind": "OCRBackend",
        "metadata": {"name": "ocr", "namespace": namespace},
        "spec": filled,
    }


def the_pod(cluster: Cluster, namespace: str) -> Json:
    """The only pod of the namespace, once it is there."""
    found = cluster.wait(
        lambda: cluster.get("pods", f"--namespace={namespace}").get("items"), f"a pod in {namespace}"
    )
    return dict(found[0])


def says(state: Json, last: Json | None = None, restarts: int = 0, ready: bool = False) -> Act:
    """Writes what a kubelet would: the container's state, and that the pod is not ready."""

    def act(cluster: Cluster, namespace: str) -> None:
        cluster.wait(
            lambda: any(
                one["type"] == "Ready" and one["status"] == "True"
                for one in the_pod(cluster, namespace).get("status", {}).get("conditions", [])
            ),
            f"KWOK to have made the pod in {namespace} ready",
        )
        [container] = the_pod(cluster, namespace)["status"]["containerStatuses"]
        told = container | {"ready": False, "state": state, "lastState": last or {}, "restartCount": restarts}
        conditions = [
            {"type": "Ready", "status": "False"},
            {"type": "ContainersReady", "status": str(ready)},
        ]
        _patch_status(cluster, namespace, {"containerStatuses": [told], "conditions": conditions})

    return act


def evicted(message: str) -> Act:
    """Writes what a kubelet does that has ended a pod to spare its node."""

    def act(cluster: Cluster, namespace: str) -> None:
        cluster.wait(
            lambda: the_pod(cluster, namespace).get("status", {}).get("phase") == "Running",
            f"KWOK to have started the pod in {namespace}",
        )
        at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        told = {"type": "DisruptionTarget", "status": "True", "reason": "TerminationByKubelet"}
        conditions = [told | {"lastTransitionTime": at, "message": message}]
        gone = {"phase": "Failed", "reason": "Evicted", "message": message, "conditions": conditions}
        _patch_status(cluster, namespace, gone)

    return act


def _patch_status(cluster: Cluster, namespace: str, status: Json) -> None:
    pod = the_pod(cluster, namespace)["metadata"]["name"]
    patch = json.dumps({"status": status})
    where = ("--subresource=status", f"--namespace={namespace}", f"--patch={patch}")
    cluster.kubectl("patch", "pod", pod, *where)


def waits(reason: str, message: str = "") -> Act:
    """The container waits, for this reason."""
    return says({"waiting": {"reason": reason, "message": message}})


def ends(code: int, message: str, reason: str = "Error") -> Act:
    """Has ended three times, and waits to be started again."""
    at = {"startedAt": "2026-11-23T11:59:00Z", "finishedAt": "2026-11-23T12:00:00Z"}
    ended = {"terminated": {"exitCode": code, "reason": reason, "message": message, **at}}
    return says({"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}}, ended, 2)


def new_pod(cluster: Cluster, namespace: str) -> None:
    """A pod in place of the one that fails."""
    cluster.kubectl("delete", "pods", "--all", "--force", "--wait=false", f"--namespace={namespace}")


def specified(**spec: Any) -> Act:
    """Applies the OCRBackend with this spec."""
    return lambda cluster, namespace: cluster.apply(backend(namespace, **spec))


def made(kind: str, name: str, api_version: str = "v1", **more: Any) -> Act:
    """Makes an object in the namespace."""

    def act(cluster: Cluster, namespace: str) -> None:
        metadata = {"name": name, "namespace": namespace}
        cluster.apply({"apiVersion": api_version, "kind": kind, "metadata": metadata, **more})

    return act


def without(*what: str) -> Act:
    """Deletes it, and edits the spec: controllers that were refused try again late by themselves."""

    def act(cluster: Cluster, namespace: str) -> None:
        cluster.kubectl("delete", *what, f"--namespace={namespace}")
        cluster.apply(backend(namespace, options={"scoreThreshold": "0.6"}))

    return act


def no_pods_in_the_quota(cluster: Cluster, namespace: str) -> None:
    """A quota that counts already, and lets no pod in."""
    made("ResourceQuota", "small", spec={"hard": {"pods": "0"}})(cluster, namespace)
    cluster.wait(
        lambda: (
            cluster.get("resourcequota", "small", f"--namespace={namespace}").get("status", {}).get("used")
        ),
        "the quota to count",
    )


def no_pods_by_policy(cluster: Cluster, namespace: str) -> None:
    """An admission policy that lets no pod into the namespace."""
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}
    api = "admissionregistration.k8s.io/v1"
    here = {"matchLabels": {"kubernetes.io/metadata.name": namespace}}
    policy = {
        "failurePolicy": "Fail",
        "matchConstraints": {"resourceRules": [rule], "namespaceSelector": here},
        "validations": [{"expression": "false", "message": "no pods on Tuesdays"}],
    }
    binding = {"policyName": namespace, "validationActions": ["Deny"]}
    metadata = {"name": namespace}
    cluster.apply(
        {"apiVersion": api, "kind": "ValidatingAdmissionPolicy", "metadata": metadata, "spec": policy},
        {
            "apiVersion": api,
            "kind": "ValidatingAdmissionPolicyBinding",
            "metadata": metadata,
            "spec": binding,
        },
    )
    probe = ("create", "--dry-run=server", "--filename=-", f"--namespace={namespace}")
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "probe"}}
    container = {"name": "probe", "image": "probe"}
    cluster.wait(
        lambda: _is_refused(cluster, *probe, input=json.dumps(pod | {"spec": {"containers": [container]}})),
        "the policy to be enforced",
    )


def _is_refused(cluster: Cluster, *arguments: str, input: str) -> bool:
    try:
        cluster.kubectl(*arguments, input=input)
    except ClusterError as error:
        return "Tuesdays" in str(error)
    return False


def without_policy(cluster: Cluster, namespace: str) -> None:
    """Takes the admission policy away, and edits the spec as `without` does."""
    for kind in ("validatingadmissionpolicybinding", "validatingadmissionpolicy"):
        cluster.kubectl("delete", kind, namespace, "--ignore-not-found")
    cluster.apply(backend(namespace, options={"scoreThreshold": "0.6"}))


_LOADING = """
conditions: [{type: Ready, status: "False"}, {type: ContainersReady, status: "False"}]
containerStatuses:
{{ range .spec.containers }}
- {name: {{ .name }}, image: {{ .image | Quote }}, ready: false, restartCount: 0, state: {running: {}}}
{{ end }}
phase: Running
"""


def never_ready(cluster: Cluster, namespace: str) -> None:
    """A stage of KWOK by which the pods run and do not get ready; its weight beats that of KWOK's own."""
    here = {"key": ".metadata.namespace", "operator": "In", "values": [namespace]}
    pending = {"key": ".status.phase", "operator": "In", "values": ["Pending"]}
    stage = {
        "resourceRef": {"apiGroup": "v1", "kind": "Pod"},
        "selector": {"matchExpressions": [here, pending]},
        "weight": 1,
        "next": {"statusTemplate": _LOADING},
    }
    metadata = {"name": namespace}
    cluster.apply(
        {"apiVersion": "kwok.x-k8s.io/v1alpha1", "kind": "Stage", "metadata": metadata, "spec": stage}
    )


def ready_after_all(cluster: Cluster, namespace: str) -> None:
    """Without that stage, and with a new pod."""
    cluster.kubectl("delete", "stage", namespace)
    new_pod(cluster, namespace)


def fetching_takes_long(cluster: Cluster, namespace: str) -> None:
    """A stage of KWOK by which the pods of Jobs run on and do not complete, as far as a test lasts."""
    here = {"key": ".metadata.namespace", "operator": "In", "values": [namespace]}
    running = {"key": ".status.phase", "operator": "In", "values": ["Running"]}
    stage = {
        "resourceRef": {"apiGroup": "v1", "kind": "Pod"},
        "selector": {"matchExpressions": [here, running]},
        "weight": 1,
        "delay": {"durationMilliseconds": 3_600_000},
        "next": {"statusTemplate": ""},
    }
    metadata = {"name": namespace}
    cluster.apply(
        {"apiVersion": "kwok.x-k8s.io/v1alpha1", "kind": "Stage", "metadata": metadata, "spec": stage}
    )


def fetched_after_all(cluster: Cluster, namespace: str) -> None:
    """Without that stage: the kubelet starts the container again, and this time it ends well."""
    cluster.kubectl("delete", "stage", namespace)
    [container] = the_pod(cluster, namespace)["status"]["containerStatuses"]
    running = container | {"ready": True, "state": {"running": {}}}
    _patch_status(cluster, namespace, {"containerStatuses": [running]})


def with_service_monitors(cluster: Cluster, namespace: str) -> None:
    """The Prometheus operator's API, which the cluster has to be without before."""
    cluster.kubectl("apply", "--server-side", "--filename", str(service_monitor_crd()))


def not_mounted(cluster: Cluster, namespace: str) -> None:
    """As an attach-detach controller tells of a volume that another node holds."""
    waits("ContainerCreating")(cluster, namespace)
    pod = the_pod(cluster, namespace)["metadata"]
    about = {
        "apiVersion": "v1",
        "kind": "Pod",
        "namespace": namespace,
        "name": pod["name"],
        "uid": pod["uid"],
    }
    made(
        "Event",
        f"{pod['name']}.1",
        involvedObject=about,
        type="Warning",
        reason="FailedAttachVolume",
        message='Multi-Attach error for volume "pvc-1": Volume is already used by pod(s) other',
        lastTimestamp="2026-11-23T12:00:00Z",
    )(cluster, namespace)
