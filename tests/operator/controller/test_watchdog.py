"""Kinds grow stale unless an event or a list shows them alive."""

import pytest

from ocr_operator.controller.watchdog import Watchdog, missed, unseen_ends


class Clock:
    """A clock that a test moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_who_does_not_watch_has_no_complaint() -> None:
    clock = Clock()
    watchdog = Watchdog(60, clock)
    clock.now = 1000
    assert watchdog.unhealthy_reason() == ""
    assert watchdog.staleness("Pod") == 0


def test_one_kind_that_is_silent_for_too_long_is_named_though_others_live() -> None:
    clock = Clock()
    watchdog = Watchdog(60, clock)
    watchdog.begin(["Pod", "Service"])
    clock.now = 60
    watchdog.alive("Pod")
    assert watchdog.unhealthy_reason() == ""
    clock.now = 61
    assert watchdog.unhealthy_reason() == "nothing known for 60 s of: Service"
    assert (watchdog.staleness("Pod"), watchdog.staleness("Service")) == (1, 61)
    watchdog.alive("Service")
    assert watchdog.unhealthy_reason() == ""


@pytest.mark.parametrize(
    ("listed", "seen", "expected"),
    [
        pytest.param({"a": 5}, {"a": 5}, set(), id="the same"),
        pytest.param({"a": 5}, {"a": 6}, set(), id="an event was faster than the list"),
        pytest.param({"a": 5}, {"a": 4}, {"a"}, id="an old state"),
        pytest.param({"a": 0}, {}, {"a"}, id="never seen"),
        pytest.param({}, {"a": 5}, set(), id="made after the list"),
    ],
)
def test_what_no_event_has_told_of_is_missed(
    listed: dict[str, int], seen: dict[str, int], expected: set[str]
) -> None:
    assert missed(listed, seen) == expected


@pytest.mark.parametrize(
    ("before", "listed", "seen", "expected"),
    [
        pytest.param({"a"}, {}, {"a"}, {"a"}, id="deleted, and nobody told"),
        pytest.param({"a"}, {}, set(), set(), id="deleted, and told since"),
        pytest.param(set(), {}, {"a"}, set(), id="made after the list"),
        pytest.param({"a"}, {"a": 1}, {"a"}, set(), id="still there"),
    ],
)
def test_what_has_ended_unseen_is_found(
    before: set[str], listed: dict[str, int], seen: set[str], expected: set[str]
) -> None:
    assert unseen_ends(before, listed, seen) == expected
