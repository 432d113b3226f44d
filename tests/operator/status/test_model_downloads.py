"""The status of downloads, for different states of a Job, its pod and the pod's progress."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from download_world import World
from ocr_operator.api.names import MODELS_LABEL
from ocr_operator.api.operator_config import OperatorConfig
from ocr_operator.observed.download_progress import Progress, progress_of
from ocr_operator.observed.managed_objects import ObservedObject
from ocr_operator.observed.pods import ObservedPod
from ocr_operator.observed.warning_events import WarningEvent
from ocr_operator.status.model_downloads import jobs_without_pods

Make = Callable[..., dict[str, Any]]
HUB = {"source": "Hub"}
PROGRESS = {
    "models": [
        {"name": "PP-OCRv5_mobile_rec", "state": "Waiting", "bytes": 0, "totalBytes": 16_000_000},
        {
            "name": "PP-OCRv5_mobile_det",
            "state": "Downloading",
            "bytes": 61_000_000,
            "totalBytes": 142_000_000,
        },
    ],
    "bytes": 61_000_000,
    "totalBytes": 158_000_000,
    "percent": 38,
}
REPORT = (
    '{"models": {"det": "PP-OCRv5_mobile_det@sha256:ab", "rec": "PP-OCRv5_mobile_rec@sha256:cd"}, "bytes": 9}'
)


@pytest.fixture
def world(
    ocrbackend: Make, live: Callable[..., ObservedObject], config: OperatorConfig, now: datetime
) -> World:
    return World(ocrbackend(models=HUB), live, config, now)


@pytest.fixture
def download_pod(world: World, pod: Callable[..., ObservedPod]) -> Callable[..., ObservedPod]:
    """`download_pod(…)`: a pod of the Job."""
    return lambda **facts: pod(world.labels, name="ocr-models-abc", **facts)


def _ready(status: dict[str, Any], kind: str = "Ready") -> tuple[str, str, str]:
    [condition] = [each for each in status["conditions"] if each["type"] == kind]
    return condition["status"], condition["reason"], condition["message"]


def _ended(code: int, message: str = "", reason: str = "Error") -> dict[str, Any]:
    at = "2026-11-23T12:00:00Z"
    return {"terminated": {"exitCode": code, "reason": reason, "message": message, "finishedAt": at}}


def _waiting(message: str = "back-off 40s restarting failed container=backend") -> dict[str, Any]:
    return {"waiting": {"reason": "CrashLoopBackOff", "message": message}}


def test_a_variant_is_fetching_before_the_job_has_a_pod(world: World) -> None:
    status = world.status()
    [variant] = status["variants"]
    assert variant["phase"] == "Downloading"
    assert variant["models"] == {
        "job": world.job.ref.name,
        "state": "Waiting",
        "bytes": 0,
        "lastProgressTime": "2026-11-23T12:00:00Z",
    }
    for kind in ("Ready", "ModelsReady"):
        assert _ready(status, kind)[:2] == ("False", "Downloading")
    assert _ready(status, "Progressing")[0] == "True"
    assert _ready(status, "Degraded")[0] == "False"


def test_the_status_shows_the_progress_of_the_active_model(
    world: World, download_pod: Callable[..., ObservedPod]
) -> None:
    status = world.status(download_pod(ready=True), progress={"ocr-models-abc": progress_of(PROGRESS)})
    [variant] = status["variants"]
    assert variant["models"] == {
        "job": world.job.ref.name,
        "state": "Downloading",
        "bytes": 61_000_000,
        "totalBytes": 158_000_000,
        "percent": 38,
        "lastProgressTime": "2026-11-23T12:00:00Z",
    }
    assert (
        "ch-mobile: downloading models: PP-OCRv5_mobile_det 42 %, 61 of 142 MB"
        in _ready(status, "ModelsReady")[2]
    )


def _progress(size: int, gained: int = 1) -> Progress:
    return replace(progress_of(PROGRESS), size=size, gained=gained)


def test_a_download_is_stalled_if_no_bytes_arrive(
    world: World, download_pod: Callable[..., ObservedPod]
) -> None:
    pod = download_pod(ready=True)
    for minutes, size, reason in (
        (0, 10, "Downloading"),
        (14, 10, "Downloading"),
        (1, 10, "DownloadStalled"),
        (10, 10, "DownloadStalled"),
        (1, 11, "Downloading"),
        (14, 11, "Downloading"),
        (1, 11, "DownloadStalled"),
    ):
        world.now += timedelta(minutes=minutes)
        status = world.status(pod, progress={pod.name: _progress(size)})
        assert _ready(status, "Ready")[1] == reason
        assert _ready(status, "ModelsReady")[1] == reason
        assert (_ready(status, "Degraded")[0] == "True") is (reason == "DownloadStalled")
    assert status["variants"][0]["models"]["lastProgressTime"] == "2026-11-23T12:26:00Z"


def test_a_stalled_download_stays_so_if_its_pod_does_not_answer_after_a_restart(
    world: World, download_pod: Callable[..., ObservedPod]
) -> None:
    pod = download_pod(ready=True)
    world.status(pod, progress={pod.name: _progress(10)})
    world.now += timedelta(minutes=14)
    before = world.status(pod, progress={pod.name: _progress(10)})["variants"][0]
    restarted = world.status(pod, progress={})["variants"][0]
    assert restarted["models"] == before["models"]
    assert restarted["phase"] == before["phase"]
    world.now += timedelta(minutes=1)
    for progress in ({}, {pod.name: _progress(10, gained=0)}):
        status = world.status(pod, progress=progress)
        assert _ready(status)[1] == "DownloadStalled"
    assert status["variants"][0]["models"]["lastProgressTime"] == "2026-11-23T12:00:00Z"


def test_a_download_whose_pod_does_not_end_is_stalled(
    world: World, download_pod: Callable[..., ObservedPod]
) -> None:
    """For example because a sidecar keeps it alive."""
    pod = download_pod(state=_ended(0, REPORT, "Completed"))
    assert _ready(world.status(pod))[1] == "Downloading"
    world.now += timedelta(minutes=15)
    assert _ready(world.status(pod))[1] == "DownloadStalled"


def test_a_suspended_download_says_so(world: World) -> None:
    suspended = {"conditions": [{"type": "Suspended", "status": "True"}]}
    world.objects = tuple(
        replace(each, status=suspended) if each.ref.kind == "Job" else each for each in world.objects
    )
    assert f"Job {world.job.ref.name} is suspended" in _ready(world.status())[2]
    world.now += timedelta(minutes=15)
    assert _ready(world.status(), "Degraded")[:2] == ("True", "DownloadStalled")


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (2, "Invalid"),
        (3, "DownloadFailed"),
        (4, "ModelNotFound"),
        (5, "ChecksumMismatch"),
        (6, "StorageFull"),
        (1, "CrashLooping"),
    ],
)
def test_a_failed_attempt_has_the_reason_of_its_exit_code(
    world: World, download_pod: Callable[..., ObservedPod], code: int, reason: str
) -> None:
    pod = download_pod(state=_waiting(), last=_ended(code, "the hub refused"), restarts=3)
    status = world.status(pod)
    for kind in ("Ready", "ModelsReady"):
        if kind == "ModelsReady" and reason in ("Invalid", "CrashLooping"):
            continue
        assert _ready(status, kind)[:2] == ("False", reason)
    assert _ready(status, "Degraded")[:2] == ("True", reason)
    [variant] = status["variants"]
    assert "the hub refused" in variant["message"]
    assert variant["phase"] == "Failed"
    assert variant["models"]["nextRetryTime"] == "2026-11-23T12:00:40Z"
    failure = variant["models"]["lastFailure"]
    assert (failure["reason"], failure["exitCode"], failure["count"]) == (reason, code, 3)


def test_a_new_attempt_clears_the_failure_when_it_receives_data(
    world: World, download_pod: Callable[..., ObservedPod]
) -> None:
    retrying = download_pod(ready=True, last=_ended(3, "no route"), restarts=1)
    assert _ready(world.status(retrying))[1] == "DownloadFailed"
    unchanged = progress_of(PROGRESS)
    assert _ready(world.status(retrying, progress={retrying.name: unchanged}))[1] == "DownloadFailed"
    progressing = replace(unchanged, gained=1)
    status = world.status(retrying, progress={retrying.name: progressing})
    assert _ready(status)[1] == "Downloading"
    assert status["variants"][0]["models"]["lastFailure"]["reason"] == "DownloadFailed"
    assert "nextRetryTime" not in status["variants"][0]["models"]


def test_a_pod_out_of_memory_or_without_a_node_is_the_cause(
    world: World, download_pod: Callable[..., ObservedPod]
) -> None:
    killed = download_pod(state=_waiting(), last=_ended(137, reason="OOMKilled"), restarts=1)
    assert _ready(world.status(killed))[1] == "OOMKilled"
    assert _ready(world.status(download_pod(unschedulable_message="0/1 nodes are available: too many pods")))[
        1
    ] == ("Unschedulable")


def test_published_models_stay_in_the_status_without_their_pod(
    world: World, download_pod: Callable[..., ObservedPod]
) -> None:
    world.finish()
    ended = replace(download_pod(state=_ended(0, REPORT, "Completed")), is_terminating=True)
    [variant] = world.status(ended)["variants"]
    assert variant["models"] == {
        "job": world.job.ref.name,
        "state": "Published",
        "bytes": 9,
        "percent": 100,
        "digests": {"det": "PP-OCRv5_mobile_det@sha256:ab", "rec": "PP-OCRv5_mobile_rec@sha256:cd"},
    }
    assert world.status()["variants"][0]["models"] == variant["models"]
    assert variant["phase"] == "Starting"


@pytest.mark.parametrize("message", ["", "no JSON", "[]", '{"models": 3}'])
def test_an_invalid_report_leaves_the_digests_empty(
    world: World, download_pod: Callable[..., ObservedPod], message: str
) -> None:
    world.finish()
    [variant] = world.status(replace(download_pod(state=_ended(0, message)), is_terminating=True))["variants"]
    assert variant["models"]["digests"] == {}


def test_events_of_the_job_explain_a_missing_pod(world: World) -> None:
    assert jobs_without_pods(world.objects, ()) == [world.job]
    message = 'Error creating: pods "x" is forbidden: exceeded quota: small'
    status = world.status(warnings=(WarningEvent(world.job.ref.name, "FailedCreate", message),))
    assert _ready(status)[1] == "QuotaExceeded"
    assert "exceeded quota: small" in _ready(status)[2]


def test_a_job_that_has_a_pod_or_is_complete_needs_no_events(
    world: World, download_pod: Callable[..., ObservedPod]
) -> None:
    assert jobs_without_pods(world.objects, (download_pod(),)) == []
    world.finish()
    assert jobs_without_pods(world.objects, ()) == []


def test_the_model_set_of_a_pod_is_its_label(world: World, download_pod: Callable[..., ObservedPod]) -> None:
    assert download_pod().model_set == world.labels[MODELS_LABEL]
