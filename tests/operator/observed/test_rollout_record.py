"""A rollout record survives being written and read; any other text is an empty record."""

import json

import pytest

from ocr_operator.observed.rollout_record import Candidate, LastGood, Record, RolledBack, record

GOOD = LastGood("a1", {"metadata": {"labels": {"ocrbackend.io/revision": "a1"}}, "spec": {"containers": []}})
BACK = RolledBack("b2", "OOMKilled", "pod x ended", "2026-11-23T12:00:00Z")


@pytest.mark.parametrize(
    "written",
    [
        Record(),
        Record(GOOD),
        Record(GOOD, Candidate("b2", "2026-11-23T12:00:00Z")),
        Record(GOOD, rolled_back=BACK),
    ],
)
def test_a_record_is_read_back(written: Record) -> None:
    assert record(written.text) == written


def test_an_empty_record_has_no_text() -> None:
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
def test_any_other_text_is_an_empty_record(text: str) -> None:
    assert record(text) == Record()


def test_an_unknown_reason_of_a_newer_operator_becomes_a_known_one() -> None:
    text = Record(GOOD, rolled_back=BACK).text.replace("OOMKilled", "NotYetInvented")
    rolled_back = record(text).rolled_back
    assert rolled_back is not None
    assert rolled_back.reason == "ProgressDeadlineExceeded"
