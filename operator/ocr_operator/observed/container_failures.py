"""The last failure of a container, as the status shows it.

Pure.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from ocr_operator.api.reasons import Reason
from ocr_operator.observed.pod_causes import termination_cause
from ocr_operator.observed.pods import ObservedPod


@dataclass(frozen=True)
class Failure:
    """How a container of a pod ended with an error. `count` is how often it did; `time` is RFC 3339."""

    pod: str
    reason: Reason
    message: str
    exit_code: int
    time: str
    count: int


def last_failure(pods: Iterable[ObservedPod]) -> Failure | None:
    """The latest failure of these pods; None if no container has failed."""
    failures = [failure for pod in pods if (failure := _failure(pod))]
    return max(failures, key=lambda failure: failure.time, default=None)


def _failure(pod: ObservedPod) -> Failure | None:
    cause = termination_cause(pod)
    if cause is None or pod.termination is None:
        return None
    return Failure(
        pod=pod.name,
        reason=cause.reason,
        message=cause.message,
        exit_code=pod.termination.exit_code,
        time=pod.termination.time,
        count=max(pod.restarts, 1),
    )
