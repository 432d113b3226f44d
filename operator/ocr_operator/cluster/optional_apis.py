"""Kinds of children that not every cluster has: which of them are missing now.

Asked for when they matter only, and remembered for a while, so that a missing API costs no call per look.
"""

from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, timedelta

from ocr_operator.api.names import SERVICE_MONITOR, GroupVersionKind

OPTIONAL_KINDS = frozenset({SERVICE_MONITOR})

FRESH_SECONDS = 15.0
"""How long an answer holds: an API that is installed later is used after that time (guess)."""


class OptionalApis:
    """Answers of the API server, by kind. `serves` asks it."""

    def __init__(self, serves: Callable[[str, str], Awaitable[bool]], clock: Callable[[], datetime]) -> None:
        self._serves = serves
        self._clock = clock
        self._known: dict[GroupVersionKind, tuple[bool, datetime]] = {}

    async def absent(self, kinds: Iterable[GroupVersionKind]) -> frozenset[GroupVersionKind]:
        """Those of the optional kinds that the cluster does not have."""
        asked = OPTIONAL_KINDS.intersection(kinds)
        return frozenset([kind for kind in sorted(asked) if not await self._is_served(kind)])

    async def _is_served(self, kind: GroupVersionKind) -> bool:
        found = self._known.get(kind)
        if found is None or self._clock() - found[1] > timedelta(seconds=FRESH_SECONDS):
            found = self._known[kind] = (await self._serves(*kind), self._clock())
        return found[0]
