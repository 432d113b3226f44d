"""The kubectl command that shows most about a cause.

Pure.
"""

from ocr_operator.api.reason_groups import INFORMATIONAL
from ocr_operator.api.reasons import Reason
from ocr_operator.observed.pods import ObservedPod

Command = tuple[str, ...]
"""Arguments of kubectl."""


def describe(kind: str, name: str = "") -> Command:
    """Describe one object, or all of a kind."""
    return ("describe", kind, name) if name else ("describe", kind)


_LOGGED_BEFORE_END = frozenset(
    {
        Reason.INVALID,
        Reason.GOLDEN_MISMATCH,
        Reason.DOWNLOAD_FAILED,
        Reason.MODEL_NOT_FOUND,
        Reason.CHECKSUM_MISMATCH,
        Reason.STORAGE_FULL,
        Reason.MODELS_DAMAGED,
        Reason.MODEL_LOAD_FAILED,
        Reason.CRASH_LOOPING,
    }
)
"""Reasons that the log of the ended container explains."""
_OTHER_OBJECTS: dict[str, Command] = {
    Reason.QUOTA_EXCEEDED: describe("resourcequotas"),
    Reason.SECRET_NOT_FOUND: ("get", "secrets"),
    Reason.STORAGE_CLASS_NOT_FOUND: ("get", "storageclasses"),
    Reason.CLAIM_NOT_FOUND: ("get", "persistentvolumeclaims"),
    Reason.INSUFFICIENT_DEVICE: describe("nodes"),
    Reason.UNSCHEDULABLE: describe("nodes"),
    Reason.EVICTED: describe("nodes"),
    Reason.NODE_LOST: ("get", "nodes"),
    Reason.FORBIDDEN: ("get", "events", "--field-selector=type=Warning"),
}
"""Reasons that other objects explain."""


def next_command(reason: str, backend: str, pod: ObservedPod | None = None) -> Command:
    """The next command for a reason of the OCRBackend named `backend`, or of one of its pods."""
    if reason in _OTHER_OBJECTS:
        return _OTHER_OBJECTS[reason]
    if pod is None:
        return describe("ocrb", backend)
    if reason == Reason.STORAGE_PENDING and pod.claims:
        return describe("persistentvolumeclaim", pod.claims[0])
    if reason in _LOGGED_BEFORE_END:
        return ("logs", "--previous", pod.name)
    if reason in INFORMATIONAL:
        return ("logs", "--follow", pod.name)
    return describe("pod", pod.name)
