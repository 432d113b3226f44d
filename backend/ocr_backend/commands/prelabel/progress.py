"""Shows the progress of a run: a bar on a terminal, otherwise a line in the log every few seconds.

Knows only the counters, which the other modules increase.
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

_LOG_INTERVAL_SECONDS = 5.0
_BAR_INTERVAL_SECONDS = 0.5


@dataclass
class Counters:
    """Number of tasks by outcome. `total` is 0 until it is known, and may be an estimate."""

    total: int = 0
    stored: int = 0
    failed: int = 0
    skipped: int = 0

    @property
    def processed(self) -> int:
        """The tasks that this run has finished."""
        return self.stored + self.failed + self.skipped

    @property
    def remaining(self) -> int:
        """The tasks that this run has not finished."""
        return max(self.total - self.processed, 0)

    @property
    def summary(self) -> str:
        """The outcomes so far; a skipped task already has its prediction, or was deleted."""
        return f"{self.stored} stored, {self.failed} failed, {self.skipped} skipped"

    def line(self, elapsed_seconds: float) -> str:
        """One line of progress.

        >>> Counters(total=100, stored=20, failed=5).line(10.0)
        '25 of 100 tasks: 20 stored, 5 failed, 0 skipped; 2.5 tasks/s, 30 s left'
        """
        line = f"{self.processed} of {self.total or '?'} tasks: {self.summary}"
        read = self.stored + self.failed
        if not read or elapsed_seconds <= 0:
            return line
        seconds_left = self.remaining * elapsed_seconds / read
        return f"{line}; {read / elapsed_seconds:.1f} tasks/s, {seconds_left:.0f} s left"


@contextmanager
def show_progress(
    counters: Counters, console: Console, now: Callable[[], float] = time.monotonic
) -> Iterator[None]:
    """Shows the counters until the end of the context."""
    if not console.is_terminal:
        started = now()
        with _periodically(_LOG_INTERVAL_SECONDS, lambda: logger.info("%s", counters.line(now() - started))):
            yield
        return
    with _bar(console) as bar, _log_above_bar():
        task = bar.add_task("reading", total=None, failed=0)
        with _periodically(_BAR_INTERVAL_SECONDS, lambda: _update(bar, task, counters)):
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


def _update(bar: Progress, task: TaskID, counters: Counters) -> None:
    bar.update(task, completed=counters.processed, total=counters.total or None, failed=counters.failed)


@contextmanager
def _log_above_bar() -> Iterator[None]:
    """Sends the log through rich's replacement of standard error, so that it does not break the bar."""
    handlers = [h for h in logging.getLogger().handlers if isinstance(h, logging.StreamHandler)]
    stderr_handlers = [handler for handler in handlers if handler.stream is sys.__stderr__]
    for handler in stderr_handlers:
        handler.setStream(sys.stderr)
    try:
        yield
    finally:
        for handler in stderr_handlers:
            handler.setStream(sys.__stderr__)


@contextmanager
def _periodically(seconds: float, call: Callable[[], None]) -> Iterator[None]:
    """Calls at the start, at this interval, and at the end."""
    is_over = threading.Event()

    def loop() -> None:
        call()
        while not is_over.wait(seconds):
            call()

    thread = threading.Thread(target=loop, name="progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()
        call()
