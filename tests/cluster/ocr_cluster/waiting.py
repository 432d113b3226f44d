"""Waiting for a condition with a deadline: the only place that sleeps."""

import time
from collections.abc import Callable
from typing import TypeVar

from ocr_cluster.errors import ClusterError

T = TypeVar("T")

_POLL_SECONDS = 0.1


def until(condition: Callable[[], T], what: str, seconds: float, blame: Callable[[], str] = str) -> T:
    """First true value of the condition.

    Raises `ClusterError` after the deadline, naming what was waited for and what `blame` knows of it.
    """
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise ClusterError(f"waited {seconds:.0f} s for {what}; last seen: {value!r}\n{blame()}".rstrip())
        time.sleep(_POLL_SECONDS)
    return value
