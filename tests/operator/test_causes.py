"""What pods, Deployments and refused writes say, and the reason and advice made of it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from ocr_operator.causes import deployment_cause, pod_cause, refusal_reason, write_cause
from ocr_operator.conditions import Reason
from ocr_operator.names import Ref
from ocr_operator.observation import LiveChild, LivePod

MakePod = Callable[..., LivePod]


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
            "with nvidia.com/gpu",
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
            Reason.STORAGE_PENDING,
            '"prepared" not found',
            id="the user's volume is missing",
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


def test_a_long_log_is_cut(pod: MakePod) -> None:
    found = pod_cause(pod({}, state=_ended(1, "x" * 5000)))
    assert found is not None
    assert len(found.message) < 800


def _deployment(*conditions: dict[str, str]) -> LiveChild:
    ref = Ref("apps/v1", "Deployment", "labs", "ocr-ch-mobile")
    status = {"observedGeneration": 1, "conditions": list(conditions)}
    return LiveChild(ref, "u", 1, {}, "o", False, "", True, 1, 1, "r", status)


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
