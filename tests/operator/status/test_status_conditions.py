"""The conditions of an OCRBackend for different states of its objects and pods."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ocr_operator.api.names import ObjectReference
from ocr_operator.api.reasons import Reason
from ocr_operator.observed.causes import Cause
from ocr_operator.observed.pods import ContainerTermination, ObservedPod
from status_world import OBSERVED, World, condition, status_and_reason

Make = Callable[..., dict[str, Any]]
TWO = [
    {"name": "ch-mobile", "language": "ch", "modelType": "mobile"},
    {"name": "en-mobile", "language": "en", "modelType": "mobile"},
]


def test_models_are_unknown_until_a_pod_reports(
    world: World, ocrbackend: Make, pod: Callable[..., ObservedPod]
) -> None:
    backend = ocrbackend(variants=TWO)
    assert status_and_reason(world.status(backend), "ModelsReady") == ("Unknown", "Starting")
    world.apply(backend)
    assert status_and_reason(world.status(backend), "ModelsReady") == ("True", "Loaded")
    failed = ContainerTermination(
        "Error", 3, "the models det cannot be downloaded from x", "2026-11-23T12:00:00Z"
    )
    world.pods[1] = replace(world.pods[1], is_ready=False, termination=failed)
    status = world.status(backend)
    assert status_and_reason(status, "ModelsReady") == ("False", "DownloadFailed")
    assert condition(status, "ModelsReady")["message"].startswith("en-mobile: ")


def test_a_backend_is_degraded_if_it_needs_action_but_not_while_it_starts(
    world: World, ocrbackend: Make
) -> None:
    backend = ocrbackend()
    assert status_and_reason(world.status(backend), "Degraded") == ("False", "AsExpected")
    world.apply(backend, pods_ready=False)
    assert status_and_reason(world.status(backend), "Degraded") == ("False", "AsExpected")
    world.pods = [replace(world.pods[0], waiting_reason="ErrImagePull", waiting_message="not found")]
    assert status_and_reason(world.status(backend), "Degraded") == ("True", "ImagePullFailed")
    assert status_and_reason(world.status(ocrbackend(paused=True)), "Degraded") == ("True", "ImagePullFailed")


def test_a_refused_volume_is_the_reason_and_not_the_pod_that_waits_for_it(
    world: World, ocrbackend: Make
) -> None:
    backend = ocrbackend()
    world.apply(backend, pods_ready=False)
    missing = 'persistentvolumeclaim "ocr-models" not found'
    world.pods = [replace(world.pods[0], unschedulable_message=missing, is_scheduled=False)]
    ref = ObjectReference("v1", "PersistentVolumeClaim", "labs", "ocr-models")
    status = world.status(backend, {ref: Cause(Reason.QUOTA_EXCEEDED, "no more volumes")})
    for kind in ("Ready", "Degraded"):
        refused = condition(status, kind)
        assert refused["reason"] == "QuotaExceeded"
        assert "no more volumes" in refused["message"]


def test_the_most_urgent_of_several_causes_is_the_reason(
    world: World, ocrbackend: Make, pod: Callable[..., ObservedPod]
) -> None:
    backend = ocrbackend(variants=TWO)
    world.apply(backend, pods_ready=False)
    labels = [
        {
            "ocrbackend.io/variant": each.variant,
            "ocrbackend.io/revision": each.revision,
        }
        for each in world.pods
        if each.variant
    ]
    world.pods = [
        pod(labels[0], unschedulable_message="0/1 nodes are available: 1 Insufficient cpu."),
        pod(
            labels[1],
            state={"waiting": {"reason": "CreateContainerConfigError", "message": 'secret "s" not found'}},
        ),
    ]
    status = world.status(backend)
    assert status_and_reason(status) == ("False", "SecretNotFound")
    assert [each["phase"] for each in status["variants"]] == ["Pending", "Failed"]
    message = condition(status, "Ready")["message"]
    assert "ch-mobile: pod" in message
    assert "en-mobile: pod" in message


def test_a_variant_does_not_progress_after_its_deadline(world: World, ocrbackend: Make) -> None:
    backend = ocrbackend()
    world.apply(backend, pods_ready=False)
    late = {
        "type": "Progressing",
        "status": "False",
        "reason": "ProgressDeadlineExceeded",
        "message": "late.",
    }
    world.change("ocr-ch-mobile", status=OBSERVED | {"conditions": [late]})
    status = world.status(backend)
    assert status_and_reason(status) == ("False", "ProgressDeadlineExceeded")
    assert status_and_reason(status, "Progressing") == ("False", "ProgressDeadlineExceeded")


def test_an_unschedulable_pod_progresses_until_the_deadline(
    world: World, ocrbackend: Make, pod: Callable[..., ObservedPod]
) -> None:
    backend = ocrbackend()
    world.apply(backend, pods_ready=False)
    message = "0/1 nodes are available: 1 Insufficient cpu."
    world.pods = [replace(world.pods[0], unschedulable_message=message, is_scheduled=False)]
    assert status_and_reason(world.status(backend), "Progressing") == ("True", "Starting")
    late = {
        "type": "Progressing",
        "status": "False",
        "reason": "ProgressDeadlineExceeded",
        "message": "late.",
    }
    world.change("ocr-ch-mobile", status=OBSERVED | {"conditions": [late]})
    status = world.status(backend)
    assert status_and_reason(status) == ("False", "Unschedulable")
    assert status_and_reason(status, "Progressing") == ("False", "ProgressDeadlineExceeded")
    assert status_and_reason(status, "Stalled") == ("True", "Unschedulable")


def test_a_pod_that_needs_action_does_not_progress(world: World, ocrbackend: Make) -> None:
    backend = ocrbackend()
    world.apply(backend, pods_ready=False)
    world.pods = [replace(world.pods[0], waiting_reason="ErrImagePull", waiting_message="not found")]
    status = world.status(backend)
    assert status_and_reason(status, "Progressing") == ("False", "ImagePullFailed")
    # The registry may answer again before the deadline.
    assert status_and_reason(status, "Stalled") == ("False", "AsExpected")


def test_an_ownership_conflict_names_the_object(world: World, ocrbackend: Make) -> None:
    backend = ocrbackend()
    world.apply(backend)
    ref = ObjectReference("v1", "Service", "labs", "ocr-ch-mobile")
    world.objects[ref] = replace(world.objects[ref], owner_uid="another", labels={})
    status = world.status(backend)
    assert status_and_reason(status) == ("False", "Conflict")
    assert status_and_reason(status, "Reconciled") == ("False", "Conflict")
    assert "Service labs/ocr-ch-mobile" in condition(status, "Reconciled")["message"]


def test_an_error_of_the_api_server_does_not_affect_readiness(world: World, ocrbackend: Make) -> None:
    backend = ocrbackend()
    world.apply(backend)
    ref = ObjectReference("v1", "Service", "labs", "ocr-ch-mobile")
    status = world.status(backend, {ref: Cause(Reason.API_ERROR, "no response")})
    assert status_and_reason(status) == ("True", "Available")
    assert status_and_reason(status, "Reconciled") == ("False", "ApiError")


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("PersistentVolumeClaim", "ocr-models"),
        ("ServiceMonitor", "ocr"),
        ("NetworkPolicy", "ocr"),
        ("HorizontalPodAutoscaler", "ocr-ch-mobile"),
    ],
)
def test_an_object_that_no_request_needs_leaves_a_serving_backend_ready(
    world: World, ocrbackend: Make, kind: str, name: str
) -> None:
    backend = ocrbackend()
    world.apply(backend)
    ref = ObjectReference("v1", kind, "labs", name)
    status = world.status(backend, {ref: Cause(Reason.FORBIDDEN, "no")})
    assert status_and_reason(status) == ("True", "Available")
    assert status_and_reason(status, "Degraded") == ("True", "Forbidden")
    assert status_and_reason(status, "Reconciled") == ("False", "Forbidden")
    assert status["variants"][0]["phase"] == "Ready"


def test_a_backend_that_is_not_ready_names_its_most_urgent_problem(world: World, ocrbackend: Make) -> None:
    ref = ObjectReference("v1", "PersistentVolumeClaim", "labs", "ocr-models")
    status = world.status(ocrbackend(), {ref: Cause(Reason.FORBIDDEN, "no")})
    assert status_and_reason(status) == ("False", "Forbidden")


def test_a_paused_backend_stays_ready(world: World, ocrbackend: Make) -> None:
    world.apply(ocrbackend())
    status = world.status(ocrbackend(paused=True))
    assert status_and_reason(status) == ("True", "Available")
    assert status_and_reason(status, "Reconciled") == ("False", "Paused")


def test_a_change_during_a_pause_waits(world: World, ocrbackend: Make) -> None:
    world.apply(ocrbackend())
    status = world.status(ocrbackend(generation=2, paused=True, options={"scoreThreshold": "0.6"}))
    assert status_and_reason(status) == ("False", "Paused")
    assert status["variants"][0]["phase"] == "RollingOut"


def test_a_variant_with_invalid_settings_is_invalid(world: World, ocrbackend: Make) -> None:
    korean = [{"name": "korean-mobile", "language": "korean", "modelType": "mobile"}]
    status = world.status(ocrbackend(ocrVersion="PP-OCRv6", variants=korean))
    assert status_and_reason(status) == ("False", "Invalid")
    assert status_and_reason(status, "Reconciled") == ("False", "Invalid")
    assert status_and_reason(status, "Stalled") == ("True", "Invalid")
    assert status["variants"][0]["phase"] == "Failed"


def test_transition_times_change_only_with_the_status(world: World, ocrbackend: Make) -> None:
    backend = ocrbackend()
    first = world.status(backend)
    world.now += timedelta(minutes=1)
    again = world.status(backend, previous=first)
    assert again == first
    world.apply(backend)
    ready = world.status(backend, previous=first)
    assert condition(ready, "Ready")["lastTransitionTime"] == "2026-11-23T12:01:00Z"
    assert condition(ready, "Reconciled")["lastTransitionTime"] == "2026-11-23T12:00:00Z"


def test_a_long_message_is_truncated(world: World, ocrbackend: Make, pod: Callable[..., ObservedPod]) -> None:
    variants = [
        {"name": f"{language}-{tier}", "language": language, "modelType": tier}
        for language in ("ch", "en", "japan", "korean", "arabic", "cyrillic", "devanagari", "latin")
        for tier in ("mobile", "server")
    ]
    backend = ocrbackend(variants=variants)
    problems = {
        ObjectReference("apps/v1", "Deployment", "labs", f"ocr-{each['name']}"): Cause(
            Reason.FORBIDDEN, "x" * 300
        )
        for each in variants
    }
    status = world.status(backend, problems)
    assert len(condition(status, "Ready")["message"]) == 1024
    assert status["summary"] == "0/16"
