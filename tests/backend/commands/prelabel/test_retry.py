"""What is tried again, and for how long."""

from collections.abc import Callable

import pytest

from ocr_backend.commands.prelabel.errors import UnavailableError, UsageError
from ocr_backend.commands.prelabel.retry import WAITS, retry


def failing(times: int, error: Exception) -> Callable[[], int]:
    """Fails so many times, then gives how often it was called."""
    calls = []

    def call() -> int:
        calls.append(1)
        if len(calls) <= times:
            raise error
        return len(calls)

    return call


def test_a_server_that_comes_back_is_waited_for() -> None:
    waits: list[float] = []
    assert retry(failing(3, UnavailableError("away")), waits.append) == 4
    assert waits == list(WAITS[:3])


def test_patience_ends() -> None:
    waits: list[float] = []
    with pytest.raises(UnavailableError, match="away"):
        retry(failing(100, UnavailableError("away")), waits.append)
    assert waits == list(WAITS)


@pytest.mark.parametrize(("wish", "waited"), [(0.5, 1.0), (7.0, 7.0), (9999.0, 120.0)])
def test_the_wish_of_a_server_is_minded_within_limits(wish: float, waited: float) -> None:
    waits: list[float] = []
    retry(failing(1, UnavailableError("busy", wish)), waits.append)
    assert waits == [waited]


def test_what_another_try_does_not_mend_is_not_tried_again() -> None:
    with pytest.raises(UsageError):
        retry(failing(1, UsageError("wrong token")), lambda seconds: pytest.fail("it waits"))
