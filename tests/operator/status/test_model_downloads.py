"""What is told of the fetching of models, for what may be seen of a Job, its pod and the pod's progress."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from ocr_operator.api.names import MODELS_LABEL
from ocr_operator.api.operator_config import OperatorConfig
from ocr_operator.api.spec import family
from ocr_operator.observed.download_progress import Progress, progress_of
from ocr_operator.observed.observation import ObservedObject, ObservedPod, WarningEvent
from ocr_operator.planning.plan import Apply, Observed, plan
from ocr_operator.status.model_downloads import next_retry, without_pods
from ocr_operator.status.status import recorded_jobs, status_of
from ocr_operator.status.variant_status import variant_states

Make = Callable[..., dict[str, Any]]
HUB = {"source": "Hub"}
DONE = {"conditions": [{"type": "Complete", "status": "True"}]}
TOLD = {
    "models": [
        {"name": "PP-OCRv5_mobile_rec", "state": "Waiting", "bytes": 0, "totalBytes": 16_000_000},
        {"name": "PP-OCRv5_mobile_det", "state": "Fetching", "bytes": 61_000_000, "totalBytes": 142_000_000},
    ],
    "bytes": 61_000_000,
    "totalBytes": 158_000_000,
    "percent": 38,
}
REPORT = (
    '{"models": {"det": "PP-OCRv5_mobile_det@sha256:ab", "rec": "PP-OCRv5_mobile_rec@sha256:cd"}, "bytes": 9}'
)


class World:
    """A backend whose models are fetched, with the Job's pods; `told` is its status."""

    def __init__(
        self,
        backend: dict[str, Any],
        live: Callable[..., ObservedObject],
        config: OperatorConfig,
        now: datetime,
    ) -> None:
        self.backend, self.live, self.config, self.now = backend, live, config, now
        found = plan(family(backend), Observed(), {}, config, now)
        made = [live(step.child) for step in found.steps if isinstance(step, Apply)]
        self.children = tuple(made)
        [self.job] = [one for one in made if one.ref.kind == "Job"]
        self.labels = dict(self.job.labels)
        self.previous: dict[str, Any] = {}

    def finish(self) -> None:
        others = [one for one in self.children if one.ref.kind != "Job"]
        self.children = (*others, replace(self.job, status=DONE))

    def told(
        self,
        *pods: ObservedPod,
        progress: dict[str, Progress] | None = None,
        warnings: tuple[WarningEvent, ...] = (),
    ) -> dict[str, Any]:
        """The status, and what it was before the next one."""
        wanted = family(self.backend)
        observed = Observed(
            self.children,
            pods,
            warnings,
            progress=progress or {},
            recorded=recorded_jobs(self.previous),
        )
        todo = plan(wanted, observed, {}, self.config, self.now)
        states = variant_states(wanted, observed, todo, todo.problems)
        self.previous = status_of(wanted, states, todo.problems, self.previous, self.now)
        return self.previous


@pytest.fixture
def world(
    ocrbackend: Make, live: Callable[..., ObservedObject], config: OperatorConfig, now: datetime
) -> World:
    return World(ocrbackend(models=HUB), live, config, now)


@pytest.fixture
def fetcher(world: World, pod: Callable[..., ObservedPod]) -> Callable[..., ObservedPod]:
    """`fetcher(…)`: a pod of the Job."""
    return lambda **facts: pod(world.labels, name="ocr-models-abc", **facts)


def _ready(status: dict[str, Any], kind: str = "Ready") -> tuple[str, str, str]:
    [found] = [one for one in status["conditions"] if one["type"] == kind]
    return found["status"], found["reason"], found["message"]


def _ended(code: int, message: str = "", reason: str = "Error") -> dict[str, Any]:
    at = "2026-11-23T12:00:00Z"
    return {"terminated": {"exitCode": code, "reason": reason, "message": message, "finishedAt": at}}


def _waiting(message: str = "back-off 40s restarting failed container=backend") -> dict[str, Any]:
    return {"waiting": {"reason": "CrashLoopBackOff", "message": message}}


def test_before_there_is_a_pod_it_is_fetching(world: World) -> None:
    status = world.told()
    [variant] = status["variants"]
    assert variant["phase"] == "Fetching"
    assert variant["models"] == {"job": world.job.ref.name, "state": "Waiting", "bytes": 0}
    for kind in ("Ready", "ModelsReady"):
        assert _ready(status, kind)[:2] == ("False", "Fetching")
    assert _ready(status, "Progressing")[0] == "True"
    assert _ready(status, "Degraded")[0] == "False"


def test_progress_is_told_by_model_and_in_numbers(world: World, fetcher: Callable[..., ObservedPod]) -> None:
    status = world.told(fetcher(ready=True), progress={"ocr-models-abc": progress_of(TOLD)})
    [variant] = status["variants"]
    assert variant["models"] == {
        "job": world.job.ref.name,
        "state": "Fetching",
        "bytes": 61_000_000,
        "totalBytes": 158_000_000,
        "percent": 38,
    }
    assert (
        "ch/mobile: fetching models: PP-OCRv5_mobile_det 42 %, 61 of 142 MB"
        in _ready(status, "ModelsReady")[2]
    )


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
def test_the_end_of_an_attempt_is_told_with_its_reason(
    world: World, fetcher: Callable[..., ObservedPod], code: int, reason: str
) -> None:
    pod = fetcher(state=_waiting(), last=_ended(code, "the hub said so"), restarts=3)
    status = world.told(pod)
    for kind in ("Ready", "ModelsReady"):
        if kind == "ModelsReady" and reason in ("Invalid", "CrashLooping"):
            continue
        assert _ready(status, kind)[:2] == ("False", reason)
    assert _ready(status, "Degraded")[:2] == ("True", reason)
    [variant] = status["variants"]
    assert "the hub said so" in variant["message"]
    assert variant["phase"] == "Failed"
    assert variant["models"]["nextRetryTime"] == "2026-11-23T12:00:40Z"
    failure = variant["models"]["lastFailure"]
    assert (failure["reason"], failure["exitCode"], failure["count"]) == (reason, code, 3)


def test_a_new_attempt_clears_the_failure_when_it_brings_something(
    world: World, fetcher: Callable[..., ObservedPod]
) -> None:
    again = fetcher(ready=True, last=_ended(3, "no route"), restarts=1)
    assert _ready(world.told(again))[1] == "DownloadFailed"
    there = progress_of(TOLD)
    assert _ready(world.told(again, progress={again.name: there}))[1] == "DownloadFailed"
    moving = replace(there, gained=1)
    status = world.told(again, progress={again.name: moving})
    assert _ready(status)[1] == "Fetching"
    assert status["variants"][0]["models"]["lastFailure"]["reason"] == "DownloadFailed"
    assert "nextRetryTime" not in status["variants"][0]["models"]


def test_a_pod_that_is_evicted_has_used_too_much_memory_or_has_no_node_tells_it(
    world: World, fetcher: Callable[..., ObservedPod]
) -> None:
    killed = fetcher(state=_waiting(), last=_ended(137, reason="OOMKilled"), restarts=1)
    assert _ready(world.told(killed))[1] == "OOMKilled"
    assert _ready(world.told(fetcher(unscheduled="0/1 nodes are available: too many pods")))[1] == (
        "Unschedulable"
    )


def test_what_was_published_is_told_and_stays_told_without_its_pod(
    world: World, fetcher: Callable[..., ObservedPod]
) -> None:
    world.finish()
    ended = replace(fetcher(state=_ended(0, REPORT, "Completed")), is_terminating=True)
    [variant] = world.told(ended)["variants"]
    assert variant["models"] == {
        "job": world.job.ref.name,
        "state": "Published",
        "bytes": 9,
        "percent": 100,
        "digests": {"det": "PP-OCRv5_mobile_det@sha256:ab", "rec": "PP-OCRv5_mobile_rec@sha256:cd"},
    }
    assert world.told()["variants"][0]["models"] == variant["models"]
    assert variant["phase"] == "Starting"


@pytest.mark.parametrize("message", ["", "no JSON", "[]", '{"models": 3}'])
def test_a_report_that_cannot_be_read_leaves_the_digests_out(
    world: World, fetcher: Callable[..., ObservedPod], message: str
) -> None:
    world.finish()
    [variant] = world.told(replace(fetcher(state=_ended(0, message)), is_terminating=True))["variants"]
    assert variant["models"]["digests"] == {}


def test_pods_that_cannot_be_made_are_told_from_the_events_of_the_job(world: World) -> None:
    assert without_pods(Observed(world.children)) == [world.job]
    said = 'Error creating: pods "x" is forbidden: exceeded quota: small'
    status = world.told(warnings=(WarningEvent(world.job.ref.name, "FailedCreate", said),))
    assert _ready(status)[1] == "QuotaExceeded"
    assert "exceeded quota: small" in _ready(status)[2]


def test_a_job_with_a_pod_or_an_end_needs_no_events(
    world: World, fetcher: Callable[..., ObservedPod]
) -> None:
    assert without_pods(Observed(world.children, (fetcher(),))) == []
    world.finish()
    assert without_pods(Observed(world.children)) == []


@pytest.mark.parametrize(
    ("message", "restarts", "seconds"),
    [
        ("back-off 10s restarting failed container=backend pod=x", 1, 10),
        ("back-off 1m20s restarting failed container=backend pod=x", 4, 80),
        ("back-off 5m0s restarting failed container=backend pod=x", 9, 300),
        ("told otherwise", 1, 10),
        ("told otherwise", 3, 40),
        ("told otherwise", 30, 300),
    ],
)
def test_the_next_attempt_is_when_the_kubelet_says(
    fetcher: Callable[..., ObservedPod], now: datetime, message: str, restarts: int, seconds: int
) -> None:
    pod = fetcher(state=_waiting(message), last=_ended(3), restarts=restarts)
    assert next_retry(pod) == now + timedelta(seconds=seconds)


@pytest.mark.parametrize(("restarts", "seconds"), [(0, None), (1, 10), (3, 40), (7, 300)])
def test_a_container_that_has_ended_and_is_not_said_to_wait_does_so(
    fetcher: Callable[..., ObservedPod], now: datetime, restarts: int, seconds: int | None
) -> None:
    pod = fetcher(state=_ended(3), last=_ended(4), restarts=restarts)
    assert next_retry(pod) == (now + timedelta(seconds=seconds) if seconds else None)


def test_a_pod_that_runs_waits_for_nothing(fetcher: Callable[..., ObservedPod]) -> None:
    assert next_retry(fetcher(ready=True, last=_ended(3), restarts=1)) is None


def test_the_set_of_a_pod_is_its_label(world: World, fetcher: Callable[..., ObservedPod]) -> None:
    assert fetcher().models == world.labels[MODELS_LABEL]
