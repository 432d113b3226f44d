"""The state of each variant: one phase, one cause and a few counts.

Pure; `status` makes the OCRBackend's status of it.
"""

from collections.abc import Mapping

from ocr_operator.api.conditions import Phase
from ocr_operator.api.names import ObjectReference, child_name
from ocr_operator.api.reason_groups import EXTERNAL, INFORMATIONAL
from ocr_operator.api.reasons import Reason
from ocr_operator.api.spec import BackendSpec, VariantName
from ocr_operator.observed.causes import Cause, cause_with_action, most_urgent
from ocr_operator.observed.container_failures import last_failure
from ocr_operator.observed.first_cause import rollout_causes, rollout_progress
from ocr_operator.observed.managed_objects import ObservedObject
from ocr_operator.observed.state import Observed
from ocr_operator.planning.steps import Plan
from ocr_operator.status.model_downloads import model_downloads
from ocr_operator.status.variant_state import VariantState
from ocr_operator.status.variant_view import VariantView

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
    states = []
    for name in spec.variant_names:
        child = child_name(spec.key.name, name)
        variant_problems = [cause for ref, cause in problems.items() if ref.name == child]
        if name in spec.invalid_variants:
            variant_problems.append(Cause(Reason.INVALID, spec.invalid_variants[name]))
        pods = [pod for pod in observed.pods if pod.variant == name]
        view = VariantView(
            variant=next((variant for variant in spec.variants if variant.name == name), None),
            deployment=_deployment(observed, child, spec.uid),
            rollout=plan.rollouts.get(name),
            pods=tuple(pod for pod in pods if not pod.is_terminating),
            evicted=tuple(pod for pod in pods if pod.eviction_message),
            problems=tuple(variant_problems),
            download=downloads.get(name),
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
        is_late=view.is_late and cause is not None,
        last_failure=last_failure(view.pods),
        download=view.download,
        rolled_back=view.rolled_back,
        is_suspended=view.is_suspended,
    )


def _cause(view: VariantView, observed: Observed) -> Cause | None:
    """The most urgent problem of a variant; None if there is none."""
    causes = [cause for cause in view.problems if not cause.is_informational]
    if view.pending_download and view.pending_download.cause:
        causes.append(view.pending_download.cause)
    causes += _rollout_causes(view, observed)
    if view.rolled_back:
        causes.append(_rolled_back_cause(view))
    if view.rollout and view.rollout.held_by:
        causes.append(_held_cause(view.rollout.held_by))
    return most_urgent(causes)


def _rollout_causes(view: VariantView, observed: Observed) -> list[Cause]:
    """Why the revision that must run now is not rolled out."""
    if view.rollout is None or view.deployment is None or view.is_applied_rolled_out:
        return []
    if view.deployment.revision != view.rollout.applied:
        return []
    located = rollout_causes(view.deployment, [*view.pods, *view.evicted], observed.warnings)
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
    return rollout_progress(view.target, view.pods)


def _phase(cause: Cause | None, view: VariantView) -> Phase:
    if cause is None:
        return Phase.SUSPENDED if view.is_suspended else Phase.READY
    if cause.reason in _PHASES:
        return _PHASES[cause.reason]
    if cause.reason not in INFORMATIONAL | EXTERNAL:
        return Phase.FAILED
    if view.has_previous:
        return Phase.ROLLING_OUT
    return Phase.PENDING if cause.reason in EXTERNAL else Phase.STARTING
