"""Which changes of a status are told as Events, and that the same trouble is one Event that counts."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from ocr_operator.api.names import API_VERSION, KIND, ObjectReference
from ocr_operator.api.reasons import Reason
from ocr_operator.status.events import EventRecord, event, event_records, event_ref

BACKEND = ObjectReference(API_VERSION, KIND, "labs", "ocr")
PULL = "pod ocr-1: not found; check spec.image"


def _status(reason: str, message: str = "", ready: str = "False", reconciled: str = "") -> dict[str, Any]:
    variant = {"language": "ch", "modelType": "mobile", "reason": reason, "message": message}
    conditions = [
        {"type": "Ready", "status": ready, "reason": reason, "message": f"of all: {message}"},
        {
            "type": "Reconciled",
            "status": "False" if reconciled else "True",
            "reason": reconciled or "Applied",
            "message": f"said of {reconciled}",
        },
    ]
    return {"variants": [variant], "conditions": conditions}


STARTING = _status("Starting")
FAILED = _status("ImagePullFailed", PULL)
SERVES = _status("Available", ready="True")


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        pytest.param({}, STARTING, [], id="a start is no news"),
        pytest.param(FAILED, FAILED, [], id="the same trouble as before"),
        pytest.param(
            STARTING,
            FAILED,
            [EventRecord(True, Reason.IMAGE_PULL_FAILED, f"ch/mobile: {PULL}", "ch/mobile")],
            id="a trouble",
        ),
        pytest.param(
            FAILED,
            _status("ImagePullFailed", "refused"),
            [EventRecord(True, Reason.IMAGE_PULL_FAILED, "ch/mobile: refused", "ch/mobile")],
            id="the trouble says something else",
        ),
        pytest.param(
            FAILED, SERVES, [EventRecord(False, Reason.AVAILABLE, "of all: ")], id="all is well again"
        ),
        pytest.param(
            FAILED,
            _status("Available"),
            [EventRecord(False, Reason.AVAILABLE, "ch/mobile: serves", "ch/mobile")],
            id="one is well again and another is not",
        ),
        pytest.param(
            SERVES,
            _status("Available", ready="True", reconciled="Conflict"),
            [EventRecord(True, Reason.CONFLICT, "said of Conflict")],
            id="a child cannot be written",
        ),
        pytest.param(
            SERVES,
            _status("Available", ready="True", reconciled="Paused"),
            [EventRecord(False, Reason.PAUSED, "said of Paused")],
            id="a pause is not a warning",
        ),
        pytest.param(
            SERVES,
            _status("Available", ready="True", reconciled="ApiError"),
            [],
            id="a trouble of the API server comes and goes",
        ),
        pytest.param(
            SERVES,
            _status("Available", ready="True", reconciled="ApiMissing"),
            [EventRecord(True, Reason.API_MISSING, "said of ApiMissing")],
            id="a child has no API",
        ),
        pytest.param(
            {"variants": [STARTING["variants"][0] | {"reason": "OfANewerVersion"}]},
            SERVES,
            [EventRecord(False, Reason.AVAILABLE, "of all: ")],
            id="the reason before is one that this version does not know",
        ),
    ],
)
def test_a_change_is_told(before: dict[str, Any], after: dict[str, Any], told: list[EventRecord]) -> None:
    assert event_records(before, after) == told


def test_the_same_trouble_is_one_event_that_counts(now: datetime) -> None:
    trouble = EventRecord(True, Reason.OOM_KILLED, "x" * 2000, "ch/mobile")
    first = event(BACKEND, "uid-1", trouble, None, now)
    again = event(BACKEND, "uid-1", trouble, first, now + timedelta(minutes=5))
    assert (
        first["metadata"]
        == again["metadata"]
        == {
            "name": event_ref(BACKEND, "uid-1", trouble).name,
            "namespace": "labs",
        }
    )
    assert (first["count"], again["count"]) == (1, 2)
    assert again["firstTimestamp"] == "2026-11-23T12:00:00Z"
    assert again["lastTimestamp"] == "2026-11-23T12:05:00Z"
    assert (again["type"], again["reason"]) == ("Warning", "OOMKilled")
    assert len(again["message"]) == 1024


@pytest.mark.parametrize(
    ("uid", "happening"),
    [
        pytest.param("uid-2", EventRecord(True, Reason.OOM_KILLED, "", "ch/mobile"), id="a new object"),
        pytest.param("uid-1", EventRecord(True, Reason.INVALID, "", "ch/mobile"), id="another reason"),
        pytest.param("uid-1", EventRecord(True, Reason.OOM_KILLED, "", "en/mobile"), id="another variant"),
    ],
)
def test_another_trouble_is_another_event(uid: str, happening: EventRecord) -> None:
    one = event_ref(BACKEND, "uid-1", EventRecord(True, Reason.OOM_KILLED, "", "ch/mobile"))
    assert event_ref(BACKEND, uid, happening) != one
