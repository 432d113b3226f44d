"""When the operator reads Events."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from ocr_operator.observed.event_polling import event_poll_seconds, needs_events
from ocr_operator.observed.pods import ObservedPod

MakePod = Callable[..., ObservedPod]

CRASHED = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 5m0s restarting failed container"}}
PENDING = {"unschedulable_message": "pod has unbound immediate PersistentVolumeClaims"}
CREATING = {"state": {"waiting": {"reason": "ContainerCreating"}}}


def test_events_are_read_only_for_objects_that_do_not_explain_themselves(pod: MakePod, now: datetime) -> None:
    old = now - timedelta(minutes=1)
    with_claim = replace(pod({}, **PENDING), claims=("models",))
    assert needs_events(with_claim, now)
    assert not needs_events(replace(with_claim, claims=()), now)
    assert needs_events(replace(pod({}, **CREATING), created=old), now)
    assert not needs_events(replace(pod({}, **CREATING), created=now), now)
    assert not needs_events(replace(pod({}, **CREATING, ready=True), created=old), now)
    assert not needs_events(replace(pod({}, state=CRASHED), created=old), now)


def test_events_are_read_again_while_a_pod_does_not_explain_itself(pod: MakePod, now: datetime) -> None:
    young, old = (replace(pod({}, **CREATING), created=now - timedelta(seconds=age)) for age in (4, 60))
    assert event_poll_seconds([pod({}, state=CRASHED)], now) is None
    assert event_poll_seconds([young], now) == 6
    assert event_poll_seconds([old], now) == 15
    assert event_poll_seconds([old, young], now) == 6


def test_a_terminating_pod_that_was_never_created_is_not_waited_for(pod: MakePod, now: datetime) -> None:
    """A node that dies while it creates a container leaves such a pod until its Node is deleted."""
    old = replace(pod({}, **CREATING), created=now - timedelta(hours=1), is_terminating=True)
    assert event_poll_seconds([old], now) is None
