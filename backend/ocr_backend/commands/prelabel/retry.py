"""Retries calls to a server that cannot be reached, is overloaded, or fails.

Knows nothing of the servers. Before a request that may have been executed is retried, the caller has to check
its effect, as `prediction_store` does.
"""

import logging
from collections.abc import Callable, Sequence
from typing import TypeVar

from ocr_backend.commands.prelabel.errors import UnavailableError

logger = logging.getLogger(__name__)

T = TypeVar("T")
Sleep = Callable[[float], object]
"""Waits for some seconds, or less if the command is asked to stop."""

BACKOFF_SECONDS = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
"""Delay before each retry: a minute in total, enough for a pod to restart (guess)."""

STARTUP_BACKOFF_SECONDS = (1.0, 2.0)
"""The same for the first request, so that a user with a wrong URL gets an error soon."""

_MAX_RETRY_AFTER_SECONDS = 120.0  # longest Retry-After of a server that is honoured (guess)


def retry(call: Callable[[], T], sleep: Sleep, delays: Sequence[float] = BACKOFF_SECONDS) -> T:
    """The result of the call, which is retried after each of the delays.

    Raises:
        UnavailableError: the last attempt failed.
    """
    for seconds in delays:
        try:
            return call()
        except UnavailableError as error:
            delay = max(seconds, min(error.retry_after_seconds, _MAX_RETRY_AFTER_SECONDS))
            logger.warning("%s; retrying in %.0f s", error, delay)
            sleep(delay)
    return call()
