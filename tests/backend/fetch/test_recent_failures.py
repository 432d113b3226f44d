import pytest

from ocr_backend.fetch.recent_failures import RecentFailures


class Clock:
    """A clock that tests set."""

    now = 100.0

    def __call__(self) -> float:
        """The time."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def failures(clock: Clock) -> RecentFailures:
    return RecentFailures(limit=2, seconds=60, now=clock)


def test_a_key_is_passed_over_after_enough_failures_in_a_row(failures: RecentFailures) -> None:
    failures.record_failure("a")
    failures.record_success("a")
    failures.record_failure("a")
    assert failures.seconds_until_retry("a") == 0
    failures.record_failure("a")
    assert failures.seconds_until_retry("a") == 60
    assert failures.is_failing("a")
    assert not failures.is_failing("b")


def test_after_the_wait_one_caller_may_try(failures: RecentFailures, clock: Clock) -> None:
    failures.record_failure("a")
    failures.record_failure("a")
    clock.now += 60
    assert not failures.is_failing("a")
    assert [failures.seconds_until_retry("a") for _ in range(3)] == [0, 60, 60]
    failures.record_success("a")
    assert failures.seconds_until_retry("a") == 0


def test_the_oldest_keys_are_forgotten(failures: RecentFailures) -> None:
    for key in range(10_001):
        failures.record_failure(key)
        failures.record_failure(key)
    assert not failures.is_failing(0)
    assert failures.is_failing(10_000)
