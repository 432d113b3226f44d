"""The vocabulary of an OCRBackend's status: condition types, phases, and conditions themselves.

Pure; decides nothing about pods (`causes` does). Semantics are those of Kubernetes' metav1.Condition.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from ocr_operator.api.reasons import Reason


class ConditionType(StrEnum):
    """The status "True" is good, except for Degraded and Stalled (bad) and Progressing (neither)."""

    READY = "Ready"
    """All variants of this generation are ready."""
    AVAILABLE = "Available"
    """Every variant that is not suspended has a ready pod, of any revision."""
    PROGRESSING = "Progressing"
    """A rollout or download is in progress and within its deadline."""
    MODELS_READY = "ModelsReady"
    """Every variant has loaded its models and read the golden sample; "Unknown" until a pod reports."""
    DEGRADED = "Degraded"
    """Something does not work and needs action, or waits for an external resource."""
    RECONCILED = "Reconciled"
    """All managed objects match the spec."""
    STALLED = "Stalled"
    """Waiting makes no sense any more: a deadline has passed, or the spec is rejected. kstatus reads it."""


class Phase(StrEnum):
    """The state of one variant."""

    PENDING = "Pending"
    """No pod of this revision is scheduled yet."""
    DOWNLOADING = "Downloading"
    """The models are being downloaded; the previous revision, if any, keeps serving."""
    STARTING = "Starting"
    """A pod loads its models; no pod serves yet."""
    ROLLING_OUT = "RollingOut"
    """A new revision is being rolled out; the previous one keeps serving."""
    PARTIALLY_READY = "PartiallyReady"
    """Pods of this revision serve, but not all of them, or not as the spec asks; the reason says why."""
    QUEUED = "Queued"
    """The new revision waits for its turn or is held; the previous one keeps serving."""
    READY = "Ready"
    SUSPENDED = "Suspended"
    """The variant runs no pods, as the spec asks."""
    ROLLED_BACK = "RolledBack"
    """The revision in the spec was rolled back; the last good one serves or is being restored."""
    FAILED = "Failed"
    """No pod serves, and the variant cannot start without action; the reason says why."""


_STATUSES = {True: "True", False: "False", None: "Unknown"}
_MAX_MESSAGE = 1024
"""Characters; enough for one sentence per variant, short enough for a terminal."""


@dataclass(frozen=True)
class Condition:
    """A condition without its transition time. `is_true`: None if unknown."""

    type: ConditionType
    is_true: bool | None
    reason: Reason
    message: str


def with_transition_times(
    conditions: Iterable[Condition], previous: Iterable[Mapping[str, Any]], generation: int, now: datetime
) -> list[dict[str, Any]]:
    """Conditions as the status stores them; `lastTransitionTime` changes only when `status` changes."""
    previous_by_type = {condition["type"]: condition for condition in previous}
    return [
        _with_transition_time(condition, previous_by_type.get(condition.type), generation, now)
        for condition in conditions
    ]


def _with_transition_time(
    condition: Condition, previous: Mapping[str, Any] | None, generation: int, now: datetime
) -> dict[str, Any]:
    status = _STATUSES[condition.is_true]
    is_unchanged = previous is not None and previous["status"] == status
    return {
        "type": str(condition.type),
        "status": status,
        "observedGeneration": generation,
        "lastTransitionTime": previous["lastTransitionTime"] if previous and is_unchanged else timestamp(now),
        "reason": str(condition.reason),
        "message": truncated(condition.message, _MAX_MESSAGE),
    }


def timestamp(moment: datetime) -> str:
    """RFC 3339 in UTC with whole seconds, the format of metav1.Time."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def truncated(text: str, limit: int) -> str:
    """The text, cut to `limit` characters with an ellipsis at the end."""
    return text if len(text) <= limit else text[: limit - 1] + "…"
