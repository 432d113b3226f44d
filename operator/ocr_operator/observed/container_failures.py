"""The last time that a container ended in failure, as the status tells it. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from ocr_operator.api.reasons import Reason
from ocr_operator.observed import causes
from ocr_operator.observed.observation import ObservedPod


@dataclass(frozen=True)
class Failure:
    """The last time that a container of a variant, or one that fetches its models, ended in failure."""

    pod: str
    reason: Reason
    message: str
    exit_code: int
    time: str
    count: int


def last_failure(pods: Iterable[ObservedPod]) -> Failure | None:
    """The latest failure of these pods; None if none has failed."""
    failures = [failure for pod in pods if (failure := _failure(pod))]
    return max(failures, key=lambda failure: failure.time, default=None)


def _failure(pod: ObservedPod) -> Failure | None:
    cause = causes.ended_cause(pod)
    if cause is None or pod.ended is None:
        return None
    return Failure(
        pod=pod.name,
        reason=cause.reason,
        message=cause.message,
        exit_code=pod.ended.exit_code,
        time=pod.ended.time,
        count=max(pod.restarts, 1),
    )
