"""What was read of images lately, so that the same image is not read again, nor twice at the same time.

Label Studio asks again for what is open on somebody's page, and projects hold the same image many times.
Knows no images: a key stands for all that an answer depends on. `images` asks it.
"""

import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Generic, Literal, TypeVar

from cachetools import LRUCache

from ocr_backend.errors import LateError

T = TypeVar("T")
Outcome = Literal["hit", "joined", "miss"]
"""Known already; found being made by another thread, and waited for; made."""


class ResultCache(Generic[T]):
    """Keeps results up to `most` in all, as `size` counts them, the least recently used go first.

    With `most` 0 it keeps and shares nothing. `tell` hears what became of each question; `now()` is in
    seconds and only goes forward.
    """

    def __init__(
        self,
        most: int,
        size: Callable[[T], int],
        tell: Callable[[Outcome], None] = lambda _: None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._is_off = most == 0
        self._size = size
        self._tell = tell
        self._now = now
        self._lock = threading.Lock()
        self._kept: LRUCache[Hashable, T] = LRUCache(most, getsizeof=size)
        self._making: dict[Hashable, Future[T]] = {}

    def result(self, key: Hashable, make: Callable[[], T], until: float) -> T:
        """The result under a key, made by `make` where there is none; `until` is when it is needed at last.

        Raises:
            LateError: another thread is still making it then.
            whatever `make` raises, here or in the thread whose result was waited for.
        """
        if self._is_off:
            return make()
        while True:
            with self._lock:
                if key in self._kept:
                    self._tell("hit")
                    return self._kept[key]
                others = self._making.get(key)
                if others is None:
                    own = self._making[key] = Future()
                    break
            try:
                result = others.result(max(until - self._now(), 0.0))
            except LateError:
                continue  # the other's time was over, which says nothing of ours
            except TimeoutError as error:
                raise LateError from error
            self._tell("joined")
            return result
        self._tell("miss")
        return self._made(key, make, own)

    def _made(self, key: Hashable, make: Callable[[], T], own: "Future[T]") -> T:
        try:
            result = make()
        except BaseException as error:
            with self._lock:
                del self._making[key]
            own.set_exception(error)
            raise
        with self._lock:
            del self._making[key]
            if self._size(result) <= self._kept.maxsize:
                self._kept[key] = result
        own.set_result(result)
        return result
