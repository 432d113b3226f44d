"""The status of an OCRBackend, computed whole from spec, observed state and plan.

Pure; `controller.reconciler` writes it if it differs from the present one.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from ocr_operator.api.conditions import timestamp, with_transition_times
from ocr_operator.api.names import NamespacedName, ObjectReference, variant_url
from ocr_operator.api.reasons import Reason
from ocr_operator.api.spec import BackendSpec
from ocr_operator.observed.causes import Cause
from ocr_operator.observed.container_failures import Failure
from ocr_operator.observed.rollout_record import RolledBack
from ocr_operator.observed.state import Observed
from ocr_operator.planning.steps import Plan
from ocr_operator.status.model_downloads import ModelDownload
from ocr_operator.status.status_conditions import conditions_of
from ocr_operator.status.variant_state import VariantState
from ocr_operator.status.variant_status import variant_states

Status = dict[str, Any]


def status_of(
    spec: BackendSpec, observed: Observed, plan: Plan, problems: Mapping[ObjectReference, Cause]
) -> Status:
    """The whole status. `problems`: why managed objects could not be written."""
    states = variant_states(spec, observed, plan, problems)
    previous = observed.previous_status
    previous_variants = {entry["name"]: entry for entry in previous.get("variants") or []}
    status: Status = {
        "observedGeneration": spec.generation,
        "summary": _summary(states),
        "conditions": with_transition_times(
            conditions_of(spec, states, problems),
            previous.get("conditions") or [],
            spec.generation,
            observed.now,
        ),
        "variants": [
            _variant(spec.key, state, previous_variants.get(state.name) or {}, observed.now)
            for state in states
        ],
    }
    if len(states) == 1:
        status["url"] = variant_url(spec.key, states[0].name)
    return status


def _summary(states: Iterable[VariantState]) -> str:
    running = [state for state in states if not state.is_suspended]
    return f"{sum(state.ready > 0 for state in running)}/{len(running)}"


def _transition_time(state: VariantState, previous: Mapping[str, Any], now: datetime) -> str:
    """When the reason or the target revision changed."""
    time: str | None = previous.get("lastTransitionTime")
    if time is None or previous.get("reason") != _reason(state):
        return timestamp(now)
    is_same_target = (previous.get("revision") or {}).get("target") == state.target
    return time if is_same_target else timestamp(now)


def _reason(state: VariantState) -> Reason:
    if state.cause:
        return state.cause.reason
    return Reason.SUSPENDED if state.is_suspended else Reason.AVAILABLE


def _variant(
    key: NamespacedName, state: VariantState, previous: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "name": state.name,
        "language": state.language,
        "modelType": state.model_type,
        "phase": str(state.phase),
        "url": variant_url(key, state.name),
        "replicas": {"desired": state.desired, "updated": state.updated, "ready": state.ready},
        "revision": {"current": state.current, "target": state.target, "lastGood": state.last_good},
        "reason": str(_reason(state)),
        "lastTransitionTime": _transition_time(state, previous, now),
        "message": state.cause.message if state.cause else "",
    }
    if state.download:
        entry["models"] = _models(state.download, previous.get("models") or {})
    if state.last_failure:
        entry["lastFailure"] = _failure(state.last_failure)
    if state.rolled_back:
        entry["rolledBack"] = _rolled_back(state.rolled_back)
    return entry


def _rolled_back(rolled_back: RolledBack) -> dict[str, str]:
    entry = {
        "revision": rolled_back.revision,
        "reason": rolled_back.reason,
        "message": rolled_back.message,
        "time": rolled_back.time,
    }
    if rolled_back.next_retry:
        entry["nextRetryTime"] = timestamp(rolled_back.next_retry)
    return entry


def _models(download: ModelDownload, previous: Mapping[str, Any]) -> dict[str, Any]:
    """The state of a download. A published one keeps its previous entry after its pod is gone."""
    is_same = (previous.get("job"), previous.get("state")) == (download.job, download.state)
    if download.is_published and not download.digests and is_same:
        return dict(previous)
    entry: dict[str, Any] = {"job": download.job, "state": download.state, "bytes": download.size}
    if download.progress_time:
        entry["lastProgressTime"] = timestamp(download.progress_time)
    if download.progress:
        entry |= {"totalBytes": download.progress.total, "percent": download.progress.percent}
    if download.is_published:
        entry |= {"percent": 100, "digests": dict(download.digests)}
    if download.next_retry:
        entry["nextRetryTime"] = timestamp(download.next_retry)
    if download.failure:
        entry["lastFailure"] = _failure(download.failure)
    return entry


def _failure(failure: Failure) -> dict[str, Any]:
    return {
        "pod": failure.pod,
        "reason": str(failure.reason),
        "message": failure.message,
        "exitCode": failure.exit_code,
        "time": failure.time,
        "count": failure.count,
    }
