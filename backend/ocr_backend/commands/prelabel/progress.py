"""How far a project is: a bar on a terminal, else a line in the log every few seconds.

Knows only the tally; `running` and `walking` count in it, `command` shows it.
"""

import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

logger = logging.getLogger(__name__)

_SECONDS_BETWEEN_LINES = 5.0
_SECONDS_BETWEEN_LOOKS = 0.5


@dataclass
class Counters:
    """What has become of the tasks so far; `total` is 0 as long as it is not known, and may be a guess."""

    total: int = 0
    stored: int = 0
    failed: int = 0
    skipped: int = 0

    @property
    def passed(self) -> int:
        """The tasks that need no more work in this run."""
        return self.stored + self.failed + self.skipped

    @property
    def left(self) -> int:
        """The tasks that are still to come."""
        return max(self.total - self.passed, 0)

    def line(self, seconds: float) -> str:
        """One line on how far it is after so long.

        >>> Tally(total=100, stored=20, failed=5).line(10.0)
        '25 of 100 tasks: 20 stored, 5 failed, 0 had it already; 2.5 tasks/s, 30 s left'
        """
        said = (
            f"{self.passed} of {self.total or '?'} tasks: {self.stored} stored, {self.failed} failed, "
            f"{self.skipped} had it already"
        )
        worked = self.stored + self.failed
        if not worked or seconds <= 0:
            return said
        return f"{said}; {worked / seconds:.1f} tasks/s, {self.left * seconds / worked:.0f} s left"


@contextmanager
def shown(tally: Counters, console: Console, now: Callable[[], float] = time.monotonic) -> Iterator[None]:
    """Shows the tally as it grows, until the end of the context."""
    if console.is_terminal:
        with _bar(console) as bar, _log_above():
            task = bar.add_task("reading", total=None, failed=0)
            with _every(_SECONDS_BETWEEN_LOOKS, lambda: _update(bar, task, tally)):
                yield
        return
    begun = now()
    with _every(_SECONDS_BETWEEN_LINES, lambda: logger.info("%s", tally.line(now() - begun))):
        yield


def _bar(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("[red]{task.fields[failed]} failed"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
    )


def _update(bar: Progress, task: TaskID, tally: Counters) -> None:
    bar.update(task, completed=tally.passed, total=tally.total or None, failed=tally.failed)


@contextmanager
def _log_above() -> Iterator[None]:
    """Lets the log write through what rich puts in place of standard error; else it would tear the bar."""
    logs = [one for one in logging.getLogger().handlers if isinstance(one, logging.StreamHandler)]
    own = [log for log in logs if log.stream is sys.__stderr__]
    for log in own:
        log.setStream(sys.stderr)
    try:
        yield
    finally:
        for log in own:
            log.setStream(sys.__stderr__)


@contextmanager
def _every(seconds: float, show: Callable[[], None]) -> Iterator[None]:
    """Calls `show` at the beginning, every so many seconds, and at the end."""
    is_over = threading.Event()

    def go_on() -> None:
        show()
        while not is_over.wait(seconds):
            show()

    thread = threading.Thread(target=go_on, name="progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()
        show()
