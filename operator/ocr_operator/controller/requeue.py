"""When an OCRBackend has to be reconciled again although no event asks for it. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ocr_operator.api.names import ObjectReference
from ocr_operator.api.reasons import Reason
from ocr_operator.cluster.optional_apis import FRESH_SECONDS
from ocr_operator.cluster.progress_reader import POLL_SECONDS
from ocr_operator.observed import event_polling
from ocr_operator.observed.causes import Cause
from ocr_operator.observed.state import Observed
from ocr_operator.planning.steps import Plan
from ocr_operator.status.model_downloads import jobs_without_pods

CONFLICT_SECONDS = 10.0
"""Interval of checks whether a conflicting object is gone: it lacks our labels, so no watch reports it."""

_SETTLED_REASONS = frozenset({Reason.VOLUME_DIFFERS})
"""Problems that only a change of the spec or of an object ends, which a watch reports."""
_POLL_SECONDS_BY_REASON = {
    Reason.CONFLICT: CONFLICT_SECONDS,
    Reason.TERMINATING: CONFLICT_SECONDS,
    Reason.API_MISSING: FRESH_SECONDS,
}
"""Problems whose end no event reports, and how often each is checked again."""


MIN_REQUEUE_SECONDS = 1.0
"""Floor under every requeue: a time that has passed must not keep a core busy."""


@dataclass(frozen=True)
class Result:
    """How a reconcile ended. Settled: no step has to be retried with backoff."""

    is_settled: bool
    requeue_after: float | None = None


def result_of(
    observed: Observed,
    plan: Plan,
    problems: Mapping[ObjectReference, Cause],
    deadline_seconds: float | None = None,
) -> Result:
    """The result of a reconcile that wrote the status.

    `problems`: why objects could not be written. `deadline_seconds`: until a variant may be late.
    """
    reasons = {cause.reason for cause in problems.values()}
    times = [
        plan.requeue_after,
        deadline_seconds,
        *_poll_times(observed),
        *map(_POLL_SECONDS_BY_REASON.get, reasons),
    ]
    return Result(
        is_settled=reasons <= _POLL_SECONDS_BY_REASON.keys() | _SETTLED_REASONS,
        requeue_after=min(
            (max(seconds, MIN_REQUEUE_SECONDS) for seconds in times if seconds is not None), default=None
        ),
    )


def _poll_times(observed: Observed) -> Iterable[float | None]:
    """Times of the next question to the events API and to the pods that download models."""
    jobs = jobs_without_pods(observed.objects, observed.pods)
    yield event_polling.event_poll_seconds(observed.pods, observed.now, jobs)
    if any(pod.is_downloading for pod in observed.pods):
        yield POLL_SECONDS
