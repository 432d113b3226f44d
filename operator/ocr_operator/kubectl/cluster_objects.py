"""All that the cluster holds of one OCRBackend, as read through kubectl; what may not be read is named.

`why`, `table` and `bundle` look at it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ocr_operator.api.names import GROUP, INSTANCE_LABEL, PLURAL, SELECTOR, NamespacedName
from ocr_operator.kubectl.kubectl_program import Kubectl, KubectlError

Json = Mapping[str, Any]

BACKENDS = f"{PLURAL}.{GROUP}"
LABELLED = (
    "deployments",
    "replicasets",
    "pods",
    "services",
    "horizontalpodautoscalers",
    "poddisruptionbudgets",
    "networkpolicies",
    "persistentvolumeclaims",
    "jobs",
)
"""Kinds of children, found by label."""
ALL = ("events", "resourcequotas", "persistentvolumeclaims")
"""Kinds of the namespace that have a say in it."""


@dataclass(frozen=True)
class Found:
    """An OCRBackend and what belongs to it, by kind. `unread`: what kubectl said of those it cannot read."""

    backend: Json
    objects: Mapping[str, list[Any]]
    unread: Mapping[str, str]

    @property
    def key(self) -> NamespacedName:
        """Namespace and name."""
        return NamespacedName(self.backend["metadata"]["namespace"], self.backend["metadata"]["name"])

    def of(self, kind: str) -> list[Any]:
        """Objects of a kind."""
        return self.objects.get(kind, [])


def found(kubectl: Kubectl, name: str) -> Found:
    """What there is now.

    Raises:
        KubectlError: the OCRBackend is not there or cannot be read.
    """
    backend = kubectl.get(BACKENDS, name)
    if backend is None:
        others = ", ".join(one["metadata"]["name"] for one in kubectl.list(BACKENDS)) or "none"
        raise KubectlError(f"there is no OCRBackend {name} in this namespace; there are: {others}")
    objects: dict[str, list[Any]] = {}
    unread: dict[str, str] = {}
    for kind in dict.fromkeys((*LABELLED, *ALL)):
        selector = () if kind in ALL else (f"--selector={SELECTOR},{INSTANCE_LABEL}={name}",)
        try:
            objects[kind] = kubectl.list(kind, *selector)
        except KubectlError as error:
            unread[kind] = str(error)
    return Found(backend, _related(backend, objects), unread)


def _related(backend: Json, objects: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """Without the claims and events of other things in the namespace."""
    claims = {
        volume["persistentVolumeClaim"]["claimName"]
        for pod in objects.get("pods", [])
        for volume in pod["spec"].get("volumes") or []
        if volume.get("persistentVolumeClaim")
    }
    kept = [
        one
        for one in objects.get("persistentvolumeclaims", [])
        if one["metadata"]["name"] in claims or _is_ours(one, backend)
    ]
    objects = objects | {"persistentvolumeclaims": kept}
    children = [one for kind in LABELLED for one in objects.get(kind, [])]
    uids = {one["metadata"]["uid"] for one in (*children, backend)}
    events = [one for one in objects.get("events", []) if one["involvedObject"].get("uid") in uids]
    return objects | {"events": sorted(events, key=_last_time)}


def _is_ours(body: Json, backend: Json) -> bool:
    labels = body["metadata"].get("labels") or {}
    return bool(labels.get(INSTANCE_LABEL) == backend["metadata"]["name"])


def _last_time(event: Json) -> str:
    return event.get("lastTimestamp") or event.get("eventTime") or ""
