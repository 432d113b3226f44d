"""Why a Deployment or a Job has no ready pods, as their controllers report it.

Pure.
"""

from collections.abc import Iterable
from datetime import datetime

from ocr_operator.api.reasons import Reason
from ocr_operator.observed.causes import Cause, cause_with_action, detail
from ocr_operator.observed.managed_objects import ObservedObject
from ocr_operator.observed.warning_events import WarningEvent
from ocr_operator.observed.write_causes import refusal_reason


def deployment_cause(deployment: ObservedObject) -> Cause | None:
    """Why a Deployment creates no pods, or they are not ready in time.

    None if it progresses, or if its controller has not seen the last change.
    """
    conditions = deployment.current_conditions
    name = f"{deployment.ref.kind} {deployment.ref.name}"
    failure = conditions.get("ReplicaFailure") or {}
    if failure.get("status") == "True":
        message = failure.get("message", "")
        return cause_with_action(refusal_reason(message), f"{name}: {detail(message)}")
    progressing = conditions.get("Progressing") or {}
    if progressing.get("reason") == "ProgressDeadlineExceeded":
        message = detail(progressing.get("message", ""))
        return cause_with_action(Reason.PROGRESS_DEADLINE_EXCEEDED, f"{name}: {message}")
    return None


def is_late(deployment: ObservedObject, since: str) -> bool:
    """Whether the present pod template, applied at `since` (RFC 3339), missed the progress deadline.

    For a moment the Deployment may still report the deadline of the previous template; no deadline is missed
    in the second in which it starts.
    """
    progressing = deployment.current_conditions.get("Progressing") or {}
    if progressing.get("reason") != "ProgressDeadlineExceeded":
        return False
    updated = progressing.get("lastUpdateTime")
    return not (since and updated) or datetime.fromisoformat(updated) > datetime.fromisoformat(since)


def job_cause(name: str, warnings: Iterable[WarningEvent]) -> Cause | None:
    """Why a Job creates no pod; None if unknown. The Job controller reports it only in Events."""
    refusals = [warning for warning in warnings if (warning.name, warning.reason) == (name, "FailedCreate")]
    if not refusals:
        return None
    message = refusals[-1].message
    return cause_with_action(refusal_reason(message), f"Job {name}: {message}")
