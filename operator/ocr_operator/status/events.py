"""What Events of an OCRBackend say: which changes of its status deserve one, and the Event itself.

Pure. The same trouble of the same variant is one Event that counts; `event_log` reads and writes them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ocr_operator.api.conditions import ConditionType, shortened, timestamp
from ocr_operator.api.names import FIELD_MANAGER, ObjectReference
from ocr_operator.api.reasons import GOOD, PASSING, Reason
from ocr_operator.api.revision import digest

Json = Mapping[str, Any]

_MAX_MESSAGE = 1024
"""Characters; the API server refuses more (core v1 Event)."""
_UNTOLD = PASSING - {Reason.API_MISSING, Reason.VOLUME_NOT_EXPANDABLE}
"""They come and go, and nobody has to know."""
_QUIET = {*_UNTOLD, *GOOD, Reason.PAUSED}


@dataclass(frozen=True)
class EventRecord:
    """Something worth telling. `about`: the variant, or empty for the OCRBackend as a whole."""

    is_warning: bool
    reason: Reason
    message: str
    about: str = ""


def event_records(before: Json, after: Json) -> list[EventRecord]:
    """What a new status tells that the one before did not: troubles, and that one is over."""
    found = [*_of_variants(before, after), *_of_the_whole(before, after)]
    is_told = any(one.reason is Reason.AVAILABLE and not one.about for one in found)
    return [one for one in found if not (is_told and one.reason is Reason.AVAILABLE and one.about)]


def _of_variants(before: Json, after: Json) -> Iterator[EventRecord]:
    known = {_about(one): one for one in before.get("variants") or []}
    for variant in after["variants"]:
        about, reason = _about(variant), Reason(variant["reason"])
        was = known.get(about) or {}
        if reason not in _QUIET and _facts(variant) != _facts(was):
            yield EventRecord(True, reason, f"{about}: {variant['message']}", about)
        elif reason is Reason.AVAILABLE and was and was["reason"] not in _QUIET:
            yield EventRecord(False, reason, f"{about}: serves", about)


def _about(variant: Json) -> str:
    return f"{variant['language']}/{variant['modelType']}"


def _facts(told: Json) -> tuple[Any, ...]:
    return told.get("reason"), told.get("message")


def _of_the_whole(before: Json, after: Json) -> Iterator[EventRecord]:
    was, now = _condition(before, ConditionType.READY), _condition(after, ConditionType.READY)
    if now["status"] == "True" and was.get("status") != "True":
        yield EventRecord(False, Reason(now["reason"]), now["message"])
    was, now = _condition(before, ConditionType.RECONCILED), _condition(after, ConditionType.RECONCILED)
    reason = Reason(now["reason"])
    told = " ".join(one["message"] for one in after["variants"])
    is_news = now["status"] == "False" and _facts(was) != _facts(now) and now["message"] not in told
    if is_news and reason not in _UNTOLD:
        yield EventRecord(reason not in _QUIET, reason, now["message"])


def _condition(status: Json, kind: ConditionType) -> Json:
    found = (one for one in status.get("conditions") or [] if one["type"] == kind)
    return next(found, {})


def event_ref(backend: ObjectReference, uid: str, happening: EventRecord) -> ObjectReference:
    """What finds the Event of a happening; the same for each time that it happens."""
    name = f"{backend.name}.{digest([uid, happening.reason, happening.about])}"
    return ObjectReference("v1", "Event", backend.namespace, name)


def event(
    backend: ObjectReference, uid: str, happening: EventRecord, there: Json | None, now: datetime
) -> dict[str, Any]:
    """The core v1 Event. `there`: the one that has told it before, if it is still kept."""
    ref = event_ref(backend, uid, happening)
    earlier = there or {}
    return {
        "apiVersion": ref.api_version,
        "kind": ref.kind,
        "metadata": {"name": ref.name, "namespace": ref.namespace},
        "involvedObject": {
            "apiVersion": backend.api_version,
            "kind": backend.kind,
            "namespace": backend.namespace,
            "name": backend.name,
            "uid": uid,
        },
        "type": "Warning" if happening.is_warning else "Normal",
        "reason": str(happening.reason),
        "message": shortened(happening.message, _MAX_MESSAGE),
        "source": {"component": FIELD_MANAGER},
        "reportingComponent": FIELD_MANAGER,
        "firstTimestamp": earlier.get("firstTimestamp") or timestamp(now),
        "lastTimestamp": timestamp(now),
        "count": (earlier.get("count") or 0) + 1,
    }
