"""An eviction is the cause while its replacement is not ready."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from ocr_operator.api.reasons import Reason
from ocr_operator.observed.pod_causes import eviction_cause
from ocr_operator.observed.pods import ObservedPod

MakePod = Callable[..., ObservedPod]


def _evicted(pod: MakePod, at: datetime | None, name: str = "ocr-1") -> ObservedPod:
    message = "The node was low on resource: memory."
    return replace(pod({}, name=name), is_terminating=True, eviction_message=message, evicted_at=at)


def test_an_eviction_is_the_cause_until_the_replacement_is_ready(pod: MakePod, now: datetime) -> None:
    evicted = _evicted(pod, now)
    replacement = replace(pod({}, name="ocr-2"), created=now + timedelta(seconds=1))
    cause = eviction_cause([evicted, replacement])
    assert cause is not None
    assert cause.reason is Reason.EVICTED
    assert cause.message.startswith(
        "pod ocr-1 was evicted: The node was low on resource: memory.; raise spec."
    )
    assert eviction_cause([evicted, replace(replacement, is_ready=True)]) is None
    assert eviction_cause([evicted]) is None


def test_an_eviction_does_not_explain_a_pod_that_was_created_much_later(pod: MakePod, now: datetime) -> None:
    later = replace(pod({}, name="ocr-2"), created=now + timedelta(hours=1))
    assert eviction_cause([_evicted(pod, now), later]) is None
    assert eviction_cause([_evicted(pod, None), later]) is not None


def test_the_last_of_several_evictions_is_the_cause(pod: MakePod, now: datetime) -> None:
    last = now + timedelta(seconds=20)
    pods = [_evicted(pod, last, "ocr-2"), _evicted(pod, now), replace(pod({}, name="ocr-3"), created=last)]
    cause = eviction_cause(pods)
    assert cause is not None
    assert "pod ocr-2 was" in cause.message
