"""Threads that run the jobs of several requests round-robin.

So a drawn box does not wait for the five hundred pages of another request. Knows nothing of images.
"""

import contextvars
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, wait
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar

T = TypeVar("T")
Entry = tuple["Future[Any]", Callable[[], Any]]


class _CurrentJob(threading.local):
    """What the job of this thread reports its progress to; nothing outside of a job."""

    set_running: Callable[[bool], None] = staticmethod(lambda _: None)


_current_job = _CurrentJob()


def report_progress() -> None:
    """Says that the job of this thread has done a part of its work, such as a page."""
    _current_job.set_running(True)


@contextmanager
def waiting() -> Iterator[None]:
    """Says that the job of this thread waits for others; such jobs are not running."""
    _current_job.set_running(False)
    try:
        yield
    finally:
        _current_job.set_running(True)


class FairScheduler:
    """Runs jobs in `threads` threads: one job of each request in turn, the jobs of a request in order.

    `on_queue_length` is called with the number of jobs that have not started whenever it changes. `clock()`
    is a monotonic time in seconds.
    """

    def __init__(
        self,
        threads: int,
        on_queue_length: Callable[[int], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._on_queue_length = on_queue_length
        self._clock = clock
        self._queue_length = 0
        self._changed = threading.Condition()
        self._queues: deque[deque[Entry]] = deque()
        self._start_times: dict[int, float] = {}
        self._is_stopped = False
        for number in range(threads):
            threading.Thread(target=self._work, args=(number,), name=f"images-{number}", daemon=True).start()

    def run(self, jobs: Sequence[Callable[[], T]], deadline: float) -> list[T | None]:
        """The results in the order of the jobs; None for jobs that have not finished at the deadline.

        At the deadline, running jobs continue and the others are dropped. An exception of a job is raised
        here.
        """
        queue: deque[Entry] = deque()
        for job in jobs:
            queue.append((Future(), partial(contextvars.copy_context().run, job)))
        futures: list[Future[T]] = [future for future, _ in queue]
        with self._changed:
            if self._is_stopped or not queue:
                return [None] * len(futures)
            self._queues.append(queue)
            self._change_queue_length(len(queue))
            self._changed.notify_all()
        wait(futures, timeout=max(deadline - self._clock(), 0.0))
        with self._changed:
            self._drop(futures)
        return [future.result() if future.done() and not future.cancelled() else None for future in futures]

    def stop(self) -> None:
        """Drops all jobs that have not started, now and later."""
        with self._changed:
            self._is_stopped = True
            self._drop([future for queue in self._queues for future, _ in queue])
            self._queues.clear()
            self._changed.notify_all()

    def longest_silence_seconds(self) -> float:
        """The longest time since a running job started or reported progress; 0 if none is running."""
        with self._changed:
            return self._clock() - min(self._start_times.values(), default=self._clock())

    def _work(self, thread_number: int) -> None:
        _current_job.set_running = partial(self._set_running, thread_number)
        while (entry := self._next_entry(thread_number)) is not None:
            future, job = entry
            try:
                future.set_result(job())
            except BaseException as error:  # as concurrent.futures does: the waiting thread raises it
                future.set_exception(error)

    def _set_running(self, thread_number: int, is_running: bool) -> None:
        with self._changed:
            if is_running:
                self._start_times[thread_number] = self._clock()
            else:
                self._start_times.pop(thread_number, None)

    def _next_entry(self, thread_number: int) -> Entry | None:
        """Waits for the next job and marks it as started; None after a stop."""
        with self._changed:
            self._start_times.pop(thread_number, None)
            entry = self._pop_entry()
            while entry is None and not self._is_stopped:
                self._changed.wait()
                entry = self._pop_entry()
            if entry is None:
                return None
            entry[0].set_running_or_notify_cancel()
            self._change_queue_length(-1)
            self._start_times[thread_number] = self._clock()
            return entry

    def _pop_entry(self) -> Entry | None:
        """The next job of the first request; that request then moves to the end of the line."""
        while self._queues:
            queue = self._queues.popleft()
            entry = queue.popleft()
            if queue:
                self._queues.append(queue)
            if not entry[0].cancelled():
                return entry
        return None

    def _drop(self, futures: Sequence["Future[Any]"]) -> None:
        dropped = [future for future in futures if not future.cancelled() and future.cancel()]
        for future in dropped:
            future.set_running_or_notify_cancel()  # wakes the thread that waits for it
        self._change_queue_length(-len(dropped))

    def _change_queue_length(self, difference: int) -> None:
        self._queue_length += difference
        self._on_queue_length(self._queue_length)
