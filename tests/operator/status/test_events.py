"""Which changes of a status become Events, and that a repeated problem is one Event with a count."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from ocr_operator.api.names import API_VERSION, KIND, ObjectReference
from ocr_operator.api.reasons import Reason
from ocr_operator.status.events import EventRecord, InvolvedObject, event, event_records, event_ref

BACKEND = ObjectReference(API_VERSION, KIND, "labs", "ocr")
INVOLVED = InvolvedObject(BACKEND, "uid-1")
PULL = "pod ocr-1: not found; check spec.image"


def _status(reason: str, message: str = "", ready: str = "False", reconciled: str = "") -> dict[str, Any]:
    variant = {
        "name": "ch-mobile",
        "language": "ch",
        "modelType": "mobile",
        "reason": reason,
        "message": message,
    }
    conditions = [
        {"type": "Ready", "status": ready, "reason": reason, "message": f"backend: {message}"},
        {
            "type": "Reconciled",
            "status": "False" if reconciled else "True",
            "reason": reconciled or "Applied",
            "message": f"reconciled: {reconciled}",
        },
    ]
    return {"variants": [variant], "conditions": conditions}


STARTING = _status("Starting")
FAILED = _status("ImagePullFailed", PULL)
READY = _status("Available", ready="True")


@pytest.mark.parametrize(
    ("previous", "status", "expected"),
    [
        pytest.param({}, STARTING, [], id="a start is not recorded"),
        pytest.param(FAILED, FAILED, [], id="the same problem as before"),
        pytest.param(
            STARTING,
            FAILED,
            [EventRecord(True, Reason.IMAGE_PULL_FAILED, f"ch-mobile: {PULL}", "ch-mobile")],
            id="a problem",
        ),
        pytest.param(
            FAILED,
            _status("ImagePullFailed", "refused"),
            [EventRecord(True, Reason.IMAGE_PULL_FAILED, "ch-mobile: refused", "ch-mobile")],
            id="the problem has another message",
        ),
        pytest.param(
            _status("Unschedulable", "0/120 nodes are available"),
            _status("Unschedulable", "0/121 nodes are available"),
            [],
            id="only a number in the message has changed",
        ),
        pytest.param(
            FAILED,
            READY,
            [EventRecord(False, Reason.AVAILABLE, "backend: ")],
            id="all variants have recovered",
        ),
        pytest.param(
            FAILED,
            _status("Available"),
            [EventRecord(False, Reason.AVAILABLE, "ch-mobile: ready", "ch-mobile")],
            id="one variant has recovered",
        ),
        pytest.param(
            READY,
            _status("Available", ready="True", reconciled="Conflict"),
            [EventRecord(True, Reason.CONFLICT, "reconciled: Conflict")],
            id="an object cannot be written",
        ),
        pytest.param(
            READY,
            _status("Available", ready="True", reconciled="Paused"),
            [EventRecord(False, Reason.PAUSED, "reconciled: Paused")],
            id="a pause is not a warning",
        ),
        pytest.param(
            READY,
            _status("Available", ready="True", reconciled="ApiError"),
            [],
            id="an error of the API server is not recorded",
        ),
        pytest.param(
            READY,
            _status("Available", ready="True", reconciled="ApiMissing"),
            [EventRecord(True, Reason.API_MISSING, "reconciled: ApiMissing")],
            id="an API is missing",
        ),
        pytest.param(
            {"variants": [STARTING["variants"][0] | {"reason": "OfANewerVersion"}]},
            READY,
            [EventRecord(False, Reason.AVAILABLE, "backend: ")],
            id="the previous reason is unknown to this version",
        ),
    ],
)
def test_the_events_of_a_change(
    previous: dict[str, Any], status: dict[str, Any], expected: list[EventRecord]
) -> None:
    assert event_records(previous, status) == expected


def test_a_repeated_problem_is_one_event_with_a_count(now: datetime) -> None:
    problem = EventRecord(True, Reason.OOM_KILLED, "x" * 2000, "ch-mobile")
    first = event(INVOLVED, problem, None, now)
    again = event(INVOLVED, problem, first, now + timedelta(minutes=5))
    assert (
        first["metadata"]
        == again["metadata"]
        == {
            "name": event_ref(INVOLVED, problem).name,
            "namespace": "labs",
        }
    )
    assert (first["count"], again["count"]) == (1, 2)
    assert again["firstTimestamp"] == "2026-11-23T12:00:00Z"
    assert again["lastTimestamp"] == "2026-11-23T12:05:00Z"
    assert (again["type"], again["reason"]) == ("Warning", "OOMKilled")
    assert len(again["message"]) == 1024


@pytest.mark.parametrize(
    ("uid", "record"),
    [
        pytest.param("uid-2", EventRecord(True, Reason.OOM_KILLED, "", "ch-mobile"), id="a new object"),
        pytest.param("uid-1", EventRecord(True, Reason.INVALID, "", "ch-mobile"), id="another reason"),
        pytest.param("uid-1", EventRecord(True, Reason.OOM_KILLED, "", "en-mobile"), id="another variant"),
    ],
)
def test_another_problem_is_another_event(uid: str, record: EventRecord) -> None:
    first = event_ref(INVOLVED, EventRecord(True, Reason.OOM_KILLED, "", "ch-mobile"))
    assert event_ref(InvolvedObject(BACKEND, uid), record) != first
