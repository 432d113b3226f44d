"""Pods as the API server reports them: pods of variants, and pods that download models.

Pure; from JSON to values.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from ocr_operator.api.names import CONTAINER, MODELS_CONTAINER, MODELS_LABEL, REVISION_LABEL
from ocr_operator.api.spec import VariantName
from ocr_operator.observed.object_metadata import Json, parsed_time, variant_in_labels
from ocr_operator.observed.quantities import quantity


@dataclass(frozen=True)
class ContainerTermination:
    """How a container ended the last time."""

    reason: str
    exit_code: int
    message: str
    time: str


@dataclass(frozen=True)
class ObservedPod:
    """A pod of a variant, or a pod that downloads a model set.

    `unschedulable_message` is the scheduler's, while the pod has no node. `is_terminating`: the pod is being
    deleted, or has ended for good (after an eviction, for example) and only its record is left.
    `is_node_unreachable`: the node stopped reporting, so the pod's status may be out of date.
    `unready_since`: when the running container, which had been ready, stopped being ready.
    `eviction_message` is the kubelet's, if it evicted the pod at `evicted_at`. `failed_gates` is the message
    about readiness gates that are not met. `requests` are those of all containers. `model_set` is the id of
    the model set that the pod downloads; empty for pods of variants.
    """

    name: str
    variant: VariantName | None
    revision: str | None
    is_terminating: bool
    is_ready: bool
    is_scheduled: bool
    unschedulable_message: str
    unschedulable_since: datetime | None
    waiting_reason: str
    waiting_message: str
    termination: ContainerTermination | None
    restarts: int
    requests: Mapping[str, Decimal]
    created: datetime | None = None
    claims: tuple[str, ...] = ()
    is_node_unreachable: bool = False
    model_set: str = ""
    address: str = ""
    eviction_message: str = ""
    evicted_at: datetime | None = None
    unready_since: datetime | None = None
    failed_gates: str = ""

    @property
    def is_stuck_on_lost_node(self) -> bool:
        """Whether it is in deletion, which cannot end because its node no longer reports."""
        return self.is_terminating and self.is_node_unreachable

    @property
    def is_downloading(self) -> bool:
        """Whether it runs and downloads models."""
        return bool(self.model_set and self.is_ready and not self.is_terminating)


def observed_pod(body: Json) -> ObservedPod:
    """The facts of a pod."""
    metadata, spec, status = body["metadata"], body.get("spec") or {}, body.get("status") or {}
    labels = metadata.get("labels") or {}
    conditions = {condition["type"]: condition for condition in status.get("conditions") or []}
    container = _container_status(status)
    unschedulable = _unschedulable(conditions.get("PodScheduled"))
    waiting = (container.get("state") or {}).get("waiting") or {}
    return ObservedPod(
        name=metadata["name"],
        variant=variant_in_labels(labels),
        revision=labels.get(REVISION_LABEL),
        is_terminating="deletionTimestamp" in metadata or status.get("phase") in ("Failed", "Succeeded"),
        is_ready=(conditions.get("Ready") or {}).get("status") == "True",
        is_scheduled=bool(spec.get("nodeName")),
        unschedulable_message=unschedulable.get("message", ""),
        unschedulable_since=parsed_time(unschedulable.get("lastTransitionTime")),
        waiting_reason=waiting.get("reason", ""),
        waiting_message=waiting.get("message", ""),
        termination=_termination(container),
        restarts=container.get("restartCount", 0),
        requests=_requests(spec),
        created=parsed_time(metadata.get("creationTimestamp")),
        claims=_claims(spec),
        is_node_unreachable=_is_node_unreachable(conditions),
        model_set=labels.get(MODELS_LABEL, ""),
        address=status.get("podIP", ""),
        eviction_message=_eviction_message(status),
        unready_since=_unready_since(conditions, container),
        failed_gates=_failed_gates(conditions),
        evicted_at=parsed_time((conditions.get("DisruptionTarget") or {}).get("lastTransitionTime")),
    )


def _eviction_message(status: Json) -> str:
    if (status.get("phase"), status.get("reason")) != ("Failed", "Evicted"):
        return ""
    return str(status.get("message") or "the node was low on resources")


def _is_node_unreachable(conditions: Mapping[str, Json]) -> bool:
    """The node controller sets a pod's Ready to False and leaves ContainersReady as the node reported it."""
    statuses = {name: (conditions.get(name) or {}).get("status") for name in ("Ready", "ContainersReady")}
    return statuses == {"Ready": "False", "ContainersReady": "True"} and not _failed_gates(conditions)


def _failed_gates(conditions: Mapping[str, Json]) -> str:
    """The message about readiness gates that are not met; empty if there is none."""
    ready = conditions.get("Ready") or {}
    return str(ready.get("message") or "") if ready.get("reason") == "ReadinessGatesNotReady" else ""


def _unready_since(conditions: Mapping[str, Json], container: Json) -> datetime | None:
    """When a container that runs stopped being ready; None if it never was, or is.

    Before its first readiness the condition is older than the container.
    """
    ready = conditions.get("Ready") or {}
    running = (container.get("state") or {}).get("running") or {}
    changed, started = parsed_time(ready.get("lastTransitionTime")), parsed_time(running.get("startedAt"))
    is_lost = ready.get("status") == "False" and changed and started and changed > started
    return changed if is_lost else None


def _claims(spec: Json) -> tuple[str, ...]:
    claims = (volume.get("persistentVolumeClaim") for volume in spec.get("volumes") or [])
    return tuple(claim["claimName"] for claim in claims if claim)


def _container_status(status: Json) -> Json:
    """Status of the init container that copies models until it has succeeded, then of the backend."""
    init_statuses = status.get("initContainerStatuses") or []
    copying = (
        each for each in init_statuses if each["name"] == MODELS_CONTAINER and not _has_succeeded(each)
    )
    statuses = status.get("containerStatuses") or []
    backend: Json = next((each for each in statuses if each["name"] == CONTAINER), {})
    return next(copying, backend)


def _has_succeeded(container: Json) -> bool:
    terminated = (container.get("state") or {}).get("terminated") or {}
    return terminated.get("exitCode") == 0


def _unschedulable(condition: Json | None) -> Json:
    return condition if condition and condition["status"] == "False" else {}


def _termination(container: Json) -> ContainerTermination | None:
    """The present termination, or else the one before the last restart."""
    states = (container.get(name) or {} for name in ("state", "lastState"))
    terminated = next((state["terminated"] for state in states if state.get("terminated")), None)
    if terminated is None:
        return None
    return ContainerTermination(
        reason=terminated.get("reason", ""),
        exit_code=terminated["exitCode"],
        message=terminated.get("message", ""),
        time=terminated.get("finishedAt") or "",
    )


def _requests(spec: Json) -> dict[str, Decimal]:
    """What the scheduler reserves for the containers, by resource."""
    totals: dict[str, Decimal] = {}
    for container in spec.get("containers") or []:
        resources = container.get("resources") or {}
        for name, amount in {**(resources.get("limits") or {}), **(resources.get("requests") or {})}.items():
            totals[name] = totals.get(name, Decimal(0)) + quantity(str(amount))
    return totals
