"""The few facts that are kept of an object, from its JSON."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from ocr_operator.api.names import NamespacedName, ObjectReference
from ocr_operator.observed.observation import ContainerTermination, observed_object, observed_pod, parent


def _deployment(*managers: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": "ocr-ch-mobile",
            "namespace": "labs",
            "uid": "u",
            "resourceVersion": "7",
            "generation": 3,
            "labels": {"ocrbackend.io/language": "ch", "ocrbackend.io/model-type": "mobile"},
            "ownerReferences": [{"uid": "other"}, {"uid": "owner", "controller": True}],
            "managedFields": list(managers),
        },
        "spec": {"replicas": 2, "template": {"metadata": {"labels": {"ocrbackend.io/revision": "abc"}}}},
        "status": {"readyReplicas": 1},
    }


def _manager(fields: dict[str, Any], name: str = "ocr-operator", **more: str) -> dict[str, Any]:
    return {"manager": name, "operation": "Apply", "fieldsV1": fields, "time": "any"} | more


REPLICAS: dict[str, Any] = {"f:spec": {"f:replicas": {}}}


def test_a_deployment_is_known_by_what_planning_needs() -> None:
    found = observed_object(_deployment(_manager(REPLICAS)))
    assert found.ref == ObjectReference("apps/v1", "Deployment", "labs", "ocr-ch-mobile")
    assert (found.uid, found.version, found.owner_uid, found.generation) == ("u", 7, "owner", 3)
    assert (found.replicas, found.revision, found.variant) == (2, "abc", ("ch", "mobile"))
    assert found.owns_replicas
    assert not found.is_deleting


def test_ownership_is_told_by_our_own_apply_alone() -> None:
    alone = observed_object(_deployment(_manager(REPLICAS)))
    beside = observed_object(
        _deployment(
            _manager({"f:spec": {"f:paused": {}}}, "kubectl"),
            _manager(REPLICAS, time="later"),
            _manager({"f:status": {}}, subresource="status"),
            _manager({"f:spec": {"f:paused": {}}}, operation="Update"),
        )
    )
    assert beside.ownership == alone.ownership


def test_a_field_that_somebody_took_changes_the_ownership() -> None:
    assert (
        observed_object(_deployment(_manager({}))).ownership
        != observed_object(_deployment(_manager(REPLICAS))).ownership
    )


def test_a_pod_that_no_node_takes_says_so() -> None:
    condition = {
        "type": "PodScheduled",
        "status": "False",
        "message": "0/1 nodes",
        "lastTransitionTime": "2026-11-23T12:00:00Z",
    }
    found = observed_pod({"metadata": {"name": "p"}, "spec": {}, "status": {"conditions": [condition]}})
    assert found.unscheduled == "0/1 nodes"
    assert found.unscheduled_since is not None
    assert not found.is_scheduled


def test_the_end_before_this_start_is_remembered() -> None:
    ended = {"reason": "Error", "exitCode": 3, "message": "no models", "finishedAt": "2026-11-23T12:00:00Z"}
    status = {
        "name": "backend",
        "restartCount": 4,
        "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}},
        "lastState": {"terminated": ended},
    }
    found = observed_pod({"metadata": {"name": "p"}, "spec": {}, "status": {"containerStatuses": [status]}})
    assert found.ended == ContainerTermination("Error", 3, "no models", "2026-11-23T12:00:00Z")
    assert (found.waiting, found.restarts) == ("CrashLoopBackOff", 4)


@pytest.mark.parametrize("phase", ["Failed", "Succeeded"])
def test_the_record_of_an_evicted_pod_is_no_pod_any_more(phase: str) -> None:
    assert observed_pod({"metadata": {"name": "p"}, "status": {"phase": phase}}).is_terminating
    assert not observed_pod({"metadata": {"name": "p"}, "status": {"phase": "Running"}}).is_terminating


def test_containers_that_others_inject_are_not_looked_at() -> None:
    status = {"name": "sidecar", "restartCount": 9, "state": {"waiting": {"reason": "ErrImagePull"}}}
    found = observed_pod({"metadata": {"name": "p"}, "spec": {}, "status": {"containerStatuses": [status]}})
    assert (found.waiting, found.restarts) == ("", 0)


def test_what_has_to_end_well_before_the_backend_starts_speaks_for_it() -> None:
    main = {"name": "backend", "restartCount": 0, "state": {"waiting": {"reason": "PodInitializing"}}}
    waits = {"name": "models", "restartCount": 2, "state": {"waiting": {"reason": "ErrImagePull"}}}
    done = {"name": "models", "restartCount": 2, "state": {"terminated": {"exitCode": 0}}}
    of_others = {"name": "sidecar", "restartCount": 9, "state": {"waiting": {"reason": "Other"}}}
    told = {"containerStatuses": [main]}
    found = observed_pod(
        {"metadata": {"name": "p"}, "status": told | {"initContainerStatuses": [of_others, waits]}}
    )
    assert (found.waiting, found.restarts) == ("ErrImagePull", 2)
    found = observed_pod({"metadata": {"name": "p"}, "status": told | {"initContainerStatuses": [done]}})
    assert (found.waiting, found.restarts) == ("PodInitializing", 0)


def test_a_pod_just_made_has_nothing_to_say() -> None:
    found = observed_pod({"metadata": {"name": "p", "labels": {}}})
    assert (found.variant, found.is_ready, found.ended) == (None, False, None)


@pytest.mark.parametrize(
    ("labels", "owners", "name"),
    [
        pytest.param({"app.kubernetes.io/instance": "ocr"}, [], "ocr", id="what its label names"),
        pytest.param(
            {"app.kubernetes.io/instance": "other"},
            [{"kind": "OCRBackend", "name": "ocr", "controller": True}],
            "ocr",
            id="its controller, whatever somebody made of the label",
        ),
        pytest.param(
            {"app.kubernetes.io/instance": "ocr"},
            [{"kind": "ReplicaSet", "name": "ocr-ch-mobile-5d", "controller": True}],
            "ocr",
            id="what a pod's label names",
        ),
        pytest.param({}, [], None, id="nobody"),
    ],
)
def test_the_parent_is(labels: dict[str, str], owners: list[dict[str, Any]], name: str | None) -> None:
    metadata = {"namespace": "labs", "labels": labels, "ownerReferences": owners}
    assert parent(metadata) == (NamespacedName("labs", name) if name else None)


def test_a_pod_that_its_kubelet_ended_is_told_from_others_that_failed() -> None:
    at = {"type": "DisruptionTarget", "status": "True", "lastTransitionTime": "2026-11-23T12:00:00Z"}
    status = {"phase": "Failed", "reason": "Evicted", "message": "low on memory", "conditions": [at]}
    found = observed_pod({"metadata": {"name": "p"}, "status": status})
    assert (found.evicted, found.is_terminating) == ("low on memory", True)
    assert found.evicted_at == datetime(2026, 11, 23, 12, tzinfo=UTC)
    assert observed_pod({"metadata": {"name": "p"}, "status": {"phase": "Failed"}}).evicted == ""


def test_a_deployments_template_and_what_it_remembers_are_kept_as_text() -> None:
    body = _deployment()
    body["metadata"]["annotations"] = {"ocrbackend.io/rollout": "{}"}
    found = observed_object(body)
    assert found.rollout == "{}"
    assert json.loads(found.template) == body["spec"]["template"]
