"""The cause of a container's end, from logs in different formats."""

import json

import pytest

from ocr_operator.observed.termination_message import termination_message

AT = "2026-01-31T12:00:00.123Z"
TRACEBACK = 'Traceback (most recent call last):\n  File "x.py", line 1\nKeyError: 3'


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        pytest.param("", "", id="an empty log"),
        pytest.param("a\n\x1b[31mb\x1b[0m\n\n", "b", id="the last line, without colours"),
        pytest.param("a\nb:\n  c\n  d\n", "b:   c   d", id="with the line that it continues"),
        pytest.param("  \n  c", "  c", id="a continuation without its first line"),
        pytest.param(f"{AT} INFO x.y [-] a\n{AT} ERROR x.y [id] b", "b", id="without time and logger"),
        pytest.param(
            f"{AT} CRITICAL x.y [-] no model\n/usr/lib/x.py:1: UserWarning: leaked",
            "no model",
            id="the fatal entry",
        ),
        pytest.param(f"{AT} CRITICAL x [-] a\n{AT} CRITICAL x [-] b", "b", id="the last fatal entry"),
        pytest.param(
            f"{AT} CRITICAL x [-] not loaded\n{TRACEBACK}", "not loaded: KeyError: 3", id="with its error"
        ),
        pytest.param(
            json.dumps({"level": "CRITICAL", "message": "no model"}) + "\nleaked", "no model", id="JSON"
        ),
        pytest.param(
            json.dumps({"level": "CRITICAL", "message": "not loaded", "traceback": TRACEBACK}),
            "not loaded: KeyError: 3",
            id="JSON with its error",
        ),
        pytest.param('{"level": "CRIT', '{"level": "CRIT', id="truncated JSON"),
    ],
)
def test_the_message_that_explains_the_end_is_extracted(log: str, expected: str) -> None:
    assert termination_message(log) == expected
