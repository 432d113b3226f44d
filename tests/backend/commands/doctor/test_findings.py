"""Output of doctor: one line per finding, its action below, and plain ASCII if needed."""

import json

import pytest

from ocr_backend.commands.doctor.findings import (
    as_json,
    as_text,
    bad,
    good,
    is_bad,
    skipped,
    summary,
    warning,
)

ALL = [
    good("a", "fine"),
    warning("b", "so so", "check it"),
    bad("c", "wrong", "fix it"),
    skipped("d", "later"),
]


@pytest.mark.parametrize(
    ("finding", "is_plain", "lines"),
    [
        pytest.param(ALL[0], False, ["✓ a              fine"], id="good"),
        pytest.param(ALL[1], False, ["! b              so so", "                 → check it"], id="warning"),
        pytest.param(ALL[2], False, ["✗ c              wrong", "                 → fix it"], id="bad"),
        pytest.param(ALL[3], False, ["- d              later"], id="skipped"),
        pytest.param(ALL[0], True, ["ok  a              fine"], id="good, plain"),
        pytest.param(
            ALL[2], True, ["BAD c              wrong", "                   -> fix it"], id="bad, plain"
        ),
    ],
)
def test_a_finding_and_its_action_are_two_lines(finding, is_plain, lines):
    assert as_text(finding, is_plain).splitlines() == lines
    assert not is_plain or as_text(finding, is_plain).isascii()


def test_the_summary_counts_each_state():
    assert summary(ALL) == "1 good, 1 warning, 1 bad, 1 skipped"
    assert summary(ALL[:1]) == "1 good, 0 warnings, 0 bad"


def test_warnings_and_skipped_checks_are_not_bad():
    assert is_bad(ALL)
    assert not is_bad([ALL[0], ALL[1], ALL[3]])


def test_json_output_has_every_finding():
    content = json.loads(as_json(ALL, "1.2.3"))
    assert (content["version"], content["good"], len(content["findings"])) == ("1.2.3", False, 4)
    assert content["findings"][2] == {"check": "c", "state": "bad", "message": "wrong", "action": "fix it"}
