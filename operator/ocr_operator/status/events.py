"""Events of an OCRBackend: which changes of its status deserve one, and the Event itself.

Pure. A repeated problem of one variant is one Event with a count; `cluster.event_recorder` writes Events.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ocr_operator.api.conditions import ConditionType, timestamp, truncated
from ocr_operator.api.names import FIELD_MANAGER, ObjectReference
from ocr_operator.api.reason_groups import DEADLINES, NORMAL
from ocr_operator.api.reasons import Reason
from ocr_operator.api.revision import digest

Json = Mapping[str, Any]

_MAX_MESSAGE = 1024
"""Characters; the API server rejects longer messages (core v1 Event)."""
_NUMBER = re.compile(r"\b\d+\b")
_NOT_RECORDED = frozenset(DEADLINES)
"""Reasons that come and go without an effect on running pods."""
_NO_WARNING = {*_NOT_RECORDED, *NORMAL, Reason.PAUSED}


@dataclass(frozen=True)
class InvolvedObject:
    """The OCRBackend that Events are about."""

    ref: ObjectReference
    uid: str


@dataclass(frozen=True)
class EventRecord:
    """A change that deserves an Event. `variant`: its name, or empty for the whole OCRBackend."""

    is_warning: bool
    reason: Reason
    message: str
    variant: str = ""


def event_records(previous: Json, status: Json) -> list[EventRecord]:
    """The problems that are new in a status, and the recoveries.

    If the whole OCRBackend has recovered, its variants have no Events of their own.
    """
    records = [*_variant_records(previous, status), *_backend_records(previous, status)]
    has_recovered = any(record.reason is Reason.AVAILABLE and not record.variant for record in records)
    return [
        record
        for record in records
        if not (has_recovered and record.variant and record.reason is Reason.AVAILABLE)
    ]


def _variant_records(previous: Json, status: Json) -> Iterator[EventRecord]:
    previous_variants = {_name(variant): variant for variant in previous.get("variants") or []}
    for variant in status["variants"]:
        if record := _variant_record(previous_variants.get(_name(variant)) or {}, variant):
            yield record


def _variant_record(previous: Json, variant: Json) -> EventRecord | None:
    name, reason = _name(variant), Reason(variant["reason"])
    if reason not in _NO_WARNING and _reason_and_message(variant) != _reason_and_message(previous):
        return EventRecord(True, reason, f"{name}: {variant['message']}", name)
    if reason is Reason.AVAILABLE and previous and previous["reason"] not in _NO_WARNING:
        return EventRecord(False, reason, f"{name}: ready", name)
    return None


def _name(variant: Json) -> str:
    return str(variant["name"])


def _reason_and_message(entry: Json) -> tuple[Any, str]:
    """Without numbers: "0/120 nodes are available" is no news if there are 121 nodes now."""
    return entry.get("reason"), _NUMBER.sub("#", entry.get("message") or "")


def _backend_records(previous: Json, status: Json) -> Iterator[EventRecord]:
    before, ready = _condition(previous, ConditionType.READY), _condition(status, ConditionType.READY)
    if ready["status"] == "True" and before.get("status") != "True":
        yield EventRecord(False, Reason(ready["reason"]), ready["message"])
    before = _condition(previous, ConditionType.RECONCILED)
    reconciled = _condition(status, ConditionType.RECONCILED)
    is_new = reconciled["status"] == "False" and _reason_and_message(before) != _reason_and_message(
        reconciled
    )
    variant_messages = " ".join(variant["message"] for variant in status["variants"])
    reason = Reason(reconciled["reason"])
    if is_new and reconciled["message"] not in variant_messages and reason not in _NOT_RECORDED:
        yield EventRecord(reason not in _NO_WARNING, reason, reconciled["message"])


def _condition(status: Json, type_: ConditionType) -> Json:
    matching = (condition for condition in status.get("conditions") or [] if condition["type"] == type_)
    return next(matching, {})


def event_ref(involved: InvolvedObject, record: EventRecord) -> ObjectReference:
    """Reference of the Event; repetitions of a record have the same reference."""
    name = f"{involved.ref.name}.{digest([involved.uid, record.reason, record.variant])}"
    return ObjectReference("v1", "Event", involved.ref.namespace, name)


def event(
    involved: InvolvedObject, record: EventRecord, existing: Json | None, now: datetime
) -> dict[str, Any]:
    """The core v1 Event. `existing`: the Event of earlier repetitions; its count increases."""
    ref = event_ref(involved, record)
    earlier = existing or {}
    return {
        "apiVersion": ref.api_version,
        "kind": ref.kind,
        "metadata": {"name": ref.name, "namespace": ref.namespace},
        "involvedObject": {
            "apiVersion": involved.ref.api_version,
            "kind": involved.ref.kind,
            "namespace": involved.ref.namespace,
            "name": involved.ref.name,
            "uid": involved.uid,
        },
        "type": "Warning" if record.is_warning else "Normal",
        "reason": str(record.reason),
        "message": truncated(record.message, _MAX_MESSAGE),
        "source": {"component": FIELD_MANAGER},
        "reportingComponent": FIELD_MANAGER,
        "firstTimestamp": earlier.get("firstTimestamp") or timestamp(now),
        "lastTimestamp": timestamp(now),
        "count": (earlier.get("count") or 0) + 1,
    }
