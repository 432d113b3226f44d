"""Tells whether the watches work: how long ago each kind was verified, and whether that is too long.

Pure but for the clock. A broken watch looks like a quiet cluster; so `cache_check` lists what is watched from
time to time, and the functions here find the changes that no event has reported.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

Name = TypeVar("Name")

STALE_SECONDS = 180.0
"""A kind that was not verified for so long fails the liveness probe."""

INACTIVITY_SHARE = 0.4
"""Share of it after which a watch without events is opened again. There is time to do so twice, and 72 s of
180 are more than the minute in which an API server sends at least a bookmark."""

EVENT_DELAY_SECONDS = 10.0
"""How long an event may take to arrive."""


class Watchdog:
    """Times of the last verification by kind. Before `begin`, nothing is stale."""

    def __init__(
        self, stale_seconds: float = STALE_SECONDS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.stale_seconds = stale_seconds
        self._clock = clock
        self._verified_at: dict[str, float] = {}

    def begin(self, kinds: Iterable[str]) -> None:
        """The watches of these kinds begin now."""
        self._verified_at = dict.fromkeys(kinds, self._clock())

    def verified(self, kind: str) -> None:
        """An event has arrived, or a list has shown that none is missing."""
        if kind in self._verified_at:
            self._verified_at[kind] = self._clock()

    def staleness(self, kind: str) -> float:
        """Seconds since the watch of a kind was last verified; 0 if the kind is not watched."""
        return self._clock() - self._verified_at[kind] if kind in self._verified_at else 0.0

    def unhealthy_reason(self) -> str:
        """The kinds that have been stale for too long, or an empty text."""
        stale = [kind for kind in self._verified_at if self.staleness(kind) > self.stale_seconds]
        return f"watches not verified for {self.stale_seconds:.0f} s: {', '.join(stale)}" if stale else ""


def missed_changes(listed: Mapping[Name, int], cached: Mapping[Name, int]) -> set[Name]:
    """Listed objects that are absent from the cache or older there; values are resourceVersions."""
    return {name for name, version in listed.items() if cached.get(name, -1) < version}


def missed_deletions(before: Iterable[Name], listed: Mapping[Name, int], cached: Iterable[Name]) -> set[Name]:
    """Objects that were in the cache before the list and still are, although the list lacks them."""
    return (set(before) - listed.keys()) & set(cached)
