"""Tells which optional kinds the API server does not serve now.

Answers are cached for a while, so that an absent API does not cost a request per reconcile.
"""

from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, timedelta

from ocr_operator.api.managed_kinds import OPTIONAL_KINDS
from ocr_operator.api.names import GroupVersionKind

FRESH_SECONDS = 15.0
"""How long an answer is cached: an API that is installed later is used after that time (guess)."""


class OptionalApis:
    """Cached answers of the API server, by kind. `serves` asks it."""

    def __init__(self, serves: Callable[[str, str], Awaitable[bool]], clock: Callable[[], datetime]) -> None:
        self._serves = serves
        self._clock = clock
        self._cached: dict[GroupVersionKind, tuple[bool, datetime]] = {}

    async def absent(self, kinds: Iterable[GroupVersionKind]) -> frozenset[GroupVersionKind]:
        """Those of the kinds that are optional and not served."""
        optional = OPTIONAL_KINDS.intersection(kinds)
        return frozenset([kind for kind in sorted(optional) if not await self._is_served(kind)])

    async def _is_served(self, kind: GroupVersionKind) -> bool:
        cached = self._cached.get(kind)
        if cached is None or self._clock() - cached[1] > timedelta(seconds=FRESH_SECONDS):
            cached = self._cached[kind] = (await self._serves(*kind), self._clock())
        return cached[0]
