"""Rules of one call to the API server: its timeout, its errors, its retry, and the fence of a write."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

import aiohttp
from kubernetes.aio.dynamic.exceptions import DynamicApiError

from ocr_operator.cluster.errors import ClusterError, NotLeadingError

TIMEOUT_SECONDS = 15
"""Per call. Guess: an API server that needs longer is overloaded, and a later retry helps it."""

READ_RETRY_SECONDS = 0.5
"""Delay before a failed read is retried once. Guess: enough to open a new connection."""

LONGEST_RETRY_AFTER_SECONDS = 10.0
"""A read whose retry the API server puts off for longer fails; its reconcile is repeated later."""

T = TypeVar("T")

_UNAUTHORIZED, _TOO_MANY_REQUESTS = 401, 429


async def bounded(call: Awaitable[Any]) -> Any:
    """The result of a call to the API server.

    Raises:
        ClusterError: the call failed or timed out.
    """
    try:
        # The client's own timeout ends a silent connection; this one also covers what precedes the request.
        async with asyncio.timeout(TIMEOUT_SECONDS * 2):
            return await call
    except DynamicApiError as error:
        raise ClusterError(error.status, _message(error), _retry_after(error)) from error
    except TimeoutError as error:
        raise ClusterError(None, f"no response within {TIMEOUT_SECONDS} s") from error
    except aiohttp.ClientError as error:
        raise ClusterError(None, f"the API server is unreachable: {error}") from error


async def while_leading(call: Coroutine[Any, Any, T], seconds_left: Callable[[], float]) -> T:
    """The result of a write, however long it takes, as long as the leadership is renewed meanwhile.

    Raises:
        NotLeadingError: there was no more time left before the response came.
    """
    calling = asyncio.create_task(call)
    try:
        while not calling.done() and (seconds := seconds_left()) > 0:
            await asyncio.wait((calling,), timeout=seconds)
        if calling.done():
            return calling.result()
    finally:
        calling.cancel()
    raise NotLeadingError


def retry_delay(error: ClusterError) -> float | None:
    """Seconds after which a failed read is retried; None if a retry would fail or is put off for too long."""
    if not _is_transient(error.status):
        return None
    delay = max(READ_RETRY_SECONDS, error.retry_after or 0.0)
    return delay if delay <= LONGEST_RETRY_AFTER_SECONDS else None


def _is_transient(status: int | None) -> bool:
    """Whether a retry may succeed: no response, a server error, throttling, or an expired token."""
    return status is None or status >= 500 or status in (_UNAUTHORIZED, _TOO_MANY_REQUESTS)


def _message(error: DynamicApiError) -> str:
    """The message of the Status object in the response."""
    try:
        return str(json.loads(error.body or "")["message"])
    except (ValueError, KeyError, TypeError):
        return f"{error.status} {error.reason}"


def _retry_after(error: DynamicApiError) -> float | None:
    """The seconds of the header Retry-After; a date in it is ignored, as the API server sends none."""
    try:
        return float((error.headers or {})["Retry-After"])
    except (KeyError, ValueError):
        return None
