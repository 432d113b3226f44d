"""A level-triggered work queue: each key is in it once, however often it is added.

Knows nothing of Kubernetes. One worker at a time has a key; a key that is added meanwhile is queued again.
Every method must be called from the event loop's thread.
"""

import asyncio
import random
import time
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

Key = TypeVar("Key")

FIRST_DELAY_SECONDS = 0.5
LONGEST_DELAY_SECONDS = 60.0
"""The backoff doubles from the first delay to the longest; a fault that was mended is retried within this."""

_MAX_DOUBLINGS = 16
"""Past the longest delay: higher powers would only make large numbers."""


class QueueMetrics(Protocol):
    """Counts what happens in the queue. Seconds are those since the key's previous step."""

    def added(self) -> None:
        """A key was queued."""

    def started(self, waited: float) -> None:
        """A worker started with a key."""

    def finished(self, worked: float) -> None:
        """A worker finished a key."""

    def retried(self) -> None:
        """A key failed and will be retried."""


class WorkQueue(Generic[Key]):
    """Keys in the order in which they were added.

    `jitter`: returns 0 to 1, so that failing keys are not retried at the same time.
    """

    def __init__(
        self,
        jitter: Callable[[], float] = random.random,
        first_delay: float = FIRST_DELAY_SECONDS,
        longest_delay: float = LONGEST_DELAY_SECONDS,
        metrics: QueueMetrics | None = None,
    ) -> None:
        self._metrics = metrics
        self._step_started: dict[Key, float] = {}
        self._queue: asyncio.Queue[Key] = asyncio.Queue()
        self._queued: set[Key] = set()
        self._processing: set[Key] = set()
        self._added_while_processing: set[Key] = set()
        self._failures: dict[Key, int] = {}
        self._backing_off: set[Key] = set()
        self._timers: dict[Key, asyncio.TimerHandle] = {}
        self._jitter = jitter
        self._first_delay = first_delay
        self._longest_delay = longest_delay

    def __len__(self) -> int:
        return len(self._queued)

    def add(self, key: Key) -> None:
        """Queues the key, now or once its worker has finished."""
        if key in self._processing:
            self._added_while_processing.add(key)
            return
        if key in self._queued:
            return
        self._queued.add(key)
        self._queue.put_nowait(key)
        self._next_step(key)
        if self._metrics:
            self._metrics.added()

    def add_after(self, key: Key, seconds: float) -> None:
        """Queues the key after some time, or earlier if an earlier time was set before."""
        loop = asyncio.get_running_loop()
        timer = self._timers.get(key)
        if timer and timer.when() <= loop.time() + seconds:
            return
        if timer:
            timer.cancel()
        self._timers[key] = loop.call_later(seconds, self._timer_expired, key)

    def _timer_expired(self, key: Key) -> None:
        self._timers.pop(key, None)
        self._backing_off.discard(key)
        self.add(key)

    async def take(self) -> Key:
        """Waits for the next key; `done` or `failed` must follow."""
        key = await self._queue.get()
        self._queued.discard(key)
        self._processing.add(key)
        waited = self._next_step(key)
        if self._metrics:
            self._metrics.started(waited)
        return key

    def done(self, key: Key) -> None:
        """The key succeeded: its backoff starts from the beginning."""
        self._failures.pop(key, None)
        self._backing_off.discard(key)
        self._release(key)

    def failed(self, key: Key) -> float:
        """Retries the key with exponential backoff; returns the delay in seconds.

        Failures before the delay is over count as one: events in between must not lengthen it.
        """
        if key not in self._backing_off:
            self._backing_off.add(key)
            self._failures[key] = self._failures.get(key, 0) + 1
        delay = self._delay(self._failures[key])
        self.add_after(key, delay)
        if self._metrics:
            self._metrics.retried()
        self._release(key)
        return delay

    def _delay(self, failures: int) -> float:
        doubled = self._first_delay * 2.0 ** min(failures - 1, _MAX_DOUBLINGS)
        return min(doubled, self._longest_delay) * (0.75 + 0.25 * self._jitter())

    def _release(self, key: Key) -> None:
        self._processing.discard(key)
        worked = self._next_step(key)
        del self._step_started[key]
        if self._metrics:
            self._metrics.finished(worked)
        if key in self._added_while_processing:
            self._added_while_processing.discard(key)
            self.add(key)

    def longest_work(self) -> float:
        """Seconds for which a worker has had the oldest key in work; 0 if no key is in work."""
        now = time.monotonic()
        return max((now - self._step_started[key] for key in self._processing), default=0.0)

    def _next_step(self, key: Key) -> float:
        """Begins the key's next step; returns the seconds that the previous one took."""
        now = time.monotonic()
        previous, self._step_started[key] = self._step_started.get(key, now), now
        return now - previous

    def close(self) -> None:
        """Cancels all delayed keys."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
