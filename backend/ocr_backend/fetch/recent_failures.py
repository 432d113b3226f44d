"""Remembers what failed recently, so that it does not hold up the rest again. Pure but for its clock."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass

_MAX_KEYS = 10_000  # more than a project has files in one request; bounds the memory


@dataclass
class _Failures:
    count: int = 0
    retry_at: float = 0.0


class RecentFailures:
    """Keys that failed `limit` times in a row are failing for `seconds`. `now()` is a clock in seconds."""

    def __init__(self, limit: int, seconds: float, now: Callable[[], float]) -> None:
        self._limit = limit
        self._seconds = seconds
        self._now = now
        self._lock = threading.Lock()
        self._failures: OrderedDict[Hashable, _Failures] = OrderedDict()

    def record_failure(self, key: Hashable) -> None:
        """Counts a failure."""
        with self._lock:
            failures = self._failures.setdefault(key, _Failures())
            failures.count += 1
            failures.retry_at = self._now() + self._seconds
            self._failures.move_to_end(key)
            if len(self._failures) > _MAX_KEYS:
                self._failures.popitem(last=False)

    def record_success(self, key: Hashable) -> None:
        """Forgets the failures of a key."""
        with self._lock:
            self._failures.pop(key, None)

    def is_failing(self, key: Hashable) -> bool:
        """Whether the key failed too often, and not long ago."""
        with self._lock:
            return self._seconds_left(key) > 0

    def seconds_until_retry(self, key: Hashable) -> float:
        """How long to pass over a key; 0 to try it. After each wait, only the first caller may try."""
        with self._lock:
            left = self._seconds_left(key)
            failures = self._failures.get(key)
            if left == 0 and failures is not None and failures.count >= self._limit:
                failures.retry_at = self._now() + self._seconds
            return left

    def _seconds_left(self, key: Hashable) -> float:
        failures = self._failures.get(key)
        if failures is None or failures.count < self._limit:
            return 0.0
        return max(failures.retry_at - self._now(), 0.0)
