"""The page of doctor: one line a finding, with what to do below, in plain ASCII where that is needed."""

import json

import pytest

from ocr_backend.commands.doctor.findings import (
    as_json,
    as_lines,
    as_sum,
    bad,
    good,
    is_bad,
    skipped,
    warning,
)

ALL = [good("a", "fine"), warning("b", "so so", "look"), bad("c", "wrong", "mend it"), skipped("d", "later")]


@pytest.mark.parametrize(
    ("finding", "is_plain", "lines"),
    [
        pytest.param(ALL[0], False, ["✓ a              fine"], id="good"),
        pytest.param(ALL[1], False, ["! b              so so", "                 → look"], id="warning"),
        pytest.param(ALL[2], False, ["✗ c              wrong", "                 → mend it"], id="bad"),
        pytest.param(ALL[3], False, ["- d              later"], id="skipped"),
        pytest.param(ALL[0], True, ["ok  a              fine"], id="good, plain"),
        pytest.param(
            ALL[2], True, ["BAD c              wrong", "                   -> mend it"], id="bad, plain"
        ),
    ],
)
def test_a_finding_is_one_line_and_what_to_do_another(finding, is_plain, lines):
    assert as_lines(finding, is_plain).splitlines() == lines
    assert not is_plain or as_lines(finding, is_plain).isascii()


def test_the_sum_counts_each_state():
    assert as_sum(ALL) == "1 good, 1 to look at, 1 bad, 1 not checked"
    assert as_sum(ALL[:1]) == "1 good, 0 to look at, 0 bad"


def test_only_what_is_bad_is_bad():
    assert is_bad(ALL)
    assert not is_bad([ALL[0], ALL[1], ALL[3]])


def test_programs_get_all_of_it():
    told = json.loads(as_json(ALL, "1.2.3"))
    assert (told["version"], told["good"], len(told["findings"])) == ("1.2.3", False, 4)
    assert told["findings"][2] == {"check": "c", "state": "bad", "said": "wrong", "todo": "mend it"}
