"""The status of an OCRBackend for different states of its objects and pods."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ocr_operator.observed.pods import ObservedPod
from status_world import World, condition, status_and_reason

Make = Callable[..., dict[str, Any]]
TWO = [
    {"name": "ch-mobile", "language": "ch", "modelType": "mobile"},
    {"name": "en-mobile", "language": "en", "modelType": "mobile"},
]


def test_the_status_of_a_ready_backend(world: World, ocrbackend: Make) -> None:
    backend = ocrbackend()
    world.apply(backend)
    revision = world.pods[0].revision
    assert world.status(backend) == {
        "observedGeneration": 1,
        "summary": "1/1",
        "url": "http://ocr-ch-mobile.labs.svc:9090",
        "conditions": [
            {
                "type": "Ready",
                "status": "True",
                "observedGeneration": 1,
                "lastTransitionTime": "2026-11-23T12:00:00Z",
                "reason": "Available",
                "message": "1 of 1 variants are ready",
            },
            {
                "type": "Available",
                "status": "True",
                "observedGeneration": 1,
                "lastTransitionTime": "2026-11-23T12:00:00Z",
                "reason": "Available",
                "message": "Every variant has a ready pod",
            },
            {
                "type": "Progressing",
                "status": "False",
                "observedGeneration": 1,
                "lastTransitionTime": "2026-11-23T12:00:00Z",
                "reason": "Complete",
                "message": "All rollouts are complete",
            },
            {
                "type": "ModelsReady",
                "status": "True",
                "observedGeneration": 1,
                "lastTransitionTime": "2026-11-23T12:00:00Z",
                "reason": "Loaded",
                "message": "All variants have loaded their models",
            },
            {
                "type": "Degraded",
                "status": "False",
                "observedGeneration": 1,
                "lastTransitionTime": "2026-11-23T12:00:00Z",
                "reason": "AsExpected",
                "message": "No problems detected",
            },
            {
                "type": "Reconciled",
                "status": "True",
                "observedGeneration": 1,
                "lastTransitionTime": "2026-11-23T12:00:00Z",
                "reason": "Applied",
                "message": "All managed objects match the spec",
            },
            {
                "type": "Stalled",
                "status": "False",
                "observedGeneration": 1,
                "lastTransitionTime": "2026-11-23T12:00:00Z",
                "reason": "AsExpected",
                "message": "No deadline has passed",
            },
        ],
        "variants": [
            {
                "name": "ch-mobile",
                "language": "ch",
                "modelType": "mobile",
                "phase": "Ready",
                "url": "http://ocr-ch-mobile.labs.svc:9090",
                "replicas": {"desired": 1, "updated": 1, "ready": 1},
                "revision": {"current": revision, "target": revision, "lastGood": revision},
                "reason": "Available",
                "message": "",
                "lastTransitionTime": "2026-11-23T12:00:00Z",
            }
        ],
    }


def test_a_backend_without_objects_is_starting(world: World, ocrbackend: Make) -> None:
    status = world.status(ocrbackend(variants=TWO))
    assert status_and_reason(status) == ("False", "Starting")
    assert status_and_reason(status, "Progressing") == ("True", "Starting")
    assert status["summary"] == "0/2"
    assert [each["phase"] for each in status["variants"]] == ["Starting", "Starting"]


def test_a_backend_with_one_of_two_variants_is_not_ready(world: World, ocrbackend: Make) -> None:
    backend = ocrbackend(variants=TWO)
    world.apply(backend)
    world.pods = [replace(each, is_ready=each.variant == "ch-mobile") for each in world.pods]
    status = world.status(backend)
    assert status["summary"] == "1/2"
    assert status_and_reason(status) == ("False", "Starting")
    assert condition(status, "Ready")["message"].startswith("en-mobile: ")


def test_a_new_generation_is_not_ready_while_the_old_one_serves(world: World, ocrbackend: Make) -> None:
    world.apply(ocrbackend())
    status = world.status(ocrbackend(generation=2, options={"scoreThreshold": "0.6"}))
    assert status_and_reason(status) == ("False", "RollingOut")
    assert status["variants"][0]["phase"] == "RollingOut"
    assert status["variants"][0]["revision"]["current"] == world.pods[0].revision
    assert condition(status, "Ready")["observedGeneration"] == 2


def test_a_new_annotation_does_not_affect_readiness(world: World, ocrbackend: Make) -> None:
    backend = ocrbackend()
    world.apply(backend)
    # The API server counts it as a new generation, which the Deployment's controller has yet to see.
    world.change("ocr-ch-mobile", generation=2)
    assert status_and_reason(world.status(backend)) == ("True", "Available")


def test_a_rollout_lasts_until_the_old_pods_are_gone(world: World, ocrbackend: Make) -> None:
    backend = ocrbackend()
    world.apply(backend)
    old = replace(world.pods[0], name="old", revision="old")
    world.pods.append(old)
    assert status_and_reason(world.status(backend)) == ("False", "RollingOut")
    world.pods[-1] = replace(old, is_terminating=True)
    assert status_and_reason(world.status(backend)) == ("True", "Available")


def test_a_scale_up_does_not_affect_readiness(world: World, ocrbackend: Make) -> None:
    scaled = [TWO[0] | {"autoscaling": {"minReplicas": 1, "maxReplicas": 5}}]
    backend = ocrbackend(variants=scaled)
    world.apply(backend)
    world.change("ocr-ch-mobile", replicas=4)
    world.pods.append(replace(world.pods[0], name="second", is_ready=False))
    assert status_and_reason(world.status(backend)) == ("True", "Available")


def test_a_failing_pod_of_the_new_revision_is_the_cause_while_the_old_one_serves(
    world: World, ocrbackend: Make, pod: Callable[..., ObservedPod]
) -> None:
    world.apply(ocrbackend())
    changed = ocrbackend(generation=2, options={"scoreThreshold": "0.6"})
    world.apply(changed, pods_ready=False)
    broken = {"waiting": {"reason": "ErrImagePull", "message": "not found"}}
    labels = {
        "ocrbackend.io/variant": "ch-mobile",
        "ocrbackend.io/revision": world.pods[-1].revision,
    }
    world.pods[-1] = pod(labels, name="new", state=broken)
    status = world.status(changed)
    assert status_and_reason(status) == ("False", "ImagePullFailed")
    assert status["variants"][0]["phase"] == "RollingOut"
    assert status["variants"][0]["revision"]["current"] == world.pods[0].revision


def test_the_last_failure_stays_in_the_status_after_the_recovery(
    world: World, ocrbackend: Make, pod: Callable[..., ObservedPod]
) -> None:
    backend = ocrbackend()
    world.apply(backend)
    labels = {
        "ocrbackend.io/variant": "ch-mobile",
        "ocrbackend.io/revision": world.pods[0].revision,
    }
    ended = {"exitCode": 137, "reason": "OOMKilled", "message": "", "finishedAt": "2026-11-23T11:00:00Z"}
    world.pods = [pod(labels, name="p", ready=True, last={"terminated": ended}, restarts=2)]
    [variant] = world.status(backend)["variants"]
    assert variant["phase"] == "Ready"
    failure = variant["lastFailure"]
    assert (failure["pod"], failure["reason"], failure["exitCode"]) == ("p", "OOMKilled", 137)
    assert (failure["time"], failure["count"]) == ("2026-11-23T11:00:00Z", 2)
