"""The words in which an OCRBackend's status speaks: condition types and phases; and conditions themselves.

Pure; decides nothing about pods (`causes` does). Semantics are those of Kubernetes' metav1.Condition.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from ocr_operator.api.reasons import Reason


class ConditionType(StrEnum):
    """All are good when "True", except Degraded, which is bad, and Progressing, which is neither."""

    READY = "Ready"
    """Every variant of this generation serves."""
    PROGRESSING = "Progressing"
    """Something is on its way, and within its deadline."""
    MODELS_READY = "ModelsReady"
    """Every variant's models are loaded and have read the golden sample; "Unknown" until a pod has told."""
    DEGRADED = "Degraded"
    """Something does not work until somebody helps, or something from outside comes."""
    RECONCILED = "Reconciled"
    """All children were written as the spec wants them."""


class Phase(StrEnum):
    """Where a variant stands."""

    PENDING = "Pending"
    """No pod of this revision has a node yet."""
    FETCHING = "Fetching"
    """Its models are on their way to the volume; the previous revision serves, if there is one."""
    STARTING = "Starting"
    """A pod loads its models; nothing serves yet."""
    ROLLING_OUT = "RollingOut"
    """A new revision is on its way, the previous one serves."""
    QUEUED = "Queued"
    """It serves its previous revision until its turn to be rolled out comes, or while it is held."""
    READY = "Ready"
    ROLLED_BACK = "RolledBack"
    """The revision that the spec asks for was taken back; the last good one serves, or comes back."""
    FAILED = "Failed"
    """It will not come up without somebody's help; the reason says why."""


_STATUSES = {True: "True", False: "False", None: "Unknown"}
_MAX_MESSAGE = 1024
"""Characters; enough for one sentence per variant, short enough for a terminal."""


@dataclass(frozen=True)
class Condition:
    """One condition, before it is known when it last changed. `is_true`: None where nobody knows."""

    type: ConditionType
    is_true: bool | None
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
    status = _STATUSES[condition.is_true]
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
