"""The status of an OCRBackend, made whole from what was seen: what `kubectl get ocrb` and `helm --wait` read.

Pure; the clock is an argument. `reconcile` writes it, and only when it differs from what is there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from ocr_operator.api.conditions import Condition, ConditionType, Phase, timestamp, with_times
from ocr_operator.api.names import NamespacedName, ObjectReference, variant_url
from ocr_operator.api.reasons import ABOUT_MODELS, Reason
from ocr_operator.api.spec import BackendSpec
from ocr_operator.observed import causes
from ocr_operator.observed.causes import Cause
from ocr_operator.observed.container_failures import Failure
from ocr_operator.status.model_downloads import ModelDownload
from ocr_operator.status.variant_status import VariantState

Status = dict[str, Any]


def status_of(
    family: BackendSpec,
    states: Sequence[VariantState],
    problems: Mapping[ObjectReference, Cause],
    previous: Mapping[str, Any],
    now: datetime,
) -> Status:
    """The whole status. `problems`: why children could not be written; `previous`: the status so far."""
    before = {(one["language"], one["modelType"]): one for one in previous.get("variants") or []}
    ready = sum(state.is_ready for state in states)
    conditions = [
        _ready(states, problems),
        _progressing(family, states),
        _models_ready(states),
        _degraded(states, problems),
        _reconciled(family, problems),
    ]
    return {
        "observedGeneration": family.generation,
        "summary": f"{ready}/{len(states)}",
        "conditions": with_times(conditions, previous.get("conditions") or [], family.generation, now),
        "variants": [_variant(family.key, state, before.get(state.key) or {}) for state in states],
    }


def _ready(states: Sequence[VariantState], problems: Mapping[ObjectReference, Cause]) -> Condition:
    missing = [state for state in states if state.cause]
    blocked = _beside(missing, problems)
    found = causes.most_urgent([*(state.cause for state in missing if state.cause), *blocked])
    if found is None:
        message = f"{_count(len(states), 'variant')} can be used"
        return Condition(ConditionType.READY, True, Reason.AVAILABLE, message)
    message = ". ".join([_each(missing)] * bool(missing) + [cause.message for cause in blocked])
    return Condition(ConditionType.READY, False, found.reason, message)


def _beside(states: Sequence[VariantState], problems: Mapping[ObjectReference, Cause]) -> list[Cause]:
    """Problems that stay and that no variant's cause tells already."""
    told = {state.cause for state in states}
    return [cause for cause in problems.values() if not cause.is_passing and cause not in told]


def _models_ready(states: Sequence[VariantState]) -> Condition:
    missing = [state for state in states if not state.has_loaded]
    if not missing:
        return Condition(ConditionType.MODELS_READY, True, Reason.LOADED, "every variant's models are loaded")
    failing = [state for state in missing if state.cause and state.cause.reason in ABOUT_MODELS]
    if cause := causes.most_urgent(state.cause for state in failing if state.cause):
        return Condition(ConditionType.MODELS_READY, False, cause.reason, _each(failing))
    message = f"no pod of this revision has loaded them yet: {_names(missing)}"
    return Condition(ConditionType.MODELS_READY, None, Reason.STARTING, message)


def _degraded(states: Sequence[VariantState], problems: Mapping[ObjectReference, Cause]) -> Condition:
    troubled = [state for state in states if state.needs_help]
    blocked = _beside(troubled, problems)
    if cause := causes.most_urgent([*(state.cause for state in troubled if state.cause), *blocked]):
        message = ". ".join([_each(troubled)] * bool(troubled) + [one.message for one in blocked])
        return Condition(ConditionType.DEGRADED, True, cause.reason, message)
    return Condition(ConditionType.DEGRADED, False, Reason.AS_EXPECTED, "nothing needs anybody's help")


def _each(states: Sequence[VariantState]) -> str:
    return ". ".join(f"{'/'.join(state.key)}: {state.cause.message}" for state in states if state.cause)


def _progressing(family: BackendSpec, states: Sequence[VariantState]) -> Condition:
    if family.is_paused:
        return Condition(ConditionType.PROGRESSING, False, Reason.PAUSED, "spec.paused is true")
    moving = [state for state in states if state.is_moving]
    if moving:
        reason = Reason.ROLLING_OUT if _any_rolls_out(moving) else Reason.STARTING
        return Condition(ConditionType.PROGRESSING, True, reason, f"on the way: {_names(moving)}")
    late = [state for state in states if state.is_late]
    if late:
        message = f"not ready within spec.rollout.progressDeadlineSeconds: {_names(late)}"
        return Condition(ConditionType.PROGRESSING, False, Reason.PROGRESS_DEADLINE_EXCEEDED, message)
    if cause := causes.most_urgent(state.cause for state in states if state.cause):
        stuck = [state for state in states if state.cause]
        message = f"needs somebody's help: {_names(stuck)}"
        return Condition(ConditionType.PROGRESSING, False, cause.reason, message)
    return Condition(ConditionType.PROGRESSING, False, Reason.COMPLETE, "nothing is on the way")


def _names(states: Sequence[VariantState]) -> str:
    return ", ".join("/".join(state.key) for state in states)


def _any_rolls_out(states: Sequence[VariantState]) -> bool:
    return any(state.phase is Phase.ROLLING_OUT for state in states)


def _reconciled(family: BackendSpec, problems: Mapping[ObjectReference, Cause]) -> Condition:
    if family.is_paused:
        message = "spec.paused is true: changes of the spec and of the children are not carried out"
        return Condition(ConditionType.RECONCILED, False, Reason.PAUSED, message)
    found = [*problems.values(), *(Cause(Reason.INVALID, said) for said in family.problems.values())]
    if cause := causes.most_urgent(found):
        return Condition(
            ConditionType.RECONCILED, False, cause.reason, ". ".join(one.message for one in found)
        )
    return Condition(ConditionType.RECONCILED, True, Reason.APPLIED, "all children are as the spec says")


def _variant(key: NamespacedName, state: VariantState, before: Mapping[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "language": state.key[0],
        "modelType": state.key[1],
        "phase": str(state.phase),
        "url": variant_url(key, *state.key),
        "replicas": {"desired": state.desired, "updated": state.updated, "ready": state.ready},
        "revision": {"current": state.current, "target": state.target, "lastGood": state.last_good},
        "reason": str(state.cause.reason) if state.cause else str(Reason.AVAILABLE),
        "message": state.cause.message if state.cause else "",
    }
    if state.fetch:
        shown["models"] = _models(state.fetch, before.get("models") or {})
    if state.last_failure:
        shown["lastFailure"] = _failure(state.last_failure)
    if state.rolled_back:
        shown["rolledBack"] = asdict(state.rolled_back)
    return shown


def _models(fetch: ModelDownload, before: Mapping[str, Any]) -> dict[str, Any]:
    """Where the fetching stands. What was published stays told when the record of the pod has gone."""
    if fetch.is_published and not fetch.digests and _is_told(before, fetch):
        return dict(before)
    shown: dict[str, Any] = {"job": fetch.job, "state": fetch.state, "bytes": fetch.size}
    if fetch.progress:
        shown |= {"totalBytes": fetch.progress.total, "percent": fetch.progress.percent}
    if fetch.is_published:
        shown |= {"percent": 100, "digests": dict(fetch.digests)}
    if fetch.next_retry:
        shown["nextRetryTime"] = timestamp(fetch.next_retry)
    if fetch.failure:
        shown["lastFailure"] = _failure(fetch.failure)
    return shown


def recorded_jobs(status: Mapping[str, Any]) -> frozenset[str]:
    """Names of the Jobs of which a status tells what they have published."""
    told = (one.get("models") or {} for one in status.get("variants") or [])
    return frozenset(one["job"] for one in told if one.get("digests"))


def _is_told(before: Mapping[str, Any], fetch: ModelDownload) -> bool:
    return (before.get("job"), before.get("state")) == (fetch.job, fetch.state)


def _failure(failure: Failure) -> dict[str, Any]:
    return {
        "pod": failure.pod,
        "reason": str(failure.reason),
        "message": failure.message,
        "exitCode": failure.exit_code,
        "time": failure.time,
        "count": failure.count,
    }


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"all {number} {noun}s"
