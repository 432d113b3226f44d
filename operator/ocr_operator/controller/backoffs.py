"""Delays between kopf's retries of one request: they grow, are spread, and never end.

kopf gives up after the last delay and ends the operator. An outage of the API server may take any time.
"""

import itertools
import random
from collections.abc import Callable, Iterable, Iterator

LONGEST_DELAY_SECONDS = 15.0
"""A watch is opened again within this time after the API server has returned."""

_FIRST_DELAYS_SECONDS = (1.0, 2.0, 4.0, 8.0)


class EndlessBackoffs(Iterable[float]):
    """Can be iterated from the start any number of times. `jitter` returns 0 to 1."""

    def __init__(
        self,
        first: Iterable[float] = _FIRST_DELAYS_SECONDS,
        longest: float = LONGEST_DELAY_SECONDS,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._first = tuple(first)
        self._longest = longest
        self._jitter = jitter

    def __iter__(self) -> Iterator[float]:
        for delay in itertools.chain(self._first, itertools.repeat(self._longest)):
            yield delay * (0.5 + 0.5 * self._jitter())
