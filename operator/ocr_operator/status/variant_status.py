"""The state of each variant: one phase, one cause and a few counts.

Pure; `status` makes the OCRBackend's status of it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from ocr_operator.api.conditions import Phase
from ocr_operator.api.names import ObjectReference, child_name
from ocr_operator.api.reason_groups import EXTERNAL, INFORMATIONAL, LATE_WRITES
from ocr_operator.api.reasons import Reason
from ocr_operator.api.spec import BackendSpec, VariantName
from ocr_operator.observed.causes import Cause, cause_with_action, most_urgent
from ocr_operator.observed.container_failures import last_failure
from ocr_operator.observed.first_cause import rollout_causes, rollout_progress
from ocr_operator.observed.managed_objects import ObservedObject
from ocr_operator.observed.state import Observed
from ocr_operator.planning.steps import Plan
from ocr_operator.status.deadlines import (
    late_cause,
    limit_seconds,
    reason_since,
    rollout_progress_time,
)
from ocr_operator.status.model_downloads import model_downloads
from ocr_operator.status.stable_messages import with_stable_message
from ocr_operator.status.variant_state import VariantState
from ocr_operator.status.variant_view import VariantView

_SERVING_KINDS = ("Service", "Deployment")
"""Without them a variant does not serve; its other objects concern the conditions Degraded and Reconciled."""

_MAX_NAMES = 3

_PHASES = {
    Reason.ROLLED_BACK: Phase.ROLLED_BACK,
    Reason.ROLLOUT_QUEUED: Phase.QUEUED,
    Reason.ROLLOUT_HELD: Phase.QUEUED,
    Reason.DOWNLOADING: Phase.DOWNLOADING,
}


def variant_states(
    spec: BackendSpec, observed: Observed, plan: Plan, problems: Mapping[ObjectReference, Cause]
) -> list[VariantState]:
    """States in the order of the spec. `problems`: why managed objects could not be written."""
    downloads = model_downloads(spec, observed, plan, problems)
    previous = {entry["name"]: entry for entry in observed.previous_status.get("variants") or []}
    queue_progress_time = _queue_progress_time(spec, observed)
    states = []
    for name in spec.variant_names:
        child = child_name(spec.key.name, name)
        variant_problems = [
            cause for ref, cause in problems.items() if ref.name == child and ref.kind in _SERVING_KINDS
        ]
        if name in spec.invalid_variants:
            variant_problems.append(Cause(Reason.INVALID, spec.invalid_variants[name]))
        pods = [pod for pod in observed.pods if pod.variant == name]
        view = VariantView(
            variant=next((variant for variant in spec.variants if variant.name == name), None),
            deployment=_deployment(observed, child, spec.uid),
            rollout=plan.rollouts.get(name),
            pods=tuple(pod for pod in pods if not pod.is_terminating),
            lost=tuple(pod for pod in pods if pod.eviction_message or pod.is_stuck_on_lost_node),
            problems=tuple(variant_problems),
            download=downloads.get(name),
            previous=previous.get(name) or {},
            queue_progress_time=queue_progress_time,
        )
        states.append(_state(spec, name, view, observed))
    return states


def _deployment(observed: Observed, name: str, owner_uid: str) -> ObservedObject | None:
    for existing in observed.objects:
        if (existing.ref.kind, existing.ref.name, existing.owner_uid) == ("Deployment", name, owner_uid):
            return existing
    return None


def _state(spec: BackendSpec, name: VariantName, view: VariantView, observed: Observed) -> VariantState:
    cause = _cause(view, observed)
    if cause is None and not view.is_target_rolled_out:
        cause = _progress(spec, view)
    cause = cause and with_stable_message(cause, view.previous)
    limit = _exceeded_limit(spec, view, cause, observed.now) if cause else None
    if cause and limit is not None:
        cause = late_cause(cause, limit)
    ready_revisions = [pod.revision for pod in view.ready_pods if pod.revision]
    return VariantState(
        name=name,
        language=spec.models_by_variant[name][0],
        model_type=spec.models_by_variant[name][1],
        phase=_phase(cause, view),
        cause=cause,
        desired=(view.deployment.replicas or 0) if view.deployment else 0,
        updated=sum(pod.revision == view.target for pod in view.pods),
        ready=len(view.ready_pods),
        loaded=sum(pod.revision == view.target for pod in view.ready_pods),
        current=min(ready_revisions, key=lambda revision: revision == view.target, default=""),
        target=view.target,
        last_good=view.rollout.last_good if view.rollout else "",
        is_late=cause is not None and (view.is_late or limit is not None),
        last_failure=last_failure(view.pods),
        download=view.download,
        rolled_back=view.rolled_back,
        is_suspended=view.is_suspended,
    )


def _cause(view: VariantView, observed: Observed) -> Cause | None:
    """The most urgent problem of a variant; None if there is none."""
    causes = [cause for cause in view.problems if _concerns_pods(cause, view)]
    if view.pending_download and view.pending_download.cause:
        causes.append(view.pending_download.cause)
    causes += _rollout_causes(view, observed)
    if view.rolled_back:
        causes.append(_rolled_back_cause(view))
    if view.rollout and view.rollout.held_by:
        causes.append(_held_cause(view.rollout.held_by))
    return most_urgent(causes)


def _concerns_pods(cause: Cause, view: VariantView) -> bool:
    """Whether an object that cannot be written keeps the variant from serving as the spec asks."""
    if cause.is_informational:
        return False
    return not (view.is_target_rolled_out and cause.reason in LATE_WRITES)


def _exceeded_limit(spec: BackendSpec, view: VariantView, cause: Cause, now: datetime) -> int | None:
    """The limit that the variant has exceeded: it has had this reason for so long without progress."""
    limit = limit_seconds(cause.reason, spec)
    if limit is None or (view.rollout and view.rollout.waits_for_backends):
        return None
    times = [reason_since(cause.reason, view.target, view.previous, now, limit), view.progress_time]
    if cause.reason is Reason.ROLLOUT_QUEUED:
        times.append(view.queue_progress_time)
    since = max(time for time in times if time)
    return limit if (now - since).total_seconds() >= limit else None


def _queue_progress_time(spec: BackendSpec, observed: Observed) -> datetime | None:
    ours = (each for each in observed.objects if each.owner_uid == spec.uid)
    times = (rollout_progress_time(each) for each in ours if each.ref.kind == "Deployment")
    return max(filter(None, times), default=None)


def _rollout_causes(view: VariantView, observed: Observed) -> list[Cause]:
    """Why the revision that must run now is not rolled out."""
    if view.rollout is None or view.deployment is None or view.is_applied_rolled_out:
        return []
    if view.deployment.revision != view.rollout.applied:
        return []
    located = rollout_causes(view.deployment, [*view.pods, *view.lost], observed.warnings)
    return [each.cause for each in located]


def _rolled_back_cause(view: VariantView) -> Cause:
    revision = view.rollout.last_good if view.rollout else ""
    outcome = (
        f"revision {revision} serves" if view.is_applied_rolled_out else f"restoring revision {revision}"
    )
    summary = view.rolled_back.summary if view.rolled_back else ""
    return cause_with_action(Reason.ROLLED_BACK, f"{summary}; {outcome}")


def _held_cause(holder: str) -> Cause:
    message = (
        f"{holder} was rolled back with the image that this variant would get; the previous revision serves"
    )
    return cause_with_action(Reason.ROLLOUT_HELD, message)


def _progress(spec: BackendSpec, view: VariantView) -> Cause:
    """What a variant without a problem waits for."""
    if spec.is_paused:
        return Cause(Reason.PAUSED, "spec.paused is true: the remaining changes wait until it is false")
    if view.pending_download:
        return Cause(Reason.DOWNLOADING, view.pending_download.message)
    if view.rollout and view.rollout.waits_for:
        names = ", ".join(view.rollout.waits_for)
        limit = f"spec.rollout.maxParallelVariants is {spec.max_parallel_variants}"
        message = f"waiting for the rollout of {names} ({limit}); the previous revision serves until then"
        return Cause(Reason.ROLLOUT_QUEUED, message)
    if view.rollout and view.rollout.waits_for_backends:
        return _waits_for_backends(view.rollout.waits_for_backends)
    return rollout_progress(view.target, view.pods)


def _waits_for_backends(names: Sequence[str]) -> Cause:
    first = ", ".join(names[:_MAX_NAMES]) + (", …" if len(names) > _MAX_NAMES else "")
    message = (
        f"waiting for the rollouts of {len(names)} other OCRBackends ({first}): the operator's "
        "--max-concurrent-rollouts; the previous revision serves until then"
    )
    return Cause(Reason.ROLLOUT_QUEUED, message)


def _phase(cause: Cause | None, view: VariantView) -> Phase:
    if cause is None:
        return Phase.SUSPENDED if view.is_suspended else Phase.READY
    if cause.reason in _PHASES:
        return _PHASES[cause.reason]
    if view.ready_pods:
        return Phase.ROLLING_OUT if view.has_previous else Phase.PARTIALLY_READY
    if cause.reason not in INFORMATIONAL | EXTERNAL:
        return Phase.FAILED
    return Phase.PENDING if cause.reason in EXTERNAL else Phase.STARTING
