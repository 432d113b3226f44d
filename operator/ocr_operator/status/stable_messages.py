"""Messages of the scheduler, whose counts change with every node: the status keeps the earlier message.

Pure.
"""

import re
from collections.abc import Mapping
from typing import Any

from ocr_operator.api.reasons import Reason
from ocr_operator.observed.causes import Cause

_SCHEDULING = frozenset(
    {
        Reason.UNSCHEDULABLE,
        Reason.INSUFFICIENT_DEVICE,
        Reason.STORAGE_PENDING,
        Reason.STORAGE_CLASS_NOT_FOUND,
        Reason.CLAIM_NOT_FOUND,
    }
)
_COUNT = re.compile(r"\b\d+\b")
_SEPARATOR = re.compile(r"[,.:;]+ ")


def with_stable_message(cause: Cause, previous: Mapping[str, Any]) -> Cause:
    """The cause with the message of the previous entry in the status if only counts differ."""
    message = previous.get("message") or ""
    is_same = previous.get("reason") == cause.reason and _parts(message) == _parts(cause.message)
    return Cause(cause.reason, message) if cause.reason in _SCHEDULING and is_same else cause


def _parts(message: str) -> list[str]:
    """The parts of a message without counts, sorted: the scheduler sorts them by their counts."""
    return sorted(part.strip() for part in _SEPARATOR.split(_COUNT.sub("", message)))
