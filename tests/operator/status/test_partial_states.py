"""Variants of which some pods serve and others do not."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ocr_operator.observed.pods import ContainerTermination
from status_world import World, status_and_reason

Make = Callable[..., dict[str, Any]]
THREE = [{"name": "ch-mobile", "language": "ch", "modelType": "mobile", "replicas": 3}]


def _with_pods(world: World, backend: dict[str, Any], ready: int, count: int) -> None:
    world.apply(backend)
    world.pods = [
        replace(world.pods[0], name=f"pod-{index}", is_ready=index < ready) for index in range(count)
    ]


def test_a_variant_of_which_one_pod_is_not_ready_serves(world: World, ocrbackend: Make) -> None:
    backend = ocrbackend(variants=THREE)
    _with_pods(world, backend, ready=2, count=3)
    status = world.status(backend)
    assert status["summary"] == "1/1"
    assert status["variants"][0]["phase"] == "PartiallyReady"
    assert status["variants"][0]["replicas"]["ready"] == 2
    assert status_and_reason(status) == ("False", "Starting")
    assert status_and_reason(status, "Available") == ("True", "Available")


def test_a_variant_serves_while_pods_are_added(world: World, ocrbackend: Make) -> None:
    backend = ocrbackend(variants=THREE)
    _with_pods(world, backend, ready=1, count=1)
    status = world.status(backend)
    assert (status["summary"], status["variants"][0]["phase"]) == ("1/1", "PartiallyReady")


def test_a_variant_serves_while_one_pod_crashes(world: World, ocrbackend: Make) -> None:
    backend = ocrbackend(variants=THREE)
    _with_pods(world, backend, ready=2, count=3)
    ended = ContainerTermination("Error", 1, "Traceback", "2026-11-23T12:00:00Z")
    world.pods[-1] = replace(world.pods[-1], waiting_reason="CrashLoopBackOff", termination=ended)
    status = world.status(backend)
    assert (status["summary"], status["variants"][0]["phase"]) == ("1/1", "PartiallyReady")
    assert status_and_reason(status) == ("False", "CrashLooping")
    assert status_and_reason(status, "Degraded") == ("True", "CrashLooping")


def test_a_variant_without_a_ready_pod_has_failed(world: World, ocrbackend: Make) -> None:
    backend = ocrbackend(variants=THREE)
    _with_pods(world, backend, ready=0, count=3)
    world.pods = [replace(each, waiting_reason="ErrImagePull") for each in world.pods]
    status = world.status(backend)
    assert (status["summary"], status["variants"][0]["phase"]) == ("0/1", "Failed")


def test_a_suspended_variant_is_not_counted(world: World, ocrbackend: Make) -> None:
    variants = [*THREE, {"name": "en", "language": "en", "modelType": "mobile", "suspend": True}]
    backend = ocrbackend(variants=variants)
    world.apply(backend)
    world.pods = [replace(world.pods[0], name=f"pod-{index}") for index in range(3)]
    assert world.status(backend)["summary"] == "1/1"


def test_only_a_single_variant_gives_the_backend_a_url(world: World, ocrbackend: Make) -> None:
    assert world.status(ocrbackend())["url"] == "http://ocr-ch-mobile.labs.svc:9090"
    two = [*THREE, {"name": "en", "language": "en", "modelType": "mobile"}]
    assert "url" not in world.status(ocrbackend(variants=two))


def test_while_both_revisions_serve_the_old_one_is_the_current(world: World, ocrbackend: Make) -> None:
    backend = ocrbackend(variants=THREE)
    _with_pods(world, backend, ready=2, count=2)
    for revision in ("0-old", "z-old"):
        world.pods[0] = replace(world.pods[0], revision=revision)
        entry = world.status(backend)["variants"][0]
        assert entry["revision"]["current"] == revision
        assert entry["revision"]["target"] == world.pods[1].revision


def test_a_paused_backend_is_not_degraded(world: World, ocrbackend: Make) -> None:
    world.apply(ocrbackend())
    edited = ocrbackend(options={"scoreThreshold": "0.9"}, paused=True)
    status = world.status(edited)
    assert status_and_reason(status)[1] == "Paused"
    assert status_and_reason(status, "Degraded")[0] == "False"


def test_a_deployment_of_another_owner_does_not_count(world: World, ocrbackend: Make) -> None:
    backend = ocrbackend()
    world.apply(backend)
    world.change("ocr-ch-mobile", owner_uid="another")
    assert world.status(backend)["variants"][0]["replicas"]["desired"] == 0


def test_an_eviction_is_the_cause_while_the_replacement_starts(world: World, ocrbackend: Make) -> None:
    backend = ocrbackend()
    world.apply(backend, pods_ready=False)
    evicted = replace(world.pods[0], name="evicted", eviction_message="low on memory", is_terminating=True)
    world.pods.append(evicted)
    assert status_and_reason(world.status(backend)) == ("False", "Evicted")
