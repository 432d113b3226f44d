"""Remembers since when managed objects cannot be written.

Pure but for its own dict. It is empty after a restart; the status then says whether a problem was late.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ocr_operator.api.names import NamespacedName, ObjectReference
from ocr_operator.api.reasons import Reason
from ocr_operator.observed.causes import Cause
from ocr_operator.status.problem_deadlines import first_seen


class ProblemTimes:
    """The first time of each problem that lasts, by OCRBackend."""

    def __init__(self) -> None:
        self._since: dict[NamespacedName, dict[tuple[ObjectReference, Reason], datetime]] = {}

    def update(
        self,
        key: NamespacedName,
        problems: Mapping[ObjectReference, Cause],
        previous_status: Mapping[str, Any],
        now: datetime,
    ) -> dict[ObjectReference, datetime]:
        """Since when each of the present problems lasts; others are forgotten."""
        before = self._since.get(key, {})
        since = {
            (ref, cause.reason): before.get((ref, cause.reason))
            or first_seen(cause.reason, previous_status, now)
            for ref, cause in problems.items()
        }
        self._since[key] = since
        return {ref: time for (ref, _), time in since.items()}

    def forget(self, key: NamespacedName) -> None:
        """The OCRBackend was deleted."""
        self._since.pop(key, None)
