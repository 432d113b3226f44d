"""Waits for a condition until a deadline. No other module sleeps."""

import time
from collections.abc import Callable
from typing import TypeVar

from ocr_cluster.errors import ClusterError

T = TypeVar("T")

_POLL_SECONDS = 0.1


def until(
    condition: Callable[[], T], description: str, seconds: float, diagnostics: Callable[[], str] = str
) -> T:
    """The first true value of the condition.

    Raises `ClusterError` after the deadline; the message contains the description and the diagnostics.
    """
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            message = f"waited {seconds:.0f} s for {description}; last value: {value!r}\n{diagnostics()}"
            raise ClusterError(message.rstrip())
        time.sleep(_POLL_SECONDS)
    return value
