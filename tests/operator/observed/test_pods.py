"""Pods from their JSON."""

from datetime import UTC, datetime

import pytest

from ocr_operator.observed.pods import ContainerTermination, observed_pod


def test_an_unschedulable_pod_has_the_schedulers_message() -> None:
    condition = {
        "type": "PodScheduled",
        "status": "False",
        "message": "0/1 nodes",
        "lastTransitionTime": "2026-11-23T12:00:00Z",
    }
    observed = observed_pod({"metadata": {"name": "p"}, "spec": {}, "status": {"conditions": [condition]}})
    assert observed.unschedulable_message == "0/1 nodes"
    assert observed.unschedulable_since is not None
    assert not observed.is_scheduled


def test_the_termination_before_the_last_restart_is_read() -> None:
    ended = {"reason": "Error", "exitCode": 3, "message": "no models", "finishedAt": "2026-11-23T12:00:00Z"}
    status = {
        "name": "backend",
        "restartCount": 4,
        "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}},
        "lastState": {"terminated": ended},
    }
    observed = observed_pod(
        {"metadata": {"name": "p"}, "spec": {}, "status": {"containerStatuses": [status]}}
    )
    assert observed.termination == ContainerTermination("Error", 3, "no models", "2026-11-23T12:00:00Z")
    assert (observed.waiting_reason, observed.restarts) == ("CrashLoopBackOff", 4)


@pytest.mark.parametrize("phase", ["Failed", "Succeeded"])
def test_a_pod_that_has_ended_counts_as_terminating(phase: str) -> None:
    assert observed_pod({"metadata": {"name": "p"}, "status": {"phase": phase}}).is_terminating
    assert not observed_pod({"metadata": {"name": "p"}, "status": {"phase": "Running"}}).is_terminating


def test_injected_containers_are_ignored() -> None:
    status = {"name": "sidecar", "restartCount": 9, "state": {"waiting": {"reason": "ErrImagePull"}}}
    observed = observed_pod(
        {"metadata": {"name": "p"}, "spec": {}, "status": {"containerStatuses": [status]}}
    )
    assert (observed.waiting_reason, observed.restarts) == ("", 0)


def test_an_init_container_that_has_not_succeeded_stands_for_the_backend() -> None:
    backend = {"name": "backend", "restartCount": 0, "state": {"waiting": {"reason": "PodInitializing"}}}
    pulling = {"name": "models", "restartCount": 2, "state": {"waiting": {"reason": "ErrImagePull"}}}
    succeeded = {"name": "models", "restartCount": 2, "state": {"terminated": {"exitCode": 0}}}
    injected = {"name": "sidecar", "restartCount": 9, "state": {"waiting": {"reason": "Other"}}}
    status = {"containerStatuses": [backend]}
    observed = observed_pod(
        {"metadata": {"name": "p"}, "status": status | {"initContainerStatuses": [injected, pulling]}}
    )
    assert (observed.waiting_reason, observed.restarts) == ("ErrImagePull", 2)
    observed = observed_pod(
        {"metadata": {"name": "p"}, "status": status | {"initContainerStatuses": [succeeded]}}
    )
    assert (observed.waiting_reason, observed.restarts) == ("PodInitializing", 0)


def test_a_new_pod_without_status_is_not_ready() -> None:
    observed = observed_pod({"metadata": {"name": "p", "labels": {}}})
    assert (observed.variant, observed.is_ready, observed.termination) == (None, False, None)


def test_an_evicted_pod_differs_from_other_failed_pods() -> None:
    at = {"type": "DisruptionTarget", "status": "True", "lastTransitionTime": "2026-11-23T12:00:00Z"}
    status = {"phase": "Failed", "reason": "Evicted", "message": "low on memory", "conditions": [at]}
    observed = observed_pod({"metadata": {"name": "p"}, "status": status})
    assert (observed.eviction_message, observed.is_terminating) == ("low on memory", True)
    assert observed.evicted_at == datetime(2026, 11, 23, 12, tzinfo=UTC)
    assert observed_pod({"metadata": {"name": "p"}, "status": {"phase": "Failed"}}).eviction_message == ""
