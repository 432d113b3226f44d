"""The first cause for different states of a cluster; light/test_reasons.py has each on a real one."""

import json
from typing import Any

import pytest

from ocr_operator.kubectl.cluster_objects import ClusterObjects
from ocr_operator.kubectl.why import why

Json = dict[str, Any]
LABELS = {
    "ocrbackend.io/variant": "ch-mobile",
    "ocrbackend.io/revision": "r1",
}
TOP, DEPLOYMENT = "OCRBackend labs/ocr", "Deployment ocr-ch-mobile"


def _condition(kind: str, status: str, reason: str, message: str = "") -> Json:
    return {"type": kind, "status": status, "reason": reason, "message": message}


def _backend(*, observed: int = 1, reconciled: Json | None = None) -> Json:
    conditions = [reconciled or _condition("Reconciled", "True", "Applied")]
    return {
        "metadata": {"name": "ocr", "namespace": "labs", "generation": 1, "uid": "u"},
        "spec": {"variants": [{"name": "ch-mobile", "language": "ch", "modelType": "mobile"}]},
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


def _objects(*pods: Json, backend: Json | None = None, deployment: Json | None = None) -> ClusterObjects:
    objects = {"deployments": [deployment or _deployment()], "pods": list(pods)}
    return ClusterObjects(backend or _backend(), objects, {})


def test_a_ready_backend_has_no_cause() -> None:
    answer = why(_objects(_pod(ready=True)))
    assert answer.is_ready
    assert answer.path == (TOP,)


def test_an_autoscaled_variant_needs_only_its_minimum_of_replicas() -> None:
    backend, deployment = _backend(), _deployment()
    backend["spec"]["variants"][0]["autoscaling"] = {"minReplicas": 1, "maxReplicas": 4}
    deployment["spec"]["replicas"] = 3
    assert why(_objects(_pod(ready=True), _pod(), backend=backend, deployment=deployment)).is_ready


def test_a_pod_of_the_previous_revision_means_that_the_rollout_is_not_complete() -> None:
    previous = _pod(ready=True)
    previous["metadata"] = previous["metadata"] | {"labels": LABELS | {"ocrbackend.io/revision": "r0"}}
    assert why(_objects(_pod(ready=True), previous)).reason == "RollingOut"


def test_the_path_leads_to_the_pod_with_the_cause() -> None:
    answer = why(_objects(_pod({"waiting": {"reason": "ErrImagePull", "message": "not found"}})))
    assert answer.path == (TOP, DEPLOYMENT, "ReplicaSet ocr-ch-mobile-1", "Pod ocr-ch-mobile-1-a")
    assert answer.reason == "ImagePullFailed"
    assert answer.command == ("describe", "pod", "ocr-ch-mobile-1-a")


def test_the_next_command_for_an_ended_container_is_its_previous_log() -> None:
    ended = {"terminated": {"exitCode": 1, "reason": "Error", "message": "boom"}}
    answer = why(_objects(_pod({"waiting": {"reason": "CrashLoopBackOff"}}, last=ended)))
    assert answer.reason == "CrashLooping"
    assert answer.command == ("logs", "--previous", "ocr-ch-mobile-1-a")


def test_pods_that_are_refused_are_a_cause_of_the_deployment() -> None:
    failure = _condition("ReplicaFailure", "True", "FailedCreate", "exceeded quota: small")
    answer = why(_objects(deployment=_deployment(failure)))
    assert (answer.path, answer.reason) == ((TOP, DEPLOYMENT), "QuotaExceeded")
    assert answer.command == ("describe", "resourcequotas")


def test_a_pod_that_loads_its_models_is_starting() -> None:
    answer = why(_objects(_pod()))
    assert answer.reason == "Starting"
    assert answer.command == ("logs", "--follow", "ocr-ch-mobile-1-a")


@pytest.mark.parametrize(
    ("backend", "reason"),
    [
        pytest.param(_backend(observed=0), "OperatorSilent", id="no operator has reconciled it"),
        pytest.param(
            _backend(reconciled=_condition("Reconciled", "False", "Conflict", "another owner")),
            "Conflict",
            id="a managed object cannot be written",
        ),
        pytest.param(
            _backend(reconciled=_condition("Reconciled", "False", "OfANewerVersion", "new")),
            "OfANewerVersion",
            id="a reason that this version does not know",
        ),
    ],
)
def test_a_problem_of_the_whole_backend_comes_before_a_starting_pod(backend: Json, reason: str) -> None:
    answer = why(_objects(_pod(), backend=backend))
    assert (answer.path, answer.reason) == ((TOP,), reason)


def test_a_missing_deployment_is_reported() -> None:
    answer = why(ClusterObjects(_backend(), {"deployments": [], "pods": []}, {}))
    assert answer.path == (TOP, "variant ch-mobile")
    assert "Deployment ocr-ch-mobile does not exist yet" in answer.message


JOB_LABELS = {"ocrbackend.io/models": "abc"}


def _job(**status: Any) -> Json:
    metadata = {"name": "ocr-models-abc", "uid": "j", "labels": JOB_LABELS}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "status": status}


def _download_pod(**pod_facts: Any) -> Json:
    pod = _pod(**pod_facts)
    metadata = {"name": "ocr-models-abc-x", "labels": JOB_LABELS, "ownerReferences": []}
    return pod | {"metadata": metadata}


def _downloading(*, jobs: list[Json], pods: list[Json], events: list[Json] | None = None) -> ClusterObjects:
    backend = _backend()
    status = {"message": "downloading models: det 43 %", "models": {"job": "ocr-models-abc"}}
    backend["status"]["variants"] = [status]
    return ClusterObjects(backend, {"jobs": jobs, "pods": pods, "events": events or []}, {})


def test_a_running_download_is_reported_with_its_progress() -> None:
    answer = why(_downloading(jobs=[_job()], pods=[_download_pod(ready=True)]))
    assert answer.path == (TOP, "Job ocr-models-abc")
    assert (answer.reason, answer.command) == ("Downloading", ("logs", "--follow", "job/ocr-models-abc"))
    assert answer.message == "downloading models: det 43 %"


def test_a_download_without_progress_is_stalled() -> None:
    objects = _downloading(jobs=[_job()], pods=[_download_pod(ready=True)])
    objects.status["variants"][0] |= {"reason": "DownloadStalled", "message": "no progress"}
    answer = why(objects)
    assert (answer.reason, answer.message) == ("DownloadStalled", "no progress")


def test_a_pod_that_starts_for_too_long_is_late() -> None:
    backend = _backend()
    late = {"name": "ch-mobile", "reason": "ProgressDeadlineExceeded", "message": "for more than 960 s"}
    backend["status"]["variants"] = [late]
    answer = why(_objects(_pod(), backend=backend))
    assert (answer.reason, answer.message) == ("ProgressDeadlineExceeded", "for more than 960 s")


def test_the_pod_says_why_models_cannot_be_downloaded() -> None:
    ended = {"terminated": {"exitCode": 4, "message": "the hub has no det", "finishedAt": ""}}
    waiting = {"waiting": {"reason": "CrashLoopBackOff"}}
    answer = why(_downloading(jobs=[_job()], pods=[_download_pod(state=waiting, last=ended)]))
    assert answer.path == (TOP, "Job ocr-models-abc", "Pod ocr-models-abc-x")
    assert answer.reason == "ModelNotFound"
    assert "the hub has no det" in answer.message
    assert answer.command == ("logs", "--previous", "ocr-models-abc-x")


def test_events_explain_a_job_that_cannot_create_its_pod() -> None:
    event = {
        "type": "Warning",
        "reason": "FailedCreate",
        "message": "exceeded quota: small",
        "involvedObject": {"name": "ocr-models-abc"},
    }
    answer = why(_downloading(jobs=[_job()], pods=[], events=[event]))
    assert answer.reason == "QuotaExceeded"
    assert answer.message.startswith("Job ocr-models-abc: exceeded quota: small; raise the quota")


def test_a_complete_job_is_not_a_cause() -> None:
    complete = _job(conditions=[{"type": "Complete", "status": "True"}])
    assert why(_downloading(jobs=[complete], pods=[])).reason == "Starting"


def test_an_evicted_pod_is_a_cause_while_its_replacement_starts() -> None:
    evicted = _pod()
    evicted["status"] |= {"phase": "Failed", "reason": "Evicted", "message": "low on memory"}
    answer = why(_objects(evicted, _pod()))
    assert (answer.path, answer.reason) == ((TOP, DEPLOYMENT), "Evicted")
    assert "low on memory" in answer.message
    assert answer.command == ("describe", "nodes")


def test_a_rollback_is_reported_although_the_last_good_revision_serves() -> None:
    rolled_back = {
        "revision": "r2",
        "reason": "OOMKilled",
        "message": "pod x ended",
        "time": "2026-11-23T12:00:00Z",
    }
    deployment = _deployment()
    deployment["metadata"]["annotations"] = {
        "ocrbackend.io/rollout": json.dumps({"rolled_back": rolled_back})
    }
    answer = why(_objects(_pod(ready=True), deployment=deployment))
    assert (answer.path, answer.reason) == ((TOP, DEPLOYMENT), "RolledBack")
    assert "rolled back from revision r2 (OOMKilled: pod x ended); change the spec" in answer.message


def test_a_queued_rollout_is_reported() -> None:
    backend = _backend()
    status = {
        "name": "ch-mobile",
        "language": "ch",
        "modelType": "mobile",
        "reason": "RolloutQueued",
        "message": "waits for en-mobile",
    }
    backend["status"]["variants"] = [status]
    answer = why(_objects(_pod(ready=True), backend=backend))
    assert (answer.reason, answer.message) == ("RolloutQueued", "waits for en-mobile")
