"""A kind becomes stale unless an event or a list verifies its watch."""

import pytest

from ocr_operator.controller.watchdog import (
    INACTIVITY_SHARE,
    STALE_SECONDS,
    Watchdog,
    missed_changes,
    missed_deletions,
)


class Clock:
    """A clock that a test moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_process_that_does_not_watch_is_healthy() -> None:
    clock = Clock()
    watchdog = Watchdog(60, clock)
    clock.now = 1000
    assert watchdog.unhealthy_reason() == ""
    assert watchdog.staleness("Pod") == 0


def test_a_stale_kind_is_named_even_if_other_kinds_are_verified() -> None:
    clock = Clock()
    watchdog = Watchdog(60, clock)
    watchdog.begin(["Pod", "Service"])
    clock.now = 60
    watchdog.verified("Pod")
    assert watchdog.unhealthy_reason() == ""
    clock.now = 61
    assert watchdog.unhealthy_reason() == "watches not verified for 60 s: Service"
    assert (watchdog.staleness("Pod"), watchdog.staleness("Service")) == (1, 61)
    watchdog.verified("Service")
    assert watchdog.unhealthy_reason() == ""


def test_an_outage_of_any_length_is_healthy_and_watches_have_time_to_resume() -> None:
    clock = Clock()
    watchdog = Watchdog(180, clock)
    watchdog.begin(["Pod"])
    for _ in range(30):
        clock.now += 60
        watchdog.could_not_verify("Pod")
        assert watchdog.unhealthy_reason() == ""
    assert watchdog.staleness("Pod") == 1800
    clock.now += 180
    assert watchdog.unhealthy_reason() == ""
    clock.now += 1
    assert watchdog.unhealthy_reason() == "watches not verified for 180 s: Pod"


def test_a_failed_background_task_is_unhealthy() -> None:
    watchdog = Watchdog()
    watchdog.task_failed("resync")
    assert watchdog.unhealthy_reason() == "background tasks failed: resync"


@pytest.mark.parametrize(
    ("listed", "cached", "expected"),
    [
        pytest.param({"a": 5}, {"a": 5}, set(), id="same version"),
        pytest.param({"a": 5}, {"a": 6}, set(), id="event faster than the list"),
        pytest.param({"a": 5}, {"a": 4}, {"a"}, id="older version"),
        pytest.param({"a": 0}, {}, {"a"}, id="not in the cache"),
        pytest.param({}, {"a": 5}, set(), id="created after the list"),
    ],
)
def test_a_change_without_an_event_is_missed(
    listed: dict[str, int], cached: dict[str, int], expected: set[str]
) -> None:
    assert missed_changes(listed, cached) == expected


@pytest.mark.parametrize(
    ("before", "listed", "cached", "expected"),
    [
        pytest.param({"a"}, {}, {"a"}, {"a"}, id="deleted without an event"),
        pytest.param({"a"}, {}, set(), set(), id="deleted with an event"),
        pytest.param(set(), {}, {"a"}, set(), id="created after the list"),
        pytest.param({"a"}, {"a": 1}, {"a"}, set(), id="still exists"),
    ],
)
def test_a_deletion_without_an_event_is_missed(
    before: set[str], listed: dict[str, int], cached: set[str], expected: set[str]
) -> None:
    assert missed_deletions(before, listed, cached) == expected


def test_a_silent_watch_is_opened_again_twice_before_the_process_is_restarted() -> None:
    bookmark_seconds = 60
    assert bookmark_seconds < INACTIVITY_SHARE * STALE_SECONDS < STALE_SECONDS / 2
