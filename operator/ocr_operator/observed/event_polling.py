"""When Events have to be read: only they explain some problems, and the operator does not watch them.

Pure.
"""

from collections.abc import Iterable
from datetime import datetime

from ocr_operator.observed.managed_objects import ObservedObject
from ocr_operator.observed.pod_causes import lacks_volume
from ocr_operator.observed.pods import ObservedPod

_GRACE_SECONDS = 10.0
"""How long a container may be in creation before its Events are read. Guess: a mount takes seconds."""
_POLL_SECONDS = 15.0
"""How often Events are read again."""


def needs_events(pod: ObservedPod, now: datetime) -> bool:
    """Whether only Events, of the pod or its claims, can explain why it is not ready."""
    if pod.is_ready or pod.is_terminating:
        return False
    if pod.unschedulable_message:
        return bool(pod.claims and lacks_volume(pod))
    return _is_being_created(pod) and is_overdue(pod, now)


def _is_being_created(pod: ObservedPod) -> bool:
    return pod.waiting_reason == "ContainerCreating" and not (pod.is_ready or pod.is_terminating)


def is_overdue(item: ObservedPod | ObservedObject, now: datetime) -> bool:
    """Whether an object is so old that its status should have changed by now."""
    return _age_seconds(item, now) >= _GRACE_SECONDS


def _age_seconds(item: ObservedPod | ObservedObject, now: datetime) -> float:
    return (now - item.created).total_seconds() if item.created else 0.0


def event_poll_seconds(
    pods: Iterable[ObservedPod], now: datetime, others: Iterable[ObservedObject] = ()
) -> float | None:
    """Seconds until Events have to be read, or read again; None if no object needs them.

    `others` are further objects that only Events explain.
    """
    waits = [
        _POLL_SECONDS if needs_events(pod, now) else _GRACE_SECONDS - _age_seconds(pod, now)
        for pod in pods
        if needs_events(pod, now) or _is_being_created(pod)
    ]
    waits += [
        _POLL_SECONDS if is_overdue(item, now) else _GRACE_SECONDS - _age_seconds(item, now)
        for item in others
    ]
    return max(min(waits), 0.0) if waits else None
