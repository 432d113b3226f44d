"""The first cause, for what the cluster may hold; every trouble for real is in light/test_reasons.py."""

import json
from typing import Any

import pytest

from ocr_operator.kubectl.cluster_objects import Found
from ocr_operator.kubectl.why import why

Json = dict[str, Any]
LABELS = {
    "ocrbackend.io/language": "ch",
    "ocrbackend.io/model-type": "mobile",
    "ocrbackend.io/revision": "r1",
}
TOP, DEPLOYMENT = "OCRBackend labs/ocr", "Deployment ocr-ch-mobile"


def _condition(kind: str, status: str, reason: str, message: str = "") -> Json:
    return {"type": kind, "status": status, "reason": reason, "message": message}


def _backend(*, observed: int = 1, reconciled: Json | None = None) -> Json:
    conditions = [reconciled or _condition("Reconciled", "True", "Applied")]
    return {
        "metadata": {"name": "ocr", "namespace": "labs", "generation": 1, "uid": "u"},
        "spec": {"variants": [{"language": "ch", "modelType": "mobile"}]},
        "status": {"observedGeneration": observed, "conditions": conditions},
    }


def _deployment(*conditions: Json) -> Json:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": "ocr-ch-mobile",
            "namespace": "labs",
            "uid": "d",
            "resourceVersion": "1",
            "generation": 1,
        },
        "spec": {"replicas": 1, "template": {"metadata": {"labels": LABELS}}},
        "status": {"observedGeneration": 1, "conditions": list(conditions)},
    }


def _pod(state: Json | None = None, *, ready: bool = False, last: Json | None = None) -> Json:
    container = {
        "name": "backend",
        "state": state or {"running": {}},
        "lastState": last or {},
        "restartCount": 1 if last else 0,
    }
    owner = {"kind": "ReplicaSet", "name": "ocr-ch-mobile-1", "uid": "r"}
    return {
        "metadata": {"name": "ocr-ch-mobile-1-a", "labels": LABELS, "ownerReferences": [owner]},
        "spec": {"nodeName": "node"},
        "status": {
            "conditions": [{"type": "Ready", "status": str(ready)}],
            "containerStatuses": [container],
        },
    }


def _found(*pods: Json, backend: Json | None = None, deployment: Json | None = None) -> Found:
    objects = {"deployments": [deployment or _deployment()], "pods": list(pods)}
    return Found(backend or _backend(), objects, {})


def test_a_backend_that_serves_has_no_cause() -> None:
    answer = why(_found(_pod(ready=True)))
    assert answer.is_well
    assert answer.path == (TOP,)


def test_a_pods_trouble_is_found_all_the_way_down() -> None:
    answer = why(_found(_pod({"waiting": {"reason": "ErrImagePull", "message": "not found"}})))
    assert answer.path == (TOP, DEPLOYMENT, "ReplicaSet ocr-ch-mobile-1", "Pod ocr-ch-mobile-1-a")
    assert answer.reason == "ImagePullFailed"
    assert answer.command == ("describe", "pod", "ocr-ch-mobile-1-a")


def test_of_a_container_that_ended_the_log_before_is_next() -> None:
    ended = {"terminated": {"exitCode": 1, "reason": "Error", "message": "boom"}}
    answer = why(_found(_pod({"waiting": {"reason": "CrashLoopBackOff"}}, last=ended)))
    assert answer.reason == "CrashLooping"
    assert answer.command == ("logs", "--previous", "ocr-ch-mobile-1-a")


def test_pods_that_may_not_be_made_are_the_deployments_trouble() -> None:
    failure = _condition("ReplicaFailure", "True", "FailedCreate", "exceeded quota: small")
    answer = why(_found(deployment=_deployment(failure)))
    assert (answer.path, answer.reason) == ((TOP, DEPLOYMENT), "QuotaExceeded")
    assert answer.command == ("describe", "resourcequotas")


def test_a_pod_that_loads_is_on_its_way() -> None:
    answer = why(_found(_pod()))
    assert answer.reason == "Starting"
    assert answer.command == ("logs", "--follow", "ocr-ch-mobile-1-a")


@pytest.mark.parametrize(
    ("backend", "reason"),
    [
        pytest.param(_backend(observed=0), "OperatorSilent", id="nobody looked at it"),
        pytest.param(
            _backend(reconciled=_condition("Reconciled", "False", "Conflict", "in the way")),
            "Conflict",
            id="a child cannot be written",
        ),
        pytest.param(
            _backend(reconciled=_condition("Reconciled", "False", "OfANewerVersion", "new")),
            "OfANewerVersion",
            id="a reason that this version does not know",
        ),
    ],
)
def test_what_ails_the_whole_is_told_before_a_pod_that_is_on_its_way(backend: Json, reason: str) -> None:
    answer = why(_found(_pod(), backend=backend))
    assert (answer.path, answer.reason) == ((TOP,), reason)


def test_a_deployment_that_is_missing_is_told() -> None:
    answer = why(Found(_backend(), {"deployments": [], "pods": []}, {}))
    assert answer.path == (TOP, "variant ch/mobile")
    assert "Deployment ocr-ch-mobile is not there" in answer.message


JOB_LABELS = {"ocrbackend.io/models": "abc"}


def _job(**status: Any) -> Json:
    metadata = {"name": "ocr-models-abc", "uid": "j", "labels": JOB_LABELS}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "status": status}


def _fetching(**of_pod: Any) -> Json:
    pod = _pod(**of_pod)
    metadata = {"name": "ocr-models-abc-x", "labels": JOB_LABELS, "ownerReferences": []}
    return pod | {"metadata": metadata}


def _found_fetching(*, jobs: list[Json], pods: list[Json], events: list[Json] | None = None) -> Found:
    backend = _backend()
    told = {"message": "fetching models: det 43 %", "models": {"job": "ocr-models-abc"}}
    backend["status"]["variants"] = [told]
    return Found(backend, {"jobs": jobs, "pods": pods, "events": events or []}, {})


def test_models_on_their_way_are_the_answer_with_what_the_operator_tells() -> None:
    answer = why(_found_fetching(jobs=[_job()], pods=[_fetching(ready=True)]))
    assert answer.path == (TOP, "Job ocr-models-abc")
    assert (answer.reason, answer.command) == ("Fetching", ("logs", "--follow", "job/ocr-models-abc"))
    assert answer.message == "the models are on their way; fetching models: det 43 %"


def test_why_models_cannot_be_fetched_is_told_from_the_pod() -> None:
    ended = {"terminated": {"exitCode": 4, "message": "the hub has no det", "finishedAt": ""}}
    waits = {"waiting": {"reason": "CrashLoopBackOff"}}
    answer = why(_found_fetching(jobs=[_job()], pods=[_fetching(state=waits, last=ended)]))
    assert answer.path == (TOP, "Job ocr-models-abc", "Pod ocr-models-abc-x")
    assert answer.reason == "ModelNotFound"
    assert "the hub has no det" in answer.message
    assert answer.command == ("logs", "--previous", "ocr-models-abc-x")


def test_a_job_that_may_make_no_pod_is_told_from_its_events() -> None:
    event = {
        "type": "Warning",
        "reason": "FailedCreate",
        "message": "exceeded quota: small",
        "involvedObject": {"name": "ocr-models-abc"},
    }
    answer = why(_found_fetching(jobs=[_job()], pods=[], events=[event]))
    assert (answer.reason, answer.message) == ("QuotaExceeded", "exceeded quota: small")


def test_a_finished_job_is_no_cause() -> None:
    done = _job(conditions=[{"type": "Complete", "status": "True"}])
    assert why(_found_fetching(jobs=[done], pods=[])).reason == "Starting"


def test_an_eviction_is_told_of_the_pod_that_is_gone() -> None:
    gone = _pod()
    gone["status"] |= {"phase": "Failed", "reason": "Evicted", "message": "low on memory"}
    answer = why(_found(gone, _pod()))
    assert (answer.path, answer.reason) == ((TOP, DEPLOYMENT), "Evicted")
    assert "low on memory" in answer.message
    assert answer.command == ("describe", "nodes")


def test_a_revision_that_was_taken_back_is_told_though_the_last_good_one_serves() -> None:
    back = {"revision": "r2", "reason": "OOMKilled", "message": "pod x ended", "time": "2026-11-23T12:00:00Z"}
    deployment = _deployment()
    deployment["metadata"]["annotations"] = {"ocrbackend.io/rollout": json.dumps({"rolled_back": back})}
    answer = why(_found(_pod(ready=True), deployment=deployment))
    assert (answer.path, answer.reason) == ((TOP, DEPLOYMENT), "RolledBack")
    assert "revision r2 was taken back (OOMKilled: pod x ended); change the spec" in answer.message


def test_a_variant_that_waits_for_its_turn_says_so() -> None:
    backend = _backend()
    told = {
        "language": "ch",
        "modelType": "mobile",
        "reason": "RolloutQueued",
        "message": "waits for en/mobile",
    }
    backend["status"]["variants"] = [told]
    answer = why(_found(_pod(ready=True), backend=backend))
    assert (answer.reason, answer.message) == ("RolloutQueued", "waits for en/mobile")
