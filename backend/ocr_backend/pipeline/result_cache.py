"""Results of recently read images, so that an image is read once, even if several threads ask at a time.

Label Studio asks again for tasks that are open, and projects contain the same image many times. Knows no
images: a key stands for everything that a result depends on.
"""

import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Generic, Literal, TypeVar

from cachetools import LRUCache

from ocr_backend.errors import DeadlineExceededError

T = TypeVar("T")
LookupOutcome = Literal["hit", "joined", "miss"]
"""The result was cached; another thread was computing it; it was computed."""


class ResultCache(Generic[T]):
    """An LRU cache of results with a total size of `max_size`, as `size_of` measures them.

    With `max_size` 0 it is off. `on_lookup` is called with the outcome of each lookup; `clock()` is a
    monotonic time in seconds.
    """

    def __init__(
        self,
        max_size: int,
        size_of: Callable[[T], int],
        on_lookup: Callable[[LookupOutcome], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._is_off = max_size == 0
        self._size_of = size_of
        self._on_lookup = on_lookup
        self._clock = clock
        self._lock = threading.Lock()
        self._results: LRUCache[Hashable, T] = LRUCache(max_size, getsizeof=size_of)
        self._pending: dict[Hashable, Future[T]] = {}

    def get_or_compute(self, key: Hashable, compute: Callable[[], T], deadline: float) -> T:
        """The cached result of a key; `compute` makes it if there is none.

        Raises:
            DeadlineExceededError: another thread is still computing it at the deadline.
            Exception: whatever `compute` raises, in this thread or in the one that was waited for.
        """
        if self._is_off:
            return compute()
        while True:
            outcome, future = self._look_up(key)
            if outcome == "miss":
                self._on_lookup("miss")
                return self._compute(key, compute, future)
            try:
                result = future.result(max(deadline - self._clock(), 0.0))
            except DeadlineExceededError:
                continue  # the other thread's deadline, not this one's
            except TimeoutError as error:
                raise DeadlineExceededError from error
            self._on_lookup(outcome)
            return result

    def _look_up(self, key: Hashable) -> tuple[LookupOutcome, "Future[T]"]:
        """The future of a result; after a miss, the caller must complete it."""
        with self._lock:
            future: Future[T] = Future()
            if key in self._results:
                future.set_result(self._results[key])
                return "hit", future
            if key in self._pending:
                return "joined", self._pending[key]
            self._pending[key] = future
            return "miss", future

    def _compute(self, key: Hashable, compute: Callable[[], T], future: "Future[T]") -> T:
        try:
            result = compute()
        except BaseException as error:
            with self._lock:
                del self._pending[key]
            future.set_exception(error)
            raise
        with self._lock:
            del self._pending[key]
            if self._size_of(result) <= self._results.maxsize:
                self._results[key] = result
        future.set_result(result)
        return result
