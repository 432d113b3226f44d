"""Managed objects that could not be written for too long.

Pure. `controller.problem_times` remembers since when.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from ocr_operator.api.conditions import ConditionType
from ocr_operator.api.names import ObjectReference
from ocr_operator.api.reason_groups import DEADLINES
from ocr_operator.api.reasons import Reason
from ocr_operator.observed.causes import Cause
from ocr_operator.status.deadlines import late_cause

Problems = Mapping[ObjectReference, Cause]


def first_seen(reason: Reason, previous_status: Mapping[str, Any], now: datetime) -> datetime:
    """Since when a problem lasts that this process sees for the first time.

    The status remembers that it was late before the operator restarted.
    """
    deadline = DEADLINES.get(reason)
    conditions = previous_status.get("conditions") or []
    reasons = {each["reason"] for each in conditions if each["type"] == ConditionType.RECONCILED}
    if deadline and deadline.seconds and deadline.late_reason in reasons:
        return now - timedelta(seconds=deadline.seconds)
    return now


def with_late_reasons(
    problems: Problems, since: Mapping[ObjectReference, datetime], now: datetime
) -> dict[ObjectReference, Cause]:
    """The problems, with the late reason for each that has lasted too long."""
    return {ref: _late(cause, (now - since[ref]).total_seconds()) for ref, cause in problems.items()}


def _late(cause: Cause, age: float) -> Cause:
    deadline = DEADLINES.get(cause.reason)
    if deadline is None or deadline.seconds is None or age < deadline.seconds:
        return cause
    return late_cause(cause, deadline.seconds)
