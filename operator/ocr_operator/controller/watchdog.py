"""Tells whether the controller works: how long ago each watch was verified, and which tasks have failed.

Pure but for the clock. A broken watch looks like a quiet cluster; so `cache_check` lists what is watched from
time to time, and the functions here find the changes that no event has reported. While the API server does
not answer, nothing is known of the watches: a restart of this process would not help.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

Name = TypeVar("Name")

STALE_SECONDS = 180.0
"""A kind that was not verified for so long, although it could be listed, fails the liveness probe."""

INACTIVITY_SHARE = 0.4
"""Share of it after which a watch without events is opened again. There is time to do so twice, and 72 s of
180 are more than the minute in which an API server sends at least a bookmark."""

EVENT_DELAY_SECONDS = 10.0
"""How long an event may take to arrive."""


class Watchdog:
    """Times of the last verification by kind, and failed tasks. Before `begin`, nothing is stale."""

    def __init__(
        self, stale_seconds: float = STALE_SECONDS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.stale_seconds = stale_seconds
        self._clock = clock
        self._verified_at: dict[str, float] = {}
        self._unknown_at: dict[str, float] = {}
        self._failed_tasks: list[str] = []

    def begin(self, kinds: Iterable[str]) -> None:
        """The watches of these kinds begin now."""
        self._verified_at = dict.fromkeys(kinds, self._clock())
        self._unknown_at = {}

    def verified(self, kind: str) -> None:
        """An event has arrived, or a list has shown that none is missing."""
        if kind in self._verified_at:
            self._verified_at[kind] = self._clock()

    def could_not_verify(self, kind: str) -> None:
        """The API server did not answer a list: whether events are missing is unknown."""
        self._unknown_at[kind] = self._clock()

    def task_failed(self, name: str) -> None:
        """A background task has ended with an error; nothing starts it again."""
        self._failed_tasks.append(name)

    def staleness(self, kind: str) -> float:
        """Seconds since the watch of a kind was last verified; 0 if the kind is not watched."""
        return self._clock() - self._verified_at[kind] if kind in self._verified_at else 0.0

    def unhealthy_reason(self) -> str:
        """The tasks that have failed and the kinds that have been stale for too long, or an empty text."""
        if self._failed_tasks:
            return f"background tasks failed: {', '.join(self._failed_tasks)}"
        stale = [kind for kind in self._verified_at if self._is_stale(kind)]
        return f"watches not verified for {self.stale_seconds:.0f} s: {', '.join(stale)}" if stale else ""

    def _is_stale(self, kind: str) -> bool:
        since = max(self._verified_at[kind], self._unknown_at.get(kind, 0.0))
        return self._clock() - since > self.stale_seconds


def missed_changes(listed: Mapping[Name, int], cached: Mapping[Name, int]) -> set[Name]:
    """Listed objects that are absent from the cache or older there; values are resourceVersions."""
    return {name for name, version in listed.items() if cached.get(name, -1) < version}


def missed_deletions(before: Iterable[Name], listed: Mapping[Name, int], cached: Iterable[Name]) -> set[Name]:
    """Objects that were in the cache before the list and still are, although the list lacks them."""
    return (set(before) - listed.keys()) & set(cached)
