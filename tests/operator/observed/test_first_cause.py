"""Does a variant serve, and if not, why not: the same rules for the status and for `kubectl ocr why`."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from ocr_operator.api.names import MODELS_LABEL, REVISION_LABEL, ObjectReference
from ocr_operator.api.reasons import Reason
from ocr_operator.observed.first_cause import (
    download_causes,
    is_rolled_out,
    rollout_causes,
    rollout_progress,
)
from ocr_operator.observed.managed_objects import ObservedObject
from ocr_operator.observed.pods import ObservedPod
from ocr_operator.observed.warning_events import WarningEvent

MakePod = Callable[..., ObservedPod]

NEW, OLD = {REVISION_LABEL: "new"}, {REVISION_LABEL: "old"}
CRASHED = {"terminated": {"exitCode": 3, "message": "no hub answers", "finishedAt": "2026-11-23T12:00:00Z"}}
ATTACHED_ELSEWHERE = WarningEvent("b", "FailedAttachVolume", "Multi-Attach error for volume")
REFUSED = WarningEvent("ocr-models-abc", "FailedCreate", "exceeded quota: small")


def _deployment(**status: Any) -> ObservedObject:
    ref = ObjectReference("apps/v1", "Deployment", "labs", "ocr-ch-mobile")
    return ObservedObject(ref, "u", 1, {}, "o", False, "", True, 1, 1, "new", status)


@pytest.mark.parametrize(
    ("pods", "needed", "expected"),
    [
        pytest.param([(NEW, True)], 1, True, id="enough pods are ready"),
        pytest.param([(NEW, True)], 2, False, id="too few pods are ready"),
        pytest.param([(NEW, True), (NEW, False)], 1, True, id="more pods than needed"),
        pytest.param([(NEW, True), (OLD, True)], 1, False, id="the previous revision still runs"),
        pytest.param([], 0, True, id="no pods are needed"),
    ],
)
def test_a_revision_is_rolled_out_when(
    pod: MakePod, pods: list[tuple[dict[str, str], bool]], needed: int, expected: bool
) -> None:
    running = [pod(labels, ready=is_ready) for labels, is_ready in pods]
    terminating = pod(OLD, ready=True, deleting=True)
    assert is_rolled_out("new", [*running, terminating], needed) is expected


def test_only_pods_of_the_deployments_revision_explain_its_rollout(pod: MakePod) -> None:
    failing = [pod(labels, name=name, state=CRASHED) for labels, name in ((OLD, "a"), (NEW, "b"))]
    [located] = rollout_causes(_deployment(), failing, [])
    assert located.pod == failing[1]
    assert located.cause.reason is Reason.MODEL_LOAD_FAILED


@pytest.mark.parametrize(
    ("facts", "warnings"),
    [
        pytest.param(
            {"unschedulable_message": "0/3 nodes are available"}, [], id="pods of a volume share a node"
        ),
        pytest.param({}, [ATTACHED_ELSEWHERE], id="the volume is attached to the lost node"),
    ],
)
def test_a_pod_waits_for_one_that_cannot_end_on_a_lost_node(
    pod: MakePod, facts: dict[str, Any], warnings: list[WarningEvent]
) -> None:
    waiting = pod(NEW, name="b", **facts)
    stuck = replace(pod(NEW, name="a", deleting=True), is_node_unreachable=True)
    [located] = rollout_causes(_deployment(), [waiting, stuck], warnings)
    assert located.pod == waiting
    assert located.cause.reason is Reason.NODE_LOST
    assert "pod b waits for the end of pod a, whose node no longer reports" in located.cause.message
    [located] = rollout_causes(_deployment(), [waiting, pod(NEW, name="a", deleting=True)], warnings)
    assert located.cause.reason is not Reason.NODE_LOST


def test_a_lost_node_does_not_explain_a_crash(pod: MakePod) -> None:
    stuck = replace(pod(NEW, name="a", deleting=True), is_node_unreachable=True)
    [located] = rollout_causes(_deployment(), [pod(NEW, name="b", state=CRASHED), stuck], [])
    assert located.cause.reason is Reason.MODEL_LOAD_FAILED


def test_the_deployments_own_cause_has_no_pod() -> None:
    failure = {"type": "ReplicaFailure", "status": "True", "message": "exceeded quota: small"}
    [located] = rollout_causes(_deployment(observedGeneration=1, conditions=[failure]), [], [])
    assert (located.cause.reason, located.pod) == (Reason.QUOTA_EXCEEDED, None)


def test_a_download_shows_its_last_failure_until_the_next_attempt_receives_data(pod: MakePod) -> None:
    retrying = pod({MODELS_LABEL: "abc"}, name="p", ready=True, last=CRASHED, restarts=1)
    [located] = download_causes("ocr-models-abc", [retrying], [])
    assert (located.cause.reason, located.pod) == (Reason.DOWNLOAD_FAILED, retrying)
    assert download_causes("ocr-models-abc", [retrying], [], ["p"]) == []


def test_a_job_is_the_cause_only_while_it_has_no_pod(pod: MakePod) -> None:
    [located] = download_causes("ocr-models-abc", [], [REFUSED])
    assert (located.cause.reason, located.pod) == (Reason.QUOTA_EXCEEDED, None)
    running = pod({MODELS_LABEL: "abc"}, name="p", ready=True)
    assert download_causes("ocr-models-abc", [running], [REFUSED]) == []
    [located] = download_causes("ocr-models-abc", [replace(running, is_terminating=True)], [REFUSED])
    assert located.cause.reason is Reason.QUOTA_EXCEEDED


def test_a_rollout_in_progress_says_what_it_waits_for(pod: MakePod) -> None:
    loading, previous = pod(NEW), pod(OLD, ready=True)
    assert rollout_progress("new", []).message == "waiting for the pod to be created"
    assert rollout_progress("new", [loading]).reason is Reason.STARTING
    assert rollout_progress("new", [loading, previous]).reason is Reason.ROLLING_OUT
