"""A level-triggered queue: keys of things to look at, each once however often it is asked for.

Knows nothing of Kubernetes. One key is with one worker at a time; a key that is added meanwhile comes back.
Everything is to be called from the event loop's thread.
"""

import asyncio
import random
from collections.abc import Callable
from typing import Generic, TypeVar

Key = TypeVar("Key")

FIRST_DELAY_SECONDS = 0.5
LONGEST_DELAY_SECONDS = 60.0
"""Backoff doubles from the first to the longest; a person who mends something waits no longer than this."""


class WorkQueue(Generic[Key]):
    """Keys in the order they were added. `spread` answers 0..1: failing keys shall not march in step."""

    def __init__(
        self,
        spread: Callable[[], float] = random.random,
        first_delay: float = FIRST_DELAY_SECONDS,
        longest_delay: float = LONGEST_DELAY_SECONDS,
    ) -> None:
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
        self._release(key)
        return delay

    def _release(self, key: Key) -> None:
        self._working.discard(key)
        if key in self._again:
            self._again.discard(key)
            self.add(key)

    def close(self) -> None:
        """Forgets what was to come later."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
