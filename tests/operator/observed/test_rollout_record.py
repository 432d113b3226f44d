"""What a Deployment remembers comes back as it was; what nobody of ours wrote is nothing."""

import json

import pytest

from ocr_operator.observed.rollout_record import Candidate, LastGood, Record, RolledBack, record

GOOD = LastGood("a1", {"metadata": {"labels": {"ocrbackend.io/revision": "a1"}}, "spec": {"containers": []}})
BACK = RolledBack("b2", "OOMKilled", "pod x ended", "2026-11-23T12:00:00Z")


@pytest.mark.parametrize(
    "told",
    [
        Record(),
        Record(GOOD),
        Record(GOOD, Candidate("b2", "2026-11-23T12:00:00Z")),
        Record(GOOD, rolled_back=BACK),
    ],
)
def test_a_record_is_read_back(told: Record) -> None:
    assert record(told.text) == told


def test_nothing_to_remember_is_no_text() -> None:
    assert Record().text == ""


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "3",
        '{"good": {}}',
        '{"good": 3}',
        '{"good": {"revision": "x", "template": {}}}',
        json.dumps({"good": {"revision": "b2", "template": GOOD.template}}),
        '{"candidate": {"revision": "x", "since": "yesterday"}}',
        '{"rolled_back": {"revision": "x"}}',
    ],
)
def test_what_no_operator_writes_is_nothing(text: str) -> None:
    assert record(text) == Record()


def test_a_reason_of_a_newer_operator_is_told_as_one_that_every_status_may_have() -> None:
    text = Record(GOOD, rolled_back=BACK).text.replace("OOMKilled", "NotYetInvented")
    found = record(text).rolled_back
    assert found is not None
    assert found.reason == "ProgressDeadlineExceeded"
