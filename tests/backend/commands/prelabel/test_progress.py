"""How progress is told, with and without a terminal."""

import io
import logging
import re

import pytest
from rich.console import Console

from ocr_backend.commands.prelabel.progress import Counters, shown


@pytest.mark.parametrize(
    ("tally", "line"),
    [
        (Counters(), "0 of ? tasks: 0 stored, 0 failed, 0 had it already"),
        (
            Counters(total=100, stored=20, failed=5),
            "25 of 100 tasks: 20 stored, 5 failed, 0 had it already; 2.5 tasks/s, 30 s left",
        ),
        (Counters(total=100, skipped=90), "90 of 100 tasks: 0 stored, 0 failed, 90 had it already"),
        (
            Counters(total=10, stored=20),
            "20 of 10 tasks: 20 stored, 0 failed, 0 had it already; 2.0 tasks/s, 0 s left",
        ),
    ],
)
def test_a_line_says_what_is_done_and_how_long_the_rest_takes(tally: Counters, line: str) -> None:
    assert tally.line(10.0) == line


def test_without_a_terminal_lines_go_to_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    tally, out = Counters(total=2), io.StringIO()
    with shown(tally, Console(file=out)):
        tally.stored = 2
    said = [record.getMessage() for record in caplog.records]
    assert len(said) >= 2  # at the beginning and at the end
    assert said[-1].startswith("2 of 2 tasks: 2 stored, 0 failed, 0 had it already; ")
    assert out.getvalue() == ""


def test_on_a_terminal_a_bar_is_drawn(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    tally, out = Counters(total=4), io.StringIO()
    with shown(tally, Console(file=out, force_terminal=True, width=100)):
        tally.stored, tally.failed = 3, 1
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", out.getvalue())
    assert "4/4" in plain
    assert "1 failed" in plain
    assert caplog.records == []
