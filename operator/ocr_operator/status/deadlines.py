"""Whether a reason that ends by itself has lasted too long, by the times in the previous status.

Pure.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from ocr_operator.api.reason_groups import DEADLINES, EXTERNAL
from ocr_operator.api.reasons import Reason
from ocr_operator.api.spec import BackendSpec
from ocr_operator.observed.causes import Cause, cause_with_action
from ocr_operator.observed.managed_objects import ObservedObject
from ocr_operator.observed.object_metadata import parsed_time

Json = Mapping[str, Any]

_GRACE_SECONDS = 60
"""The Deployment controller reports a missed deadline first: it knows more, and a rollback follows."""

_LIMITED = (EXTERNAL | DEADLINES.keys()) - {Reason.PAUSED}


def limit_seconds(reason: Reason, spec: BackendSpec) -> int | None:
    """How long a variant may have a reason without progress; None if for ever."""
    if reason not in _LIMITED:
        return None
    deadline = DEADLINES.get(reason)
    if deadline and deadline.seconds is not None:
        return deadline.seconds
    return spec.progress_deadline_seconds + (0 if reason is Reason.DOWNLOADING else _GRACE_SECONDS)


def reason_since(reason: Reason, target: str, previous: Json, now: datetime, limit: int) -> datetime:
    """Since when a variant has a reason. `previous`: its entry in the previous status.

    If the entry has the late reason already, the limit passed at its transition.
    """
    changed = parsed_time(previous.get("lastTransitionTime"))
    if changed is None or (previous.get("revision") or {}).get("target") != target:
        return now
    if previous.get("reason") == reason:
        return changed
    is_late = reason in DEADLINES and previous.get("reason") == DEADLINES[reason].late_reason
    return changed - timedelta(seconds=limit) if is_late else now


def late_cause(cause: Cause, limit: int) -> Cause:
    """The cause that replaces one that has lasted too long; the same if its reason stays."""
    deadline = DEADLINES.get(cause.reason)
    if deadline is None:
        return cause
    message = f"{cause.message} (no progress for more than {limit} s)"
    return cause_with_action(deadline.late_reason, message)


def rollout_progress_time(deployment: ObservedObject | None) -> datetime | None:
    """When the rollout of a Deployment made progress the last time; None if unknown."""
    progressing = deployment.current_conditions.get("Progressing") if deployment else None
    return parsed_time((progressing or {}).get("lastUpdateTime"))


def next_deadline_seconds(spec: BackendSpec, status: Json, now: datetime) -> float | None:
    """Seconds until a variant may be late; None if none is waiting.

    A later progress brings an event of its own, so deadlines in the past do not count.
    """
    waits = [_deadline_seconds(spec, variant, now) for variant in status["variants"]]
    return min((wait for wait in waits if wait is not None and wait > 0), default=None)


def _deadline_seconds(spec: BackendSpec, variant: Json, now: datetime) -> float | None:
    limit = limit_seconds(Reason(variant["reason"]), spec)
    if limit is None:
        return None
    progress = (variant.get("models") or {}).get("lastProgressTime")
    times = filter(None, map(parsed_time, (variant["lastTransitionTime"], progress)))
    return (max(times) - now).total_seconds() + limit
