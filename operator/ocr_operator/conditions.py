"""The words in which an OCRBackend's status speaks: condition types, phases, and the closed list of reasons.

Pure; decides nothing about pods (`causes` does). Semantics are those of Kubernetes' metav1.Condition.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any


class ConditionType(StrEnum):
    """All are good when "True", except that Progressing is neither good nor bad."""

    READY = "Ready"
    """Every variant of this generation serves."""
    PROGRESSING = "Progressing"
    """Something is on its way, and within its deadline."""
    RECONCILED = "Reconciled"
    """All children were written as the spec wants them."""


class Phase(StrEnum):
    """Where a variant stands."""

    PENDING = "Pending"
    """No pod of this revision has a node yet."""
    STARTING = "Starting"
    """A pod loads its models; nothing serves yet."""
    ROLLING_OUT = "RollingOut"
    """A new revision is on its way, the previous one serves."""
    READY = "Ready"
    FAILED = "Failed"
    """It will not come up without somebody's help; the reason says why."""


class Reason(StrEnum):
    """Why a condition has its status. Those of a variant that is not ready stand in order of urgency."""

    INVALID = "Invalid"
    """The backend's own rules, or the API server, refuse what the spec asks for."""
    CONFLICT = "Conflict"
    """An object of somebody else has the name that a child needs."""
    FORBIDDEN = "Forbidden"
    """A policy or a missing right keeps an object or a pod from being made."""
    QUOTA_EXCEEDED = "QuotaExceeded"
    """A ResourceQuota keeps an object or a pod from being made."""
    SECRET_NOT_FOUND = "SecretNotFound"
    """A Secret that the spec names, or its key, is not there."""
    IMAGE_PULL_FAILED = "ImagePullFailed"
    """The node cannot get the image."""
    MODEL_LOAD_FAILED = "ModelLoadFailed"
    """The backend cannot get or load its models, or misreads its test picture."""
    OOM_KILLED = "OOMKilled"
    """The container used more memory than its limit."""
    CRASH_LOOPING = "CrashLooping"
    """The container ends for another reason."""
    CONTAINER_NOT_CREATED = "ContainerNotCreated"
    """The node cannot make the container."""
    INSUFFICIENT_DEVICE = "InsufficientDevice"
    """No node has the device free."""
    STORAGE_PENDING = "StoragePending"
    """The volume is not there, or not made yet."""
    UNSCHEDULABLE = "Unschedulable"
    """No node takes the pod."""
    PROGRESS_DEADLINE_EXCEEDED = "ProgressDeadlineExceeded"
    """Not ready in time, and no more is known."""
    TERMINATING = "Terminating"
    """A child of a deleted OCRBackend of the same name is still being removed."""
    API_MISSING = "ApiMissing"
    """The cluster does not have the API of a child that the spec asks for."""
    API_ERROR = "ApiError"
    """The API server failed; it is asked again."""
    ROLLING_OUT = "RollingOut"
    """A new revision is on its way, the previous one serves."""
    STARTING = "Starting"
    """The first pods are on their way."""
    # Reasons of conditions that are not about a trouble.
    PAUSED = "Paused"
    """spec.paused is true."""
    COMPLETE = "Complete"
    """Nothing is on its way."""
    APPLIED = "Applied"
    """All children were written."""
    AVAILABLE = "Available"
    """All variants serve."""


URGENCY = tuple(Reason)
"""Most urgent first: what the Ready condition names where several variants are not ready."""

PASSING = frozenset(
    {Reason.STARTING, Reason.ROLLING_OUT, Reason.TERMINATING, Reason.API_MISSING, Reason.API_ERROR}
)
"""Reasons that take nothing away from what serves: they go away by themselves, or concern no pod."""

WAITING = frozenset({Reason.INSUFFICIENT_DEVICE, Reason.STORAGE_PENDING, Reason.UNSCHEDULABLE, Reason.PAUSED})
"""Reasons to wait for something from outside: a node, a volume, the end of a pause."""

_MAX_MESSAGE = 1024
"""Characters; enough for one sentence per variant, short enough for a terminal."""


@dataclass(frozen=True)
class Condition:
    """One condition, before it is known when it last changed."""

    type: ConditionType
    is_true: bool
    reason: Reason
    message: str


def with_times(
    conditions: Iterable[Condition], previous: Iterable[Mapping[str, Any]], generation: int, now: datetime
) -> list[dict[str, Any]]:
    """Conditions as the status holds them; `lastTransitionTime` moves only when `status` flips."""
    before = {condition["type"]: condition for condition in previous}
    return [_with_time(condition, before.get(condition.type), generation, now) for condition in conditions]


def _with_time(
    condition: Condition, before: Mapping[str, Any] | None, generation: int, now: datetime
) -> dict[str, Any]:
    status = "True" if condition.is_true else "False"
    is_same = before is not None and before["status"] == status
    return {
        "type": str(condition.type),
        "status": status,
        "observedGeneration": generation,
        "lastTransitionTime": before["lastTransitionTime"] if before and is_same else timestamp(now),
        "reason": str(condition.reason),
        "message": shortened(condition.message, _MAX_MESSAGE),
    }


def timestamp(moment: datetime) -> str:
    """RFC 3339 in UTC with whole seconds, as metav1.Time is written."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def shortened(text: str, limit: int) -> str:
    """The text, cut with an ellipsis where it is longer than `limit` characters."""
    return text if len(text) <= limit else text[: limit - 1] + "…"
