"""The objects of one OCRBackend in the cluster, read through kubectl.

`why`, `table` and `bundle` use them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ocr_operator.api.managed_kinds import MANAGED
from ocr_operator.api.names import GROUP, INSTANCE_LABEL, PLURAL, SELECTOR, NamespacedName
from ocr_operator.kubectl.kubectl_program import Kubectl, KubectlError
from ocr_operator.observed.warning_events import WarningEvent, warning_event

Json = Mapping[str, Any]

BACKENDS = f"{PLURAL}.{GROUP}"
LABELLED_KINDS = (
    *(managed.plural for managed in MANAGED if not managed.is_optional),
    "replicasets",
    "pods",
)
"""Kinds of managed objects, their ReplicaSets and pods; all but claims are selected by label."""
NAMESPACE_KINDS = ("events", "resourcequotas", "persistentvolumeclaims")
"""Kinds of which all objects in the namespace are read."""


@dataclass(frozen=True)
class ClusterObjects:
    """An OCRBackend and its objects by kind. `errors`: kubectl's error for each kind that it cannot read."""

    backend: Json
    by_kind: Mapping[str, list[Any]]
    errors: Mapping[str, str]

    @property
    def key(self) -> NamespacedName:
        """Namespace and name of the OCRBackend."""
        return NamespacedName(self.backend["metadata"]["namespace"], self.backend["metadata"]["name"])

    @property
    def status(self) -> Json:
        """Status of the OCRBackend; empty until an operator has written it."""
        return self.backend.get("status") or {}

    @property
    def warnings(self) -> list[WarningEvent]:
        """Events of type Warning about these objects, oldest first."""
        return [warning_event(event) for event in self.of_kind("events") if event.get("type") == "Warning"]

    def of_kind(self, kind: str) -> list[Any]:
        """Objects of a kind."""
        return self.by_kind.get(kind, [])


def read_backend(kubectl: Kubectl, name: str) -> Json:
    """The OCRBackend.

    Raises:
        KubectlError: the OCRBackend does not exist or cannot be read.
    """
    backend = kubectl.get(BACKENDS, name)
    if backend is None:
        existing = ", ".join(each["metadata"]["name"] for each in kubectl.list(BACKENDS)) or "none"
        raise KubectlError(f"OCRBackend {name} not found in this namespace; existing: {existing}")
    return backend


def read_objects(kubectl: Kubectl, name: str) -> ClusterObjects:
    """The OCRBackend and its objects.

    Raises:
        KubectlError: the OCRBackend does not exist or cannot be read.
    """
    backend = read_backend(kubectl, name)
    by_kind: dict[str, list[Any]] = {}
    errors: dict[str, str] = {}
    for kind in dict.fromkeys((*LABELLED_KINDS, *NAMESPACE_KINDS)):
        selector = () if kind in NAMESPACE_KINDS else (f"--selector={SELECTOR},{INSTANCE_LABEL}={name}",)
        try:
            by_kind[kind] = kubectl.list(kind, *selector)
        except KubectlError as error:
            errors[kind] = str(error)
    return ClusterObjects(backend, _related(backend, by_kind), errors)


def _related(backend: Json, by_kind: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """The objects without claims and events of other applications in the namespace."""
    claim_names = {
        volume["persistentVolumeClaim"]["claimName"]
        for pod in by_kind.get("pods", [])
        for volume in pod["spec"].get("volumes") or []
        if volume.get("persistentVolumeClaim")
    }
    claims = [
        claim
        for claim in by_kind.get("persistentvolumeclaims", [])
        if claim["metadata"]["name"] in claim_names or _has_instance_label(claim, backend)
    ]
    by_kind = by_kind | {"persistentvolumeclaims": claims}
    objects = [body for kind in LABELLED_KINDS for body in by_kind.get(kind, [])]
    uids = {body["metadata"]["uid"] for body in (*objects, backend)}
    events = [event for event in by_kind.get("events", []) if event["involvedObject"].get("uid") in uids]
    return by_kind | {"events": sorted(events, key=_last_time)}


def _has_instance_label(body: Json, backend: Json) -> bool:
    labels = body["metadata"].get("labels") or {}
    return bool(labels.get(INSTANCE_LABEL) == backend["metadata"]["name"])


def _last_time(event: Json) -> str:
    return event.get("lastTimestamp") or event.get("eventTime") or ""
