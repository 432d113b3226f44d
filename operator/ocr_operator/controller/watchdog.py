"""Whether watching works: each kind is stale since it last showed itself alive, and too stale is dead.

Pure but for the clock. A watch that has died silently looks just like a quiet cluster; so `audit` lists what
is watched from time to time, and `missed` and `unseen_ends` say what no event has told of.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

Name = TypeVar("Name")

STALE_SECONDS = 180.0
"""How long nothing may be known of a kind until the process is to be started anew."""

SILENT_SHARE = 0.4
"""Share of it that a watch may be silent until it is opened anew: there is time to do so twice, and 72 s of
180 are more than the minute in which an API server sends at least a bookmark."""

GRACE_SECONDS = 10.0
"""How long an event may be on its way."""


class Watchdog:
    """Times of life by kind; before `begin`, all is well."""

    def __init__(self, limit: float = STALE_SECONDS, clock: Callable[[], float] = time.monotonic) -> None:
        self.limit = limit
        self._clock = clock
        self._alive: dict[str, float] = {}

    def begin(self, kinds: Iterable[str]) -> None:
        """Watching these kinds begins now."""
        self._alive = dict.fromkeys(kinds, self._clock())

    def alive(self, kind: str) -> None:
        """An event has come, or a list has shown that none is missing."""
        if kind in self._alive:
            self._alive[kind] = self._clock()

    def staleness(self, kind: str) -> float:
        """Seconds since the kind was last known to be watched; 0 where it is not to be."""
        return self._clock() - self._alive[kind] if kind in self._alive else 0.0

    def unhealthy_reason(self) -> str:
        """Which kinds have been stale for too long, or an empty text."""
        stale = [kind for kind in self._alive if self.staleness(kind) > self.limit]
        return f"nothing known for {self.limit:.0f} s of: {', '.join(stale)}" if stale else ""


def missed(listed: Mapping[Name, int], seen: Mapping[Name, int]) -> set[Name]:
    """Of what a list has (with its resourceVersions), what was not seen or only in an older state."""
    return {name for name, version in listed.items() if seen.get(name, -1) < version}


def unseen_ends(before: Iterable[Name], listed: Mapping[Name, int], seen: Iterable[Name]) -> set[Name]:
    """What was seen before the list and still is, though the list had it no longer."""
    return (set(before) - listed.keys()) & set(seen)
