"""What the operator remembers of objects it watches: the few facts that planning and status need.

Pure; from an object's JSON to values. What is watched and what is listed both come through here, so that
both are the same to everybody else.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ocr_operator.api.names import (
    ADOPT_ANNOTATION,
    CONTAINER,
    FIELD_MANAGER,
    INSTANCE_LABEL,
    KIND,
    LANGUAGE_LABEL,
    MODEL_TYPE_LABEL,
    MODELS_CONTAINER,
    MODELS_LABEL,
    REVISION_LABEL,
    ROLLOUT_ANNOTATION,
    NamespacedName,
    ObjectReference,
)
from ocr_operator.api.revision import digest
from ocr_operator.api.spec import VariantKey

Json = Mapping[str, Any]


@dataclass(frozen=True)
class ObservedObject:
    """A child as the API server has it. `ownership` changes when anybody takes a field from us.

    `adopter`: the OCRBackend that its owner lets take it over. `rollout`: what `rollout_record` remembers
    there, `template`: a Deployment's pod template; both as JSON text, which is small.
    """

    ref: ObjectReference
    uid: str
    version: int
    labels: Json
    owner_uid: str | None
    is_deleting: bool
    ownership: str
    owns_replicas: bool
    generation: int
    replicas: int | None
    revision: str | None
    status: Json
    adopter: str | None = None
    created: datetime | None = None
    rollout: str = ""
    template: str = ""

    @property
    def variant(self) -> VariantKey | None:
        """The variant it belongs to, if it belongs to one."""
        return _variant(self.labels)


@dataclass(frozen=True)
class ContainerTermination:
    """How a container ended: the last time it did."""

    reason: str
    exit_code: int
    message: str
    time: str


@dataclass(frozen=True)
class WarningEvent:
    """What an event of type Warning says of an object."""

    name: str
    reason: str
    message: str


@dataclass(frozen=True)
class ObservedPod:
    """A pod of a variant, or one that fetches `models`, a set of them.

    `unscheduled` is the scheduler's message while no node takes it.

    `is_terminating`: it is being deleted, or has ended for good (evicted, say) and only its record is left.
    `is_node_unreachable`: its node stopped reporting, so its status may be out of date. `evicted`:
    the kubelet's message where it has ended the pod to spare its node, at `evicted_at`.
    """

    name: str
    variant: VariantKey | None
    revision: str | None
    is_terminating: bool
    is_ready: bool
    is_scheduled: bool
    unscheduled: str
    unscheduled_since: datetime | None
    waiting: str
    waiting_message: str
    ended: ContainerTermination | None
    restarts: int
    devices: Json
    created: datetime | None = None
    claims: tuple[str, ...] = ()
    is_node_unreachable: bool = False
    models: str = ""
    address: str = ""

    @property
    def is_fetching(self) -> bool:
        """Whether it runs, and fetches models."""
        return bool(self.models and self.is_ready and not self.is_terminating)

    evicted: str = ""
    evicted_at: datetime | None = None


def parent(metadata: Json) -> NamespacedName | None:
    """The OCRBackend of a child or pod: the controller of it, or else what its labels name.

    Somebody may have changed the labels of a child.
    """
    owners = metadata.get("ownerReferences") or []
    owner = next((one["name"] for one in owners if one["kind"] == KIND and one.get("controller")), None)
    name = owner or (metadata.get("labels") or {}).get(INSTANCE_LABEL)
    return NamespacedName(metadata["namespace"], name) if name else None


def observed_object(body: Json) -> ObservedObject:
    """What matters of a child of any kind."""
    metadata, spec = body["metadata"], body.get("spec") or {}
    owned = _owned_fields(metadata)
    template = spec.get("template") or {}
    annotations = metadata.get("annotations") or {}
    return ObservedObject(
        ref=ObjectReference(body["apiVersion"], body["kind"], metadata["namespace"], metadata["name"]),
        uid=metadata["uid"],
        version=int(metadata["resourceVersion"]),
        labels=dict(metadata.get("labels") or {}),
        owner_uid=_controller_uid(metadata),
        is_deleting="deletionTimestamp" in metadata,
        ownership=digest(owned),
        owns_replicas="f:replicas" in owned.get("f:spec", {}),
        generation=metadata.get("generation", 0),
        replicas=spec.get("replicas"),
        revision=((template.get("metadata") or {}).get("labels") or {}).get(REVISION_LABEL),
        status=dict(body.get("status") or {}),
        created=_moment(metadata.get("creationTimestamp")),
        adopter=annotations.get(ADOPT_ANNOTATION),
        rollout=annotations.get(ROLLOUT_ANNOTATION, ""),
        template=json.dumps(template) if body["kind"] == "Deployment" else "",
    )


def _owned_fields(metadata: Json) -> dict[str, Any]:
    """The fields that our server-side apply owns, in Kubernetes' FieldsV1."""
    for entry in metadata.get("managedFields") or []:
        if entry["manager"] == FIELD_MANAGER and entry["operation"] == "Apply" and "subresource" not in entry:
            return dict(entry.get("fieldsV1") or {})
    return {}


def _controller_uid(metadata: Json) -> str | None:
    owners = metadata.get("ownerReferences") or []
    return next((owner["uid"] for owner in owners if owner.get("controller")), None)


def _variant(labels: Json) -> VariantKey | None:
    found = labels.get(LANGUAGE_LABEL), labels.get(MODEL_TYPE_LABEL)
    return (found[0], found[1]) if found[0] and found[1] else None


def observed_pod(body: Json) -> ObservedPod:
    """What matters of a pod."""
    metadata, status = body["metadata"], body.get("status") or {}
    labels = metadata.get("labels") or {}
    conditions = {condition["type"]: condition for condition in status.get("conditions") or []}
    container = _container_status(status)
    unscheduled = _unscheduled(conditions.get("PodScheduled"))
    waiting = (container.get("state") or {}).get("waiting") or {}
    return ObservedPod(
        name=metadata["name"],
        variant=_variant(labels),
        revision=labels.get(REVISION_LABEL),
        is_terminating="deletionTimestamp" in metadata or status.get("phase") in ("Failed", "Succeeded"),
        is_ready=(conditions.get("Ready") or {}).get("status") == "True",
        is_scheduled=bool((body.get("spec") or {}).get("nodeName")),
        unscheduled=unscheduled.get("message", ""),
        unscheduled_since=_moment(unscheduled.get("lastTransitionTime")),
        waiting=waiting.get("reason", ""),
        waiting_message=waiting.get("message", ""),
        ended=_ended(container),
        restarts=container.get("restartCount", 0),
        devices=_devices(body.get("spec") or {}),
        created=_moment(metadata.get("creationTimestamp")),
        claims=_claims(body.get("spec") or {}),
        is_node_unreachable=_is_node_unreachable(conditions),
        models=labels.get(MODELS_LABEL, ""),
        address=status.get("podIP", ""),
        evicted=_evicted(status),
        evicted_at=_moment((conditions.get("DisruptionTarget") or {}).get("lastTransitionTime")),
    )


def _evicted(status: Json) -> str:
    if (status.get("phase"), status.get("reason")) != ("Failed", "Evicted"):
        return ""
    return str(status.get("message") or "the node ran short of something")


def warned(body: Json) -> WarningEvent:
    """What matters of a core v1 Event."""
    return WarningEvent(body["involvedObject"]["name"], body.get("reason", ""), body.get("message", ""))


def _is_node_unreachable(conditions: Mapping[str, Json]) -> bool:
    """The node's controller takes a pod's Ready away and leaves its ContainersReady as the node left it."""
    told = {name: (conditions.get(name) or {}).get("status") for name in ("Ready", "ContainersReady")}
    return told == {"Ready": "False", "ContainersReady": "True"}


def _claims(spec: Json) -> tuple[str, ...]:
    volumes = spec.get("volumes") or []
    return tuple(
        one["persistentVolumeClaim"]["claimName"] for one in volumes if one.get("persistentVolumeClaim")
    )


def _container_status(status: Json) -> Json:
    """Of the backend, or of what has to end well before it can start."""
    before = (one for one in status.get("initContainerStatuses") or [] if one["name"] == MODELS_CONTAINER)
    statuses = status.get("containerStatuses") or []
    own: Json = next((one for one in statuses if one["name"] == CONTAINER), {})
    return next((one for one in before if not _has_ended_well(one)), own)


def _has_ended_well(container: Json) -> bool:
    ended = (container.get("state") or {}).get("terminated") or {}
    return ended.get("exitCode") == 0


def _unscheduled(condition: Json | None) -> Json:
    return condition if condition and condition["status"] == "False" else {}


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _ended(container: Json) -> ContainerTermination | None:
    """The end before this start, or the end it still stands at."""
    states = (container.get(name) or {} for name in ("state", "lastState"))
    found = next((state["terminated"] for state in states if state.get("terminated")), None)
    if found is None:
        return None
    return ContainerTermination(
        reason=found.get("reason", ""),
        exit_code=found["exitCode"],
        message=found.get("message", ""),
        time=found.get("finishedAt") or "",
    )


def _devices(spec: Json) -> dict[str, str]:
    """Extended resources (those with a domain in their name) that the pod holds, with their amounts."""
    containers = spec.get("containers") or []
    limits = ((one.get("resources") or {}).get("limits") or {} for one in containers)
    return {name: str(amount) for given in limits for name, amount in given.items() if "/" in name}
