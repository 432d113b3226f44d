"""Which errors are retried, and for how long."""

from collections.abc import Callable

import pytest

from ocr_backend.commands.prelabel.errors import UnavailableError, UsageError
from ocr_backend.commands.prelabel.retry import BACKOFF_SECONDS, retry


def failing(times: int, error: Exception) -> Callable[[], int]:
    """A call that fails this many times, then returns the number of calls."""
    calls = []

    def call() -> int:
        calls.append(1)
        if len(calls) <= times:
            raise error
        return len(calls)

    return call


def test_a_server_that_recovers_is_waited_for() -> None:
    delays: list[float] = []
    assert retry(failing(3, UnavailableError("unavailable")), delays.append) == 4
    assert delays == list(BACKOFF_SECONDS[:3])


def test_retries_end() -> None:
    delays: list[float] = []
    with pytest.raises(UnavailableError, match="unavailable"):
        retry(failing(100, UnavailableError("unavailable")), delays.append)
    assert delays == list(BACKOFF_SECONDS)


@pytest.mark.parametrize(("retry_after", "delay"), [(0.5, 1.0), (7.0, 7.0), (9999.0, 120.0)])
def test_retry_after_is_honoured_within_limits(retry_after: float, delay: float) -> None:
    delays: list[float] = []
    retry(failing(1, UnavailableError("busy", retry_after)), delays.append)
    assert delays == [delay]


def test_an_error_that_a_retry_cannot_fix_is_not_retried() -> None:
    with pytest.raises(UsageError):
        retry(failing(1, UsageError("wrong token")), lambda seconds: pytest.fail("it sleeps"))
