"""A level-triggered queue: keys of things to look at, each once however often it is asked for.

Knows nothing of Kubernetes. One key is with one worker at a time; a key that is added meanwhile comes back.
Everything is to be called from the event loop's thread.
"""

import asyncio
import random
import time
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

Key = TypeVar("Key")

FIRST_DELAY_SECONDS = 0.5
LONGEST_DELAY_SECONDS = 60.0
"""Backoff doubles from the first to the longest; a person who mends something waits no longer than this."""


class Counting(Protocol):
    """Who counts what happens in the queue; seconds are those since the step before."""

    def added(self) -> None:
        """A key waits that did not."""

    def taken(self, waited: float) -> None:
        """A worker took a key."""

    def finished(self, worked: float) -> None:
        """A worker is done with a key."""

    def retried(self) -> None:
        """A key will come again since it failed."""


class WorkQueue(Generic[Key]):
    """Keys in the order they were added. `spread` answers 0..1: failing keys shall not march in step."""

    def __init__(
        self,
        spread: Callable[[], float] = random.random,
        first_delay: float = FIRST_DELAY_SECONDS,
        longest_delay: float = LONGEST_DELAY_SECONDS,
        counting: Counting | None = None,
    ) -> None:
        self._counting = counting
        self._since: dict[Key, float] = {}
        self._ready: asyncio.Queue[Key] = asyncio.Queue()
        self._waiting: set[Key] = set()
        self._working: set[Key] = set()
        self._again: set[Key] = set()
        self._failures: dict[Key, int] = {}
        self._backing_off: set[Key] = set()
        self._timers: dict[Key, asyncio.TimerHandle] = {}
        self._spread = spread
        self._first_delay = first_delay
        self._longest_delay = longest_delay

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, key: Key) -> None:
        """Has the key looked at as soon as a worker is free."""
        if key in self._working:
            self._again.add(key)
        elif key not in self._waiting:
            self._waiting.add(key)
            self._ready.put_nowait(key)
            self._step(key)
            if self._counting:
                self._counting.added()

    def add_after(self, key: Key, seconds: float) -> None:
        """Has the key looked at after some time; an earlier time that was asked for stays."""
        loop = asyncio.get_running_loop()
        known = self._timers.get(key)
        if known and known.when() <= loop.time() + seconds:
            return
        if known:
            known.cancel()
        self._timers[key] = loop.call_later(seconds, self._ring, key)

    def _ring(self, key: Key) -> None:
        self._timers.pop(key, None)
        self._backing_off.discard(key)
        self.add(key)

    async def take(self) -> Key:
        """The next key; `done` or `failed` must follow."""
        key = await self._ready.get()
        self._waiting.discard(key)
        self._working.add(key)
        waited = self._step(key)
        if self._counting:
            self._counting.taken(waited)
        return key

    def done(self, key: Key) -> None:
        """All is well with the key: its next failure is its first."""
        self._failures.pop(key, None)
        self._backing_off.discard(key)
        self._release(key)

    def failed(self, key: Key) -> float:
        """Has the key looked at again later, and later each time; answers in how many seconds.

        A failure before that time is up counts as the same one: events in between must not add to the delay.
        """
        if key not in self._backing_off:
            self._backing_off.add(key)
            self._failures[key] = self._failures.get(key, 0) + 1
        failures = self._failures[key] - 1
        # 2.0**16 is past the longest delay: higher powers would only grow the number.
        doubled = self._first_delay * 2.0 ** min(failures, 16)
        delay = min(doubled, self._longest_delay) * (0.75 + 0.25 * self._spread())
        self.add_after(key, delay)
        if self._counting:
            self._counting.retried()
        self._release(key)
        return delay

    def _release(self, key: Key) -> None:
        self._working.discard(key)
        worked = self._step(key)
        del self._since[key]
        if self._counting:
            self._counting.finished(worked)
        if key in self._again:
            self._again.discard(key)
            self.add(key)

    def longest_work(self) -> float:
        """Seconds that the oldest key now with a worker has been there; 0 when none is."""
        now = time.monotonic()
        return max((now - self._since[key] for key in self._working), default=0.0)

    def _step(self, key: Key) -> float:
        """Seconds since the key's last step; this is the next."""
        now = time.monotonic()
        before, self._since[key] = self._since.get(key, now), now
        return now - before

    def close(self) -> None:
        """Forgets what was to come later."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
