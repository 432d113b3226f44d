"""Why the API server did not accept a write.

Pure.
"""

import re

from ocr_operator.api.reasons import Reason
from ocr_operator.observed.causes import Cause, cause_with_action, detail

_NOT_EXPANDABLE = re.compile("the storageclass that provisions the pvc must support resize")
_SMALLER = re.compile("can not be less than (?:status.capacity|previous value)")
_NOT_BOUND = re.compile("for bound claims|[Oo]nly bound persistent volume claims can be expanded")
"""Messages of the API server, as of 1.37, when a claim asks for more storage."""


def write_cause(status: int | None, message: str, target: str) -> Cause:
    """Why a write to `target` failed. `status` is the HTTP status; None if the API server did not respond."""
    observation = f"{target}: {detail(message)}"
    return cause_with_action(_write_reason(status, message), observation)


def _write_reason(status: int | None, message: str) -> Reason:
    if _NOT_EXPANDABLE.search(message):
        return Reason.VOLUME_NOT_EXPANDABLE
    if _SMALLER.search(message):
        return Reason.VOLUME_DIFFERS
    if _NOT_BOUND.search(message):
        return Reason.STORAGE_PENDING
    if status == 403:
        return refusal_reason(message)
    if status in (400, 422):
        return Reason.INVALID
    return Reason.API_ERROR


def refusal_reason(message: str) -> Reason:
    """The reason when the API server refused to create an object as forbidden."""
    return Reason.QUOTA_EXCEEDED if "exceeded quota" in message else Reason.FORBIDDEN
