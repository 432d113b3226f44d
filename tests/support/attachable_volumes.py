"""Network volumes on the light cluster that only one node can use at a time, like disks of a cloud.

The controller manager's own attach-detach controller creates and deletes the VolumeAttachments, and refuses
the second node. Three named stand-ins answer it: KWOK's stages `…-provisioner` (creates the volume of a claim
once a pod uses it) and `…-attacher` (reports volumes as attached), and `Kubelets` (a pod runs once its volume
is attached to its node).
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from ocr_cluster.cluster import Cluster
from ocr_cluster.errors import ClusterError

Json = dict[str, Any]

DRIVER = "disks.example.com"
STORAGE_CLASS = "disks"
_ATTACHED = "test.example.com/volumes-attached"
_POLL_SECONDS = 0.5
_VOLUME = """
apiVersion: v1
kind: PersistentVolume
metadata:
  name: pvc-{{ .metadata.uid }}
  annotations: {pv.kubernetes.io/provisioned-by: DRIVER}
spec:
  accessModes: [{{ index .spec.accessModes 0 }}]
  capacity: {storage: {{ .spec.resources.requests.storage }}}
  persistentVolumeReclaimPolicy: Retain
  storageClassName: {{ .spec.storageClassName }}
  csi: {driver: DRIVER, volumeHandle: {{ .metadata.uid }}}
  claimRef:
    apiVersion: v1
    kind: PersistentVolumeClaim
    name: {{ .metadata.name }}
    namespace: {{ .metadata.namespace }}
    uid: {{ .metadata.uid }}
""".replace("DRIVER", DRIVER)

_CREATING = """
phase: Pending
containerStatuses:
{{ range .spec.containers }}
- name: {{ .name }}
  image: {{ .image | Quote }}
  ready: false
  restartCount: 0
  state: {waiting: {reason: ContainerCreating}}
{{ end }}
"""


def _expression(key: str, operator: str, *values: str) -> Json:
    return {"key": key, "operator": operator} | ({"values": list(values)} if values else {})


def _stage(name: str, api_group: str, kind: str, expressions: list[Json], **spec: Any) -> Json:
    return {
        "apiVersion": "kwok.x-k8s.io/v1alpha1",
        "kind": "Stage",
        "metadata": {"name": name},
        "spec": {
            "resourceRef": {"apiGroup": api_group, "kind": kind},
            "selector": {"matchExpressions": expressions},
            **spec,
        },
    }


def _stages(namespace: str) -> list[Json]:
    """The stand-ins, as KWOK runs them."""
    selected_node = '.metadata.annotations["volume.kubernetes.io/selected-node"]'
    claim = [
        _expression(".spec.storageClassName", "In", STORAGE_CLASS),
        _expression(selected_node, "Exists"),
        _expression(".spec.volumeName", "DoesNotExist"),
    ]
    attachment = [
        _expression(".spec.attacher", "In", DRIVER),
        _expression(".status.attached", "NotIn", "true"),
    ]
    attach = {"subresource": "status", "root": "status", "template": "attached: true"}
    return [
        _stage(
            f"{namespace}-provisioner",
            "v1",
            "PersistentVolumeClaim",
            claim,
            steps=[{"apply": {"template": _VOLUME}}],
        ),
        _stage(
            f"{namespace}-attacher",
            "storage.k8s.io/v1",
            "VolumeAttachment",
            attachment,
            steps=[{"patch": attach}],
        ),
        *_pod_stages(namespace),
    ]


def _pod_stages(namespace: str) -> list[Json]:
    """Pods are in creation until `Kubelets` marks them; KWOK's own stage then makes them ready."""
    waiting = [
        _expression(".metadata.namespace", "In", namespace),
        _expression(".status.phase", "In", "Pending"),
        _expression(f'.metadata.annotations["{_ATTACHED}"]', "DoesNotExist"),
        _expression(".metadata.deletionTimestamp", "DoesNotExist"),
    ]
    statuses = ".status.containerStatuses"
    new, creating = ([*waiting, _expression(statuses, operator)] for operator in ("DoesNotExist", "Exists"))
    # It wins over KWOK's own stage, and does nothing for longer than a test.
    hold: Json = {"delay": {"durationMilliseconds": 3_600_000}, "next": {"statusTemplate": ""}}
    return [
        _stage(f"{namespace}-new", "v1", "Pod", new, weight=1, next={"statusTemplate": _CREATING}),
        _stage(f"{namespace}-creating", "v1", "Pod", creating, weight=1, **hold),
    ]


def _storage() -> list[Json]:
    driver: Json = {"apiVersion": "storage.k8s.io/v1", "kind": "CSIDriver", "metadata": {"name": DRIVER}}
    of_disks: Json = {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": STORAGE_CLASS},
    }
    return [
        driver | {"spec": {"attachRequired": True, "podInfoOnMount": False}},
        of_disks | {"provisioner": DRIVER, "volumeBindingMode": "WaitForFirstConsumer"},
    ]


@dataclass
class Kubelets:
    """Lets each pod of a namespace run once all its volumes are attached to its node.

    `least_ready`: the fewest ready pods of each variant since `reset`, or since its first pod was ready.
    """

    cluster: Cluster
    namespace: str
    least_ready: dict[str, int] = field(default_factory=dict)
    _served: set[str] = field(default_factory=set)

    def reset(self) -> None:
        """Counts from now on."""
        self.least_ready = {}

    def poll(self) -> None:
        """Looks at all pods of the namespace once."""
        objects = self.cluster.get("pods,persistentvolumeclaims", f"--namespace={self.namespace}").get(
            "items", []
        )
        volumes = {
            each["metadata"]["name"]: each["spec"].get("volumeName")
            for each in objects
            if each["kind"] == "PersistentVolumeClaim"
        }
        pods = [each for each in objects if each["kind"] == "Pod"]
        self._count(pods)
        attached = self.attached()
        for pod in (each for each in pods if _is_waiting(each)):
            node = pod["spec"]["nodeName"]
            if all((volumes.get(claim), node) in attached for claim in _claims(pod)):
                self._start(pod["metadata"]["name"])

    def attached(self) -> set[tuple[str, str]]:
        """Volume and node of each attached volume of the cluster."""
        attachments = self.cluster.get("volumeattachments").get("items", [])
        return {
            (each["spec"]["source"]["persistentVolumeName"], each["spec"]["nodeName"])
            for each in attachments
            if each.get("status", {}).get("attached")
        }

    def _start(self, pod: str) -> None:
        try:
            self.cluster.kubectl(
                "annotate", "pod", pod, f"{_ATTACHED}=true", "--overwrite", f"--namespace={self.namespace}"
            )
        except ClusterError as error:
            # The pod was deleted meanwhile.
            if "not found" not in str(error).lower():
                raise

    def _count(self, pods: list[Json]) -> None:
        ready: dict[str, int] = {}
        for pod in pods:
            if variant := pod["metadata"]["labels"].get("ocrbackend.io/variant"):
                ready[variant] = ready.get(variant, 0) + _is_ready(pod)
        self._served |= {variant for variant, number in ready.items() if number}
        for variant in self._served:
            number = ready.get(variant, 0)
            self.least_ready[variant] = min(number, self.least_ready.get(variant, number))


def _is_waiting(pod: Json) -> bool:
    metadata = pod["metadata"]
    is_marked = _ATTACHED in metadata.get("annotations", {}) or "deletionTimestamp" in metadata
    return not is_marked and bool(pod["spec"].get("nodeName"))


def _is_ready(pod: Json) -> bool:
    conditions = pod.get("status", {}).get("conditions", [])
    is_ready = any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)
    return is_ready and "deletionTimestamp" not in pod["metadata"]


def _claims(pod: Json) -> list[str]:
    volumes = pod["spec"].get("volumes", [])
    return [each["persistentVolumeClaim"]["claimName"] for each in volumes if "persistentVolumeClaim" in each]


@contextmanager
def attachable_volumes(cluster: Cluster, namespace: str) -> Iterator[Kubelets]:
    """The class `disks` and its stand-ins for the pods of a namespace, until the end of the context."""
    cluster.apply(*_storage(), *_stages(namespace))
    kubelets, stop = Kubelets(cluster, namespace), threading.Event()

    def poll() -> None:
        while not stop.wait(_POLL_SECONDS):
            try:
                kubelets.poll()
            except ClusterError as error:
                print(f"stand-in of the kubelets: {error}")

    thread = threading.Thread(target=poll, daemon=True)
    thread.start()
    try:
        yield kubelets
    finally:
        stop.set()
        thread.join()
        _remove(cluster, namespace)


def _remove(cluster: Cluster, namespace: str) -> None:
    names = [stage["metadata"]["name"] for stage in _stages(namespace)]
    cluster.kubectl("delete", "stage", *names, "--ignore-not-found")
    volumes = cluster.get("persistentvolumes").get("items", [])
    of_driver = [each for each in volumes if each["spec"].get("csi", {}).get("driver") == DRIVER]
    for volume in of_driver:
        cluster.kubectl("delete", "persistentvolume", volume["metadata"]["name"], "--wait=false")
