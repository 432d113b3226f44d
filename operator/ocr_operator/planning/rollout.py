"""Which revision each variant's Deployment runs now: the one in the spec, or still the last good one.

Pure and stateless: what must outlive the operator is in the Deployment's `rollout_record`. A variant that
serves waits for its turn, and a revision that is not ready in time is rolled back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from ocr_operator.api.conditions import timestamp
from ocr_operator.api.names import ROLLBACK_ANNOTATION, ROLLOUT_ANNOTATION
from ocr_operator.api.reason_groups import REVISION_FAULTS
from ocr_operator.api.reasons import Reason
from ocr_operator.api.spec import BackendSpec, VariantName
from ocr_operator.manifests.metadata import ManagedObject
from ocr_operator.observed.causes import most_urgent
from ocr_operator.observed.controller_causes import is_late
from ocr_operator.observed.first_cause import rollout_causes
from ocr_operator.observed.managed_objects import ObservedObject
from ocr_operator.observed.rollout_record import Candidate, LastGood, Record, RolledBack
from ocr_operator.observed.state import Observed
from ocr_operator.planning.rollout_state import RolloutState, VariantInput


def with_rollout(deployment: ManagedObject, state: RolloutState) -> ManagedObject:
    """The Deployment with the pod template that it must have now, and with the rollout record."""
    text = state.record.text
    annotations = {"annotations": {ROLLOUT_ANNOTATION: text}} if text else {}
    return {
        **deployment,
        "metadata": {**deployment["metadata"], **annotations},
        "spec": {**deployment["spec"], "template": state.template},
    }


def rollout_states(
    spec: BackendSpec, variants: Sequence[VariantInput], observed: Observed
) -> dict[VariantName, RolloutState]:
    """The decision for each variant; rollouts start in the order of the spec.

    A refused Deployment comes last, because its rollout would never end. A variant without its models queues
    once they are published. A variant is held if another was rolled back with the image that it would get.
    """
    decided = {variant.name: _decide_without_queue(spec, variant, observed) for variant in variants}
    queue = _Queue(
        rolling=[key for key, state in decided.items() if state and state.is_rolling],
        limit=spec.max_parallel_variants,
        failed_images=_failed_images(variants, decided),
        ahead=observed.ahead,
        now=observed.now,
    )
    ordered = sorted(variants, key=lambda variant: variant.is_refused)
    states = {variant.name: decided[variant.name] or queue.decide(variant) for variant in ordered}
    return {variant.name: _with_requests(variant, states[variant.name]) for variant in ordered}


def _with_requests(variant: VariantInput, state: RolloutState) -> RolloutState:
    """The state, recording the requests that it honours; a retry that has to queue stays requested."""
    has_to_wait = variant.is_retry_requested and state.record.rolled_back is not None
    retry = variant.recorded.retry if has_to_wait else variant.requests.retry or variant.recorded.retry
    rollback = variant.requests.rollback or variant.recorded.rollback
    return replace(state, record=replace(state.record, retry=retry, rollback=rollback))


@dataclass
class _Queue:
    """The variants that wait for their turn. At most `limit` variants are in `rolling` at a time.

    The first one also waits for the OCRBackends that are `ahead`.
    """

    rolling: list[VariantName]
    limit: int
    ahead: tuple[str, ...]
    failed_images: Mapping[str, VariantName]
    now: datetime

    def decide(self, variant: VariantInput) -> RolloutState:
        """Start the rollout of the next variant, or let it wait."""
        if not variant.has_models:
            return _queued(variant, ())
        if holder := self.failed_images.get(variant.new_image):
            return replace(_queued(variant, ()), held_by=holder)
        if len(self.rolling) >= self.limit:
            return _queued(variant, tuple(self.rolling))
        if self.ahead and not self.rolling:
            return replace(_queued(variant, ()), waits_for_backends=self.ahead)
        self.rolling.append(variant.name)
        return _start_rollout(variant, self.now)


def _failed_images(
    variants: Sequence[VariantInput], decided: Mapping[VariantName, RolloutState | None]
) -> dict[str, VariantName]:
    """New images with which a variant was rolled back, if the revision was to blame."""
    failed: dict[str, VariantName] = {}
    for variant in variants:
        state = decided[variant.name]
        rolled_back = state.record.rolled_back if state else None
        if rolled_back and Reason(rolled_back.reason) in REVISION_FAULTS and variant.new_image:
            failed.setdefault(variant.new_image, variant.name)
    return failed


def _decide_without_queue(
    spec: BackendSpec, variant: VariantInput, observed: Observed
) -> RolloutState | None:
    """The decision that does not depend on other variants; None if the variant has to queue."""
    existing, good = variant.existing, variant.last_good
    if existing is None or not variant.needed:
        return RolloutState(variant.target, variant.desired, Record(good))
    if variant.is_rollback_requested and good and good.revision != variant.target:
        return _requested_rollback(variant, good, observed.now)
    if existing.revision == variant.target:
        return _in_progress(spec, variant, existing, observed)
    rolled_back = variant.rolled_back
    if good and rolled_back and _stays_rolled_back(spec, variant, rolled_back, observed.now):
        return RolloutState(variant.target, good.template, Record(good, rolled_back=rolled_back))
    if good and good.revision == existing.revision and variant.is_serving:
        return None
    return _start_rollout(variant, observed.now)


def _requested_rollback(variant: VariantInput, good: LastGood, now: datetime) -> RolloutState:
    message = f"the annotation {ROLLBACK_ANNOTATION} requested it"
    rolled_back = RolledBack(variant.target, str(Reason.ROLLBACK_REQUESTED), message, timestamp(now))
    return RolloutState(variant.target, good.template, Record(good, rolled_back=rolled_back))


def _stays_rolled_back(
    spec: BackendSpec, variant: VariantInput, rolled_back: RolledBack, now: datetime
) -> bool:
    if variant.is_retry_requested or not (spec.auto_rollback or rolled_back.is_requested):
        return False
    return rolled_back.next_retry is None or now < rolled_back.next_retry


def _start_rollout(variant: VariantInput, now: datetime) -> RolloutState:
    good = variant.last_good
    if good is None or good.revision == variant.target:
        return RolloutState(variant.target, variant.desired, Record(good))
    is_repeated = variant.rolled_back and not variant.is_retry_requested
    retries = variant.rolled_back.retries + 1 if variant.rolled_back and is_repeated else 0
    candidate = Candidate(variant.target, timestamp(now), retries)
    state = RolloutState(variant.target, variant.desired, Record(good, candidate))
    return replace(state, is_rolling=variant.has_models)


def _queued(variant: VariantInput, rolling: tuple[VariantName, ...]) -> RolloutState:
    good = variant.last_good
    template = good.template if good else variant.desired
    # The number of earlier attempts must survive the wait.
    kept_record = Record(good, rolled_back=variant.rolled_back)
    return RolloutState(variant.target, template, kept_record, waits_for=rolling)


def _in_progress(
    spec: BackendSpec, variant: VariantInput, existing: ObservedObject, observed: Observed
) -> RolloutState:
    """The decision if the Deployment has the target revision: complete, in progress, or late."""
    good, candidate = variant.last_good, variant.recorded.candidate
    if good is None or good.revision == variant.target:
        return RolloutState(variant.target, variant.desired, Record(good))
    if candidate and candidate.revision != variant.target:
        candidate = None
    if variant.replacement.is_new:
        candidate = Candidate(variant.target, timestamp(observed.now), candidate.retries if candidate else 0)
    state = RolloutState(variant.target, variant.desired, Record(good, candidate))
    is_excused = variant.replacement.waits_for_room or variant.replacement.is_new
    if is_excused or not is_late(existing, candidate.since if candidate else ""):
        return replace(state, is_rolling=True)
    if not spec.auto_rollback or spec.is_paused:
        # The deadline has passed, so the variant no longer blocks the others.
        return state
    rolled_back = _rolled_back(variant, existing, observed, candidate.retries if candidate else 0)
    return RolloutState(variant.target, good.template, Record(good, rolled_back=rolled_back))


def _rolled_back(
    variant: VariantInput, existing: ObservedObject, observed: Observed, retries: int
) -> RolledBack:
    causes = rollout_causes(existing, variant.pods, observed.warnings)
    cause = most_urgent(located.cause for located in causes)
    reason = cause.reason if cause else Reason.PROGRESS_DEADLINE_EXCEEDED
    message = cause.message if cause else ""
    return RolledBack(variant.target, str(reason), message, timestamp(observed.now), retries)
