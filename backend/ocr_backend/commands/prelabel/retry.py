"""Trying again, for what is worth it: a server that cannot be reached, is overloaded or fails.

Knows nothing of the servers. A request that may have been carried out must be looked into before it is tried
again: `storing` does so in what it has tried again.
"""

import logging
from collections.abc import Callable, Sequence
from typing import TypeVar

from ocr_backend.commands.prelabel.errors import UnavailableError

logger = logging.getLogger(__name__)

T = TypeVar("T")
Pause = Callable[[float], object]
"""Waits for so many seconds, or less when the command is told to stop."""

WAITS = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
"""Seconds before each further attempt: a minute in all, in which a pod is started again (guess)."""

FIRST_WAITS = (1.0, 2.0)
"""The same before anything has been done: a person with a wrong address is to be told soon."""

_LONGEST_WISH = 120.0  # seconds for which a server's Retry-After is minded (guess)


def retry(call: Callable[[], T], pause: Pause, waits: Sequence[float] = WAITS) -> T:
    """What the call gives, tried again after each of `waits`.

    Raises:
        GoneError: the last attempt's.
    """
    for seconds in waits:
        try:
            return call()
        except UnavailableError as error:
            wait = max(seconds, min(error.seconds, _LONGEST_WISH))
            logger.warning("%s; trying again in %.0f s", error, wait)
            pause(wait)
    return call()
