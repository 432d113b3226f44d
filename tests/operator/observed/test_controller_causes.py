"""What Deployments and Jobs report, and the reason that it gets."""

from dataclasses import replace

import pytest

from ocr_operator.api.names import ObjectReference
from ocr_operator.api.reasons import Reason
from ocr_operator.observed.controller_causes import deployment_cause, is_late, job_cause
from ocr_operator.observed.managed_objects import ObservedObject
from ocr_operator.observed.warning_events import WarningEvent


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
def test_a_failing_deployment_has_a_cause(condition: dict[str, str], reason: Reason) -> None:
    cause = deployment_cause(_deployment(condition))
    assert cause is not None
    assert cause.reason is reason
    assert "ocr-ch-mobile" in cause.message


def test_a_progressing_deployment_has_no_cause() -> None:
    condition = {"type": "Progressing", "status": "True", "reason": "ReplicaSetUpdated"}
    assert deployment_cause(_deployment(condition)) is None
    assert deployment_cause(_deployment()) is None


def test_conditions_from_before_the_last_change_are_ignored() -> None:
    late = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}
    assert deployment_cause(replace(_deployment(late), generation=2)) is None


LATE = {
    "type": "Progressing",
    "status": "False",
    "reason": "ProgressDeadlineExceeded",
    "lastUpdateTime": "2026-11-23T12:00:00Z",
}


@pytest.mark.parametrize(
    ("since", "expected"),
    [("2026-11-23T11:59:30Z", True), ("2026-11-23T12:00:00Z", False), ("", True)],
    ids=["its own deadline", "the previous template's deadline", "unknown start"],
)
def test_a_deployment_is_late_with_the_template_that_missed_its_deadline(since: str, expected: bool) -> None:
    assert is_late(_deployment(LATE), since) is expected
    assert not is_late(replace(_deployment(LATE), generation=2), since)
    assert not is_late(_deployment(LATE | {"reason": "ReplicaSetUpdated"}), since)
    assert not is_late(_deployment(), since)


def test_a_deployment_is_late_also_because_of_a_quota() -> None:
    failure = {"type": "ReplicaFailure", "status": "True", "message": "exceeded quota: small"}
    assert is_late(_deployment(failure, LATE), "")


def test_a_job_without_pods_is_explained_by_its_events() -> None:
    refused = WarningEvent("ocr-models-abc", "FailedCreate", "exceeded quota: small")
    cause = job_cause("ocr-models-abc", [replace(refused, message="denied by policy x"), refused])
    assert cause is not None
    assert cause.reason is Reason.QUOTA_EXCEEDED
    assert cause.message.startswith("Job ocr-models-abc: exceeded quota: small; raise the quota")
    assert job_cause("ocr-models-abc", [replace(refused, name="other")]) is None
    assert job_cause("ocr-models-abc", [replace(refused, reason="BackoffLimitExceeded")]) is None
