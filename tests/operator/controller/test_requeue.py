"""When an OCRBackend is reconciled again without an event."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from ocr_operator.controller.requeue import MIN_REQUEUE_SECONDS, Result, result_of
from ocr_operator.observed.pods import ObservedPod
from ocr_operator.observed.state import Observed
from ocr_operator.planning.steps import Plan

CREATING = {"state": {"waiting": {"reason": "ContainerCreating"}}}


@pytest.mark.parametrize("is_terminating", [False, True])
@pytest.mark.parametrize("age", [0.0, 9.9, 10.0, 3600.0])
def test_a_pod_in_creation_keeps_no_core_busy(
    pod: Callable[..., ObservedPod], now: datetime, age: float, is_terminating: bool
) -> None:
    creating = replace(
        pod({}, **CREATING), created=now - timedelta(seconds=age), is_terminating=is_terminating
    )
    result = result_of(Observed(now, pods=(creating,)), Plan((), {}, {}), {})
    if is_terminating:
        assert result == Result(is_settled=True)
    else:
        assert result.requeue_after is not None
        assert result.requeue_after >= MIN_REQUEUE_SECONDS == 1.0


@pytest.mark.parametrize("seconds", [-3600.0, 0.0, 0.1])
def test_a_time_that_has_passed_does_not_requeue_at_once(now: datetime, seconds: float) -> None:
    result = result_of(Observed(now), Plan((), {}, {}, requeue_after=seconds), {}, 600.0)
    assert result.requeue_after == MIN_REQUEUE_SECONDS


def test_a_deadline_requeues(now: datetime) -> None:
    assert result_of(Observed(now), Plan((), {}, {}), {}, 600.0).requeue_after == 600.0
