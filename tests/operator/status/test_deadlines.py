"""A reason that ends by itself has a deadline; then the OCRBackend is degraded, for a reason of its own."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ocr_operator.api.names import ObjectReference
from ocr_operator.api.reason_groups import DEADLINES, INFORMATIONAL, WITHOUT_EFFECT
from ocr_operator.api.reasons import Reason
from ocr_operator.api.spec_parser import parse_backend
from ocr_operator.observed.causes import Cause
from ocr_operator.observed.pods import ObservedPod
from ocr_operator.status.deadlines import next_deadline_seconds
from ocr_operator.status.problem_deadlines import first_seen, with_late_reasons
from status_world import OBSERVED, World, condition, status_and_reason

Make = Callable[..., dict[str, Any]]
LIMIT = timedelta(seconds=960)
"""The default progress deadline and the minute that the Deployment controller has to report it."""
TWO = [
    {"name": "ch-mobile", "language": "ch", "modelType": "mobile"},
    {"name": "en-mobile", "language": "en", "modelType": "mobile"},
]
CHANGED = {"generation": 2, "options": {"scoreThreshold": "0.6"}}


@pytest.mark.parametrize("reason", sorted(INFORMATIONAL))
def test_an_informational_reason_has_a_deadline_or_is_recorded(reason: Reason) -> None:
    if reason in WITHOUT_EFFECT:
        assert reason.action, "it lasts until somebody acts"
        return
    late_reason = DEADLINES[reason].late_reason
    assert late_reason not in INFORMATIONAL
    assert late_reason.action


def _starting(world: World, ocrbackend: Make) -> dict[str, Any]:
    return ocrbackend()


def _rolling_out(world: World, ocrbackend: Make) -> dict[str, Any]:
    world.apply(ocrbackend())
    world.apply(ocrbackend(**CHANGED), pods_ready=False)
    return ocrbackend(**CHANGED)


def _queued(world: World, ocrbackend: Make) -> dict[str, Any]:
    world.apply(ocrbackend(variants=TWO))
    return ocrbackend(variants=TWO[::-1], **CHANGED)


def _downloading(world: World, ocrbackend: Make) -> dict[str, Any]:
    return ocrbackend(models={"source": "Hub"})


@pytest.mark.parametrize(
    ("reason", "prepare"),
    [
        (Reason.STARTING, _starting),
        (Reason.ROLLING_OUT, _rolling_out),
        (Reason.ROLLOUT_QUEUED, _queued),
        (Reason.DOWNLOADING, _downloading),
    ],
)
def test_a_variant_without_progress_is_late(
    world: World, ocrbackend: Make, reason: Reason, prepare: Callable[[World, Make], dict[str, Any]]
) -> None:
    backend = prepare(world, ocrbackend)
    status = world.status(backend)
    assert status["variants"][-1]["reason"] == reason
    assert status_and_reason(status, "Degraded")[0] == "False"
    world.now += LIMIT / 2
    assert world.status(backend, previous=status) == status
    world.now += LIMIT / 2
    late = world.status(backend, previous=status)
    late_reason = DEADLINES[reason].late_reason
    assert late["variants"][-1]["reason"] == late_reason
    assert status_and_reason(late, "Degraded") == ("True", late_reason)
    assert status_and_reason(late, "Progressing")[0] == "False"
    assert status_and_reason(status, "Stalled") == ("False", "AsExpected")
    assert status_and_reason(late, "Stalled") == ("True", late_reason)
    assert late["variants"][-1]["message"].endswith(late_reason.action)
    world.now += LIMIT
    assert world.status(backend, previous=late) == late


def test_the_table_of_late_variants_and_objects_is_complete() -> None:
    by_variant = {Reason.STARTING, Reason.ROLLING_OUT, Reason.ROLLOUT_QUEUED, Reason.DOWNLOADING}
    by_object = {reason for reason, deadline in DEADLINES.items() if deadline.seconds}
    assert by_variant | by_object == DEADLINES.keys()


def test_a_new_revision_has_a_deadline_of_its_own(world: World, ocrbackend: Make) -> None:
    status = world.status(ocrbackend())
    world.now += LIMIT
    late = world.status(ocrbackend(), previous=status)
    assert late["variants"][0]["reason"] == "ProgressDeadlineExceeded"
    again = world.status(ocrbackend(**CHANGED), previous=late)
    assert again["variants"][0]["reason"] == "Starting"
    assert again["variants"][0]["lastTransitionTime"] == "2026-11-23T12:16:00Z"


def test_a_rollout_that_makes_progress_is_not_late(world: World, ocrbackend: Make) -> None:
    backend = _rolling_out(world, ocrbackend)
    status = world.status(backend)
    world.now += LIMIT
    recent = (world.now - timedelta(minutes=1)).isoformat()
    progressing = {"type": "Progressing", "status": "True", "reason": "ReplicaSetUpdated"}
    world.change(
        "ocr-ch-mobile", status=OBSERVED | {"conditions": [progressing | {"lastUpdateTime": recent}]}
    )
    assert world.status(backend, previous=status)["variants"][0]["reason"] == "RollingOut"


def test_a_pod_that_waits_for_room_for_too_long_no_longer_progresses(world: World, ocrbackend: Make) -> None:
    backend = ocrbackend()
    world.apply(backend, pods_ready=False)
    message = "0/1 nodes are available: 1 Insufficient cpu."
    world.pods = [replace(world.pods[0], unschedulable_message=message, is_scheduled=False)]
    status = world.status(backend)
    world.now += LIMIT
    late = world.status(backend, previous=status)
    assert status_and_reason(late) == ("False", "Unschedulable")
    assert status_and_reason(late, "Progressing") == ("False", "ProgressDeadlineExceeded")


def test_a_deadline_is_checked_when_it_passes(world: World, ocrbackend: Make) -> None:
    spec, status = parse_backend(ocrbackend()), world.status(ocrbackend())
    assert next_deadline_seconds(spec, status, world.now) == LIMIT.total_seconds()
    assert next_deadline_seconds(spec, status, world.now + LIMIT) is None
    world.apply(ocrbackend())
    assert next_deadline_seconds(spec, world.status(ocrbackend()), world.now) is None


@pytest.mark.parametrize("reason", [Reason.API_ERROR, Reason.TERMINATING])
def test_an_object_that_cannot_be_written_for_minutes_degrades_a_ready_backend(
    world: World, ocrbackend: Make, reason: Reason
) -> None:
    world.apply(ocrbackend())
    ref = ObjectReference("v1", "Service", "labs", "ocr-ch-mobile")
    problems = {ref: Cause(reason, "a webhook does not answer")}
    since = {ref: world.now - timedelta(seconds=299)}
    assert with_late_reasons(problems, since, world.now) == problems
    late = with_late_reasons(problems, since, world.now + timedelta(seconds=1))
    late_reason = DEADLINES[reason].late_reason
    status = world.status(ocrbackend(), late)
    assert status_and_reason(status, "Degraded") == ("True", late_reason)
    assert status_and_reason(status, "Reconciled") == ("False", late_reason)
    assert status_and_reason(status, "Stalled") == ("True", late_reason)
    assert "a webhook does not answer" in condition(status, "Degraded")["message"]
    assert status_and_reason(status) == ("True", "Available")
    assert first_seen(reason, status, world.now) == world.now - timedelta(seconds=300)
    assert first_seen(reason, {}, world.now) == world.now


def test_a_new_variant_that_cannot_be_created_has_the_reason_of_the_write(
    world: World, ocrbackend: Make, pod: Callable[..., ObservedPod]
) -> None:
    ref = ObjectReference("apps/v1", "Deployment", "labs", "ocr-ch-mobile")
    status = world.status(ocrbackend(), {ref: Cause(Reason.WRITE_FAILED, "a webhook does not answer")})
    assert status_and_reason(status) == ("False", "WriteFailed")
    assert status["variants"][0]["phase"] == "Failed"
