"""Pods that are not ready, and the reason and action that each gets."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from ocr_operator.api.reasons import Reason
from ocr_operator.observed.pod_causes import pod_cause
from ocr_operator.observed.pods import ObservedPod
from ocr_operator.observed.warning_events import WarningEvent

MakePod = Callable[..., ObservedPod]


def _waiting(reason: str, message: str = "") -> dict[str, Any]:
    return {"waiting": {"reason": reason, "message": message}}


def _ended(code: int, message: str = "", reason: str = "Error") -> dict[str, Any]:
    at = "2026-11-23T12:00:00Z"
    return {"terminated": {"exitCode": code, "message": message, "reason": reason, "finishedAt": at}}


CRASHED = _waiting("CrashLoopBackOff", "back-off 5m0s restarting failed container")


@pytest.mark.parametrize(
    ("pod_facts", "reason", "expected"),
    [
        pytest.param(
            {"unschedulable_message": "0/3 nodes available: 3 Insufficient nvidia.com/gpu. no new claims"},
            Reason.INSUFFICIENT_DEVICE,
            "Insufficient nvidia.com/gpu",
            id="no node has the device",
        ),
        pytest.param(
            {"unschedulable_message": "0/1 nodes are available: 1 Insufficient memory."},
            Reason.UNSCHEDULABLE,
            "spec.variants[].resources",
            id="no node has the memory",
        ),
        pytest.param(
            {"unschedulable_message": "0/1 nodes: pod has unbound immediate PersistentVolumeClaims."},
            Reason.STORAGE_PENDING,
            "storageClassName",
            id="the volume does not exist yet",
        ),
        pytest.param(
            {"unschedulable_message": 'running PreBind plugin "VolumeBinding": binding volumes: timed out'},
            Reason.STORAGE_PENDING,
            "timed out",
            id="no provisioner creates the volume",
        ),
        pytest.param(
            {"unschedulable_message": 'persistentvolumeclaim "prepared" not found'},
            Reason.CLAIM_NOT_FOUND,
            "spec.models.storage.claimName",
            id="the user's volume is missing",
        ),
        pytest.param(
            {"unschedulable_message": 'storageclass.storage.k8s.io "fast" not found'},
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
            id="the container cannot be created",
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
            id="the models cannot be downloaded",
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
            id="the backend rejects its environment",
        ),
        pytest.param(
            {"state": CRASHED, "last": _ended(137, reason="OOMKilled"), "restarts": 1},
            Reason.OOM_KILLED,
            "limits.memory",
            id="the memory limit is too low",
        ),
        pytest.param(
            {"state": _ended(1, "Traceback")},
            Reason.CRASH_LOOPING,
            "ended, exit code 1: Traceback",
            id="it crashed for the first time",
        ),
    ],
)
def test_a_pod_that_is_not_ready_has_a_cause(
    pod: MakePod, pod_facts: dict[str, Any], reason: Reason, expected: str
) -> None:
    cause = pod_cause(pod({}, name="ocr-1", **pod_facts))
    assert cause is not None
    assert cause.reason is reason
    assert expected in cause.message
    assert "pod ocr-1" in cause.message


@pytest.mark.parametrize(
    "pod_facts",
    [
        pytest.param({"ready": True, "last": _ended(1), "restarts": 3}, id="it is ready again"),
        pytest.param({"deleting": True, "state": _ended(143)}, id="it is being deleted"),
        pytest.param({"state": _waiting("ContainerCreating")}, id="it is being created"),
        pytest.param({"state": {"running": {}}}, id="it loads its models"),
        pytest.param({"state": _ended(0)}, id="it ended with exit code 0"),
    ],
)
def test_a_pod_has_no_cause_when(pod: MakePod, pod_facts: dict[str, Any]) -> None:
    assert pod_cause(pod({}, **pod_facts)) is None


PENDING = {"unschedulable_message": "pod has unbound immediate PersistentVolumeClaims"}
CREATING = {"state": _waiting("ContainerCreating")}


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
            id="the provisioner reports an error",
        ),
        pytest.param(
            CREATING,
            WarningEvent("ocr-1", "FailedAttachVolume", "Multi-Attach error: volume is used by another node"),
            Reason.MOUNT_FAILED,
            id="another node uses the volume",
        ),
    ],
)
def test_events_explain_what_the_pod_does_not(
    pod: MakePod, facts: dict[str, Any], warning: WarningEvent, reason: Reason
) -> None:
    pending = replace(pod({}, name="ocr-1", **facts), claims=("models",))
    unrelated = WarningEvent("another", "ProvisioningFailed", "not ours")
    cause = pod_cause(pending, [warning, unrelated])
    assert cause is not None
    assert cause.reason is reason
    assert warning.message in cause.message
    assert "not ours" not in cause.message


@pytest.mark.parametrize(
    ("facts", "name", "event"),
    [
        (
            {"unschedulable_message": "pod has unbound immediate PersistentVolumeClaims."},
            "models",
            "ProvisioningFailed",
        ),
        (CREATING, "ocr-1", "FailedMount"),
    ],
)
def test_the_last_event_is_the_advice(pod: MakePod, facts: dict[str, Any], name: str, event: str) -> None:
    pending = replace(pod({}, name="ocr-1", **facts), claims=("models",))
    warnings = [WarningEvent(name, event, "an old problem"), WarningEvent(name, event, "the present problem")]
    cause = pod_cause(pending, warnings)
    assert cause is not None
    assert "the present problem" in cause.message
    assert "an old problem" not in cause.message


def test_a_pod_on_an_unreachable_node_is_lost(pod: MakePod) -> None:
    cause = pod_cause(replace(pod({}, name="ocr-1"), is_node_unreachable=True))
    assert cause is not None
    assert cause.reason is Reason.NODE_LOST


def test_a_long_message_is_shortened(pod: MakePod) -> None:
    cause = pod_cause(pod({}, state=_ended(1, "x" * 5000)))
    assert cause is not None
    assert len(cause.message) < 800
