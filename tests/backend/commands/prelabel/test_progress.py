"""Progress with and without a terminal."""

import io
import logging
import re

import pytest
from rich.console import Console

from ocr_backend.commands.prelabel.progress import Counters, show_progress


@pytest.mark.parametrize(
    ("counters", "line"),
    [
        (Counters(), "0 of ? tasks: 0 stored, 0 failed, 0 skipped"),
        (
            Counters(total=100, stored=20, failed=5),
            "25 of 100 tasks: 20 stored, 5 failed, 0 skipped; 2.5 tasks/s, 30 s left",
        ),
        (Counters(total=100, skipped=90), "90 of 100 tasks: 0 stored, 0 failed, 90 skipped"),
        (
            Counters(total=10, stored=20),
            "20 of 10 tasks: 20 stored, 0 failed, 0 skipped; 2.0 tasks/s, 0 s left",
        ),
    ],
)
def test_a_line_has_the_counts_the_rate_and_the_time_left(counters: Counters, line: str) -> None:
    assert counters.line(10.0) == line


def test_without_a_terminal_progress_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    counters, out = Counters(total=2), io.StringIO()
    with show_progress(counters, Console(file=out)):
        counters.stored = 2
    messages = [record.getMessage() for record in caplog.records]
    assert len(messages) >= 2  # at the start and at the end
    assert messages[-1].startswith("2 of 2 tasks: 2 stored, 0 failed, 0 skipped; ")
    assert out.getvalue() == ""


def test_on_a_terminal_a_bar_is_drawn(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    counters, out = Counters(total=4), io.StringIO()
    with show_progress(counters, Console(file=out, force_terminal=True, width=100)):
        counters.stored, counters.failed = 3, 1
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", out.getvalue())
    assert "4/4" in plain
    assert "1 failed" in plain
    assert caplog.records == []
