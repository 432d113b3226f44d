"""Threads that serve several lists of jobs in turn, so that a drawn box need not wait for five hundred pages.

Knows nothing of images; `pipeline` gives it the jobs of each request.
"""

import contextvars
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from functools import partial
from typing import Any, TypeVar

T = TypeVar("T")
Entry = tuple["Future[Any]", Callable[[], Any]]


class FairScheduler:
    """`threads` threads; each takes one job of each list in turn, the jobs of a list in their order.

    `tell_waiting` is given the number of jobs that have not begun whenever it changes. `now()` is in seconds
    and only goes forward.
    """

    def __init__(
        self,
        threads: int,
        tell_waiting: Callable[[int], None] = lambda _: None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tell_waiting = tell_waiting
        self._now = now
        self._waiting = 0
        self._changed = threading.Condition()
        self._lists: deque[deque[Entry]] = deque()
        self._started: dict[int, float] = {}
        self._is_stopped = False
        for number in range(threads):
            threading.Thread(target=self._work, args=(number,), name=f"images-{number}", daemon=True).start()

    def run(self, jobs: Sequence[Callable[[], T]], until: float) -> list[T | None]:
        """The results in the order of the jobs; None for those that were not done by `until`.

        Jobs that have begun go on to their end, the others are dropped. A job that raises makes this raise.
        """
        entries: deque[Entry] = deque()
        for job in jobs:
            entries.append((Future(), partial(contextvars.copy_context().run, job)))
        futures: list[Future[T]] = [future for future, _ in entries]
        with self._changed:
            if self._is_stopped or not entries:
                return [None] * len(futures)
            self._lists.append(entries)
            self._count(len(entries))
            self._changed.notify_all()
        wait(futures, timeout=max(until - self._now(), 0.0))
        with self._changed:
            self._drop(futures)
        return [future.result() if future.done() and not future.cancelled() else None for future in futures]

    def stop(self) -> None:
        """Drops what has not begun, of every list, now and later."""
        with self._changed:
            self._is_stopped = True
            self._drop([future for entries in self._lists for future, _ in entries])
            self._lists.clear()
            self._changed.notify_all()

    def oldest_seconds(self) -> float:
        """For how long the oldest of the jobs that have begun has been running; 0 if none is."""
        with self._changed:
            return self._now() - min(self._started.values(), default=self._now())

    def _work(self, number: int) -> None:
        while (entry := self._next(number)) is not None:
            future, job = entry
            try:
                future.set_result(job())
            except BaseException as error:  # as concurrent.futures does: the one who waits gets it
                future.set_exception(error)

    def _next(self, number: int) -> Entry | None:
        with self._changed:
            self._started.pop(number, None)
            while not self._is_stopped:
                entry = self._taken()
                if entry is None:
                    self._changed.wait()
                elif not entry[0].cancelled():
                    entry[0].set_running_or_notify_cancel()
                    self._count(-1)
                    self._started[number] = self._now()
                    return entry
            return None

    def _drop(self, futures: Sequence["Future[Any]"]) -> None:
        dropped = [future for future in futures if not future.cancelled() and future.cancel()]
        for future in dropped:
            future.set_running_or_notify_cancel()  # wakes the one who waits for it
        self._count(-len(dropped))

    def _count(self, more: int) -> None:
        self._waiting += more
        self._tell_waiting(self._waiting)

    def _taken(self) -> Entry | None:
        """The first job of the list whose turn it is, which then goes to the end."""
        if not self._lists:
            return None
        entries = self._lists.popleft()
        entry = entries.popleft()
        if entries:
            self._lists.append(entries)
        return entry
