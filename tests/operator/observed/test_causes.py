"""What pods, Deployments and refused writes say, and the reason and advice made of it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from ocr_operator.api.names import ObjectReference
from ocr_operator.api.reasons import Reason
from ocr_operator.observed.causes import (
    deployment_cause,
    event_poll_seconds,
    eviction_cause,
    is_late,
    needs_events,
    pod_cause,
    refusal_reason,
    write_cause,
)
from ocr_operator.observed.observation import ObservedObject, ObservedPod, WarningEvent

MakePod = Callable[..., ObservedPod]


def _waiting(reason: str, message: str = "") -> dict[str, Any]:
    return {"waiting": {"reason": reason, "message": message}}


def _ended(code: int, message: str = "", reason: str = "Error") -> dict[str, Any]:
    at = "2026-11-23T12:00:00Z"
    return {"terminated": {"exitCode": code, "message": message, "reason": reason, "finishedAt": at}}


CRASHED = _waiting("CrashLoopBackOff", "back-off 5m0s restarting failed container")


@pytest.mark.parametrize(
    ("pod_facts", "reason", "said"),
    [
        pytest.param(
            {"unscheduled": "0/3 nodes are available: 3 Insufficient nvidia.com/gpu. no new claims"},
            Reason.INSUFFICIENT_DEVICE,
            "Insufficient nvidia.com/gpu",
            id="no node has the device",
        ),
        pytest.param(
            {"unscheduled": "0/1 nodes are available: 1 Insufficient memory."},
            Reason.UNSCHEDULABLE,
            "spec.variants[].resources",
            id="no node has the memory",
        ),
        pytest.param(
            {"unscheduled": "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims."},
            Reason.STORAGE_PENDING,
            "storageClassName",
            id="the volume is not there yet",
        ),
        pytest.param(
            {"unscheduled": 'running PreBind plugin "VolumeBinding": binding volumes: timed out'},
            Reason.STORAGE_PENDING,
            "timed out",
            id="nobody makes the volume",
        ),
        pytest.param(
            {"unscheduled": 'persistentvolumeclaim "prepared" not found'},
            Reason.CLAIM_NOT_FOUND,
            "spec.models.storage.existingClaim",
            id="the user's volume is missing",
        ),
        pytest.param(
            {"unscheduled": 'storageclass.storage.k8s.io "fast" not found'},
            Reason.STORAGE_CLASS_NOT_FOUND,
            '"fast" not found',
            id="the volume's class is missing",
        ),
        pytest.param(
            {"state": _waiting("ImagePullBackOff", 'Back-off pulling image "x": not found')},
            Reason.IMAGE_PULL_FAILED,
            "check spec.image",
            id="the image cannot be pulled",
        ),
        pytest.param(
            {"state": _waiting("CreateContainerConfigError", 'secret "basic" not found')},
            Reason.SECRET_NOT_FOUND,
            'secret "basic" not found',
            id="a Secret is missing",
        ),
        pytest.param(
            {"state": _waiting("CreateContainerConfigError", "couldn't find key token in Secret labs/ls")},
            Reason.SECRET_NOT_FOUND,
            "key token",
            id="a key of a Secret is missing",
        ),
        pytest.param(
            {"state": _waiting("CreateContainerError", "no such runtime")},
            Reason.CONTAINER_NOT_CREATED,
            "kubectl describe pod",
            id="the container cannot be made",
        ),
        pytest.param(
            {
                "state": CRASHED,
                "last": _ended(3, "loading\n\x1b[31mno model PP-OCRv5\x1b[0m\n\n"),
                "restarts": 2,
            },
            Reason.MODEL_LOAD_FAILED,
            "ended 3 times, exit code 3: no model PP-OCRv5",
            id="the models cannot be loaded",
        ),
        pytest.param(
            {"state": CRASHED, "last": _ended(3, "the golden sample '1' was read as '2': these weights")},
            Reason.GOLDEN_MISMATCH,
            "was read as '2'",
            id="the golden sample is misread",
        ),
        pytest.param(
            {"state": CRASHED, "last": _ended(3, "the models det cannot be downloaded from x (refused)")},
            Reason.DOWNLOAD_FAILED,
            "spec.models.mirror",
            id="the models cannot be fetched",
        ),
        pytest.param(
            {"state": CRASHED, "last": _ended(3, "the model folder /models/det is broken: no inference.yml")},
            Reason.MODELS_DAMAGED,
            "delete the Job in status.variants[].models.job",
            id="a model is incomplete",
        ),
        pytest.param(
            {
                "state": CRASHED,
                "last": _ended(2, "start\nwrong:\n  LOG_LEVEL: 'x'\n  THREADS: 0"),
                "restarts": 1,
            },
            Reason.INVALID,
            "exit code 2: wrong: LOG_LEVEL: 'x' THREADS: 0",
            id="the backend refuses its environment",
        ),
        pytest.param(
            {"state": CRASHED, "last": _ended(137, reason="OOMKilled"), "restarts": 1},
            Reason.OOM_KILLED,
            "limits.memory",
            id="the memory is too small",
        ),
        pytest.param(
            {"state": _ended(1, "Traceback")},
            Reason.CRASH_LOOPING,
            "ended, exit code 1: Traceback",
            id="it has just crashed for the first time",
        ),
    ],
)
def test_a_pod_that_is_not_ready_says_why(
    pod: MakePod, pod_facts: dict[str, Any], reason: Reason, said: str
) -> None:
    found = pod_cause(pod({}, name="ocr-1", **pod_facts))
    assert found is not None
    assert found.reason is reason
    assert said in found.message
    assert "pod ocr-1" in found.message


@pytest.mark.parametrize(
    "pod_facts",
    [
        pytest.param({"ready": True, "last": _ended(1), "restarts": 3}, id="it serves again"),
        pytest.param({"deleting": True, "state": _ended(143)}, id="it is meant to end"),
        pytest.param({"state": _waiting("ContainerCreating")}, id="it is being made"),
        pytest.param({"state": {"running": {}}}, id="it loads its models"),
        pytest.param({"state": _ended(0)}, id="it ended as told"),
    ],
)
def test_a_pod_has_no_trouble_when(pod: MakePod, pod_facts: dict[str, Any]) -> None:
    assert pod_cause(pod({}, **pod_facts)) is None


PENDING = {"unscheduled": "pod has unbound immediate PersistentVolumeClaims"}
MADE = {"state": _waiting("ContainerCreating")}


@pytest.mark.parametrize(
    ("facts", "warning", "reason"),
    [
        pytest.param(
            PENDING,
            WarningEvent("models", "ProvisioningFailed", 'storageclass.storage.k8s.io "fast" not found'),
            Reason.STORAGE_CLASS_NOT_FOUND,
            id="the volume's class is missing",
        ),
        pytest.param(
            PENDING,
            WarningEvent("models", "ProvisioningFailed", "the disk shelf is full"),
            Reason.STORAGE_PENDING,
            id="the provisioner's own words",
        ),
        pytest.param(
            MADE,
            WarningEvent("ocr-1", "FailedAttachVolume", "Multi-Attach error: volume is used by another node"),
            Reason.MOUNT_FAILED,
            id="the volume is held elsewhere",
        ),
    ],
)
def test_events_tell_what_a_pod_cannot(
    pod: MakePod, facts: dict[str, Any], warning: WarningEvent, reason: Reason
) -> None:
    one = replace(pod({}, name="ocr-1", **facts), claims=("models",))
    others = WarningEvent("another", "ProvisioningFailed", "not ours")
    found = pod_cause(one, [warning, others])
    assert found is not None
    assert found.reason is reason
    assert warning.message in found.message
    assert "not ours" not in found.message


def test_only_what_hides_its_reason_has_its_events_read(pod: MakePod, now: datetime) -> None:
    old = now - timedelta(minutes=1)
    with_claim = replace(pod({}, **PENDING), claims=("models",))
    assert needs_events(with_claim, now)
    assert not needs_events(replace(with_claim, claims=()), now)
    assert needs_events(replace(pod({}, **MADE), created=old), now)
    assert not needs_events(replace(pod({}, **MADE), created=now), now)
    assert not needs_events(replace(pod({}, **MADE, ready=True), created=old), now)
    assert not needs_events(replace(pod({}, state=CRASHED), created=old), now)


def test_events_are_asked_again_while_a_pod_hides_its_reason(pod: MakePod, now: datetime) -> None:
    young, old = (replace(pod({}, **MADE), created=now - timedelta(seconds=age)) for age in (4, 60))
    assert event_poll_seconds([pod({}, state=CRASHED)], now) is None
    assert event_poll_seconds([young], now) == 6
    assert event_poll_seconds([old], now) == 15
    assert event_poll_seconds([old, young], now) == 6


def test_a_pod_whose_node_was_given_up_says_so(pod: MakePod) -> None:
    found = pod_cause(replace(pod({}, name="ocr-1"), is_node_unreachable=True))
    assert found is not None
    assert found.reason is Reason.NODE_LOST


def test_a_long_log_is_cut(pod: MakePod) -> None:
    found = pod_cause(pod({}, state=_ended(1, "x" * 5000)))
    assert found is not None
    assert len(found.message) < 800


def _deployment(*conditions: dict[str, str]) -> ObservedObject:
    ref = ObjectReference("apps/v1", "Deployment", "labs", "ocr-ch-mobile")
    status = {"observedGeneration": 1, "conditions": list(conditions)}
    return ObservedObject(ref, "u", 1, {}, "o", False, "", True, 1, 1, "r", status)


@pytest.mark.parametrize(
    ("condition", "reason"),
    [
        pytest.param(
            {
                "type": "ReplicaFailure",
                "status": "True",
                "message": "pods is forbidden: exceeded quota: small",
            },
            Reason.QUOTA_EXCEEDED,
            id="a quota",
        ),
        pytest.param(
            {"type": "ReplicaFailure", "status": "True", "message": "violates PodSecurity restricted"},
            Reason.FORBIDDEN,
            id="a policy",
        ),
        pytest.param(
            {
                "type": "Progressing",
                "status": "False",
                "reason": "ProgressDeadlineExceeded",
                "message": "late.",
            },
            Reason.PROGRESS_DEADLINE_EXCEEDED,
            id="the deadline",
        ),
    ],
)
def test_a_deployment_that_does_not_get_on_says_why(condition: dict[str, str], reason: Reason) -> None:
    found = deployment_cause(_deployment(condition))
    assert found is not None
    assert found.reason is reason
    assert "ocr-ch-mobile" in found.message


def test_a_deployment_that_gets_on_has_no_trouble() -> None:
    condition = {"type": "Progressing", "status": "True", "reason": "ReplicaSetUpdated"}
    assert deployment_cause(_deployment(condition)) is None
    assert deployment_cause(_deployment()) is None


def test_what_a_deployment_said_before_its_last_change_is_no_trouble() -> None:
    late = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}
    assert deployment_cause(replace(_deployment(late), generation=2)) is None


@pytest.mark.parametrize(
    ("status", "message", "reason"),
    [
        pytest.param(
            403, "exceeded quota: small, requested: services=1", Reason.QUOTA_EXCEEDED, id="a quota"
        ),
        pytest.param(403, "cannot patch resource", Reason.FORBIDDEN, id="a missing right"),
        pytest.param(422, "spec.template.spec.affinity: Invalid value", Reason.INVALID, id="a bad field"),
        pytest.param(409, "the uid does not match", Reason.API_ERROR, id="another object by now"),
        pytest.param(503, "unavailable", Reason.API_ERROR, id="a server in trouble"),
        pytest.param(None, "no answer", Reason.API_ERROR, id="silence"),
    ],
)
def test_a_refused_write_has_a_reason(status: int | None, message: str, reason: Reason) -> None:
    found = write_cause(status, message, "Service labs/ocr-ch-mobile")
    assert found.reason is reason
    assert found.message.startswith(f"Service labs/ocr-ch-mobile: {message}")


def test_a_refusal_is_a_quotas_or_a_policys() -> None:
    assert refusal_reason("exceeded quota: x") is Reason.QUOTA_EXCEEDED
    assert refusal_reason("denied by policy x") is Reason.FORBIDDEN


def _evicted(pod: MakePod, at: datetime | None, name: str = "ocr-1") -> ObservedPod:
    message = "The node was low on resource: memory."
    return replace(pod({}, name=name), is_terminating=True, evicted=message, evicted_at=at)


def test_an_eviction_is_told_until_the_pod_in_its_place_is_ready(pod: MakePod, now: datetime) -> None:
    gone, next_one = _evicted(pod, now), replace(pod({}, name="ocr-2"), created=now + timedelta(seconds=1))
    found = eviction_cause([gone, next_one])
    assert found is not None
    assert found.reason is Reason.EVICTED
    assert found.message.startswith(
        "pod ocr-1 was evicted: The node was low on resource: memory.; raise spec."
    )
    assert eviction_cause([gone, replace(next_one, is_ready=True)]) is None
    assert eviction_cause([gone]) is None


def test_an_eviction_explains_no_pod_that_was_made_long_after_it(pod: MakePod, now: datetime) -> None:
    later = replace(pod({}, name="ocr-2"), created=now + timedelta(hours=1))
    assert eviction_cause([_evicted(pod, now), later]) is None
    assert eviction_cause([_evicted(pod, None), later]) is not None


def test_the_last_of_several_evictions_is_told(pod: MakePod, now: datetime) -> None:
    last = now + timedelta(seconds=20)
    pods = [_evicted(pod, last, "ocr-2"), _evicted(pod, now), replace(pod({}, name="ocr-3"), created=last)]
    found = eviction_cause(pods)
    assert found is not None
    assert "pod ocr-2 was" in found.message


LATE = {
    "type": "Progressing",
    "status": "False",
    "reason": "ProgressDeadlineExceeded",
    "lastUpdateTime": "2026-11-23T12:00:00Z",
}


@pytest.mark.parametrize(
    ("since", "is_so"),
    [("2026-11-23T12:00:00Z", True), ("2026-11-23T12:00:01Z", False), ("", True)],
    ids=["its own deadline", "an earlier template's", "nobody knows since when"],
)
def test_a_deployment_is_late_with_the_template_it_speaks_of(since: str, is_so: bool) -> None:
    assert is_late(_deployment(LATE), since) is is_so
    assert not is_late(replace(_deployment(LATE), generation=2), since)
    assert not is_late(_deployment(LATE | {"reason": "ReplicaSetUpdated"}), since)
    assert not is_late(_deployment(), since)


def test_a_deployment_is_late_also_where_a_quota_is_why() -> None:
    failure = {"type": "ReplicaFailure", "status": "True", "message": "exceeded quota: small"}
    assert is_late(_deployment(failure, LATE), "")
