"""The plan of one reconcile: what to write so that the cluster matches the spec.

Pure: from desired objects (`manifests`) and observed state to steps. It carries out none of them.
"""

from collections.abc import Iterable, Iterator, Mapping

from ocr_operator.api.names import ObjectReference
from ocr_operator.api.operator_config import OperatorConfig
from ocr_operator.api.reasons import Reason
from ocr_operator.api.spec import BackendSpec, RolloutRequests, VariantName
from ocr_operator.manifests import download_job, shared_resources, variant_resources
from ocr_operator.manifests.metadata import ManagedObject, variant_of
from ocr_operator.observed.causes import Cause, cause_with_action
from ocr_operator.observed.managed_objects import ObservedObject
from ocr_operator.observed.state import Observed
from ocr_operator.planning.existing_claim import (
    claim_difference,
    existing_claim,
    with_existing_access_mode,
)
from ocr_operator.planning.image_volumes import with_present_models_volume
from ocr_operator.planning.model_gate import ModelGate, model_gate
from ocr_operator.planning.object_steps import removals, steps_for
from ocr_operator.planning.ownership import ownership_conflict
from ocr_operator.planning.rollout import rollout_states, with_rollout
from ocr_operator.planning.rollout_state import RolloutState, VariantInput
from ocr_operator.planning.steps import Plan, Remove, Step, ref_of
from ocr_operator.planning.surge import Replacement, replacement

_TURN_SECONDS = 5.0
"""How often it is checked whether other OCRBackends have finished: no watch of this one reports it."""

_AUTOSCALERS = ("HorizontalPodAutoscaler", "ScaledObject")


def plan(spec: BackendSpec, observed: Observed, config: OperatorConfig) -> Plan:
    """The steps that are left; none if everything is as desired, or if the OCRBackend is paused."""
    claim = existing_claim(spec, observed.objects)
    difference = claim_difference(spec.storage, claim)
    spec = with_existing_access_mode(spec, claim)
    replacements = {each.name: replacement(spec, each, observed, config) for each in spec.variants}
    gate = model_gate(spec, observed)
    manifests = tuple(_manifests(spec, replacements, observed, config))
    rollouts = _rollouts(spec, manifests, replacements, observed, gate)
    desired = [_with_rollout(manifest, rollouts) for manifest in manifests]
    blocked = dict(_blocked(spec, desired, observed))
    differences = {claim.ref: difference} if claim and difference and claim.ref not in blocked else {}
    removed = removals(spec, observed.objects, {ref_of(each) for each in desired})
    steps = _in_order(_write_steps(desired, observed, gate, blocked), removed)
    return Plan(
        steps=() if spec.is_paused else steps,
        problems={} if spec.is_paused else blocked | differences,
        rollouts=rollouts,
        requeue_after=_requeue_after(replacements.values(), rollouts.values()),
        published=gate.published,
    )


def _requeue_after(replacements: Iterable[Replacement], rollouts: Iterable[RolloutState]) -> float | None:
    waits = [each.wait_seconds for each in replacements if each.waits_for_room]
    waits += [_TURN_SECONDS for state in rollouts if state.waits_for_backends]
    return min((wait for wait in waits if wait is not None), default=None)


def _in_order(writes: Iterable[Step], removed: Iterable[Remove]) -> tuple[Step, ...]:
    """Autoscalers are removed first: KEDA refuses a Deployment that another autoscaler scales."""
    last = list(removed)
    first = [step for step in last if step.ref.kind in _AUTOSCALERS]
    return (*first, *writes, *(step for step in last if step not in first))


def _manifests(
    spec: BackendSpec,
    replacements: Mapping[VariantName, Replacement],
    observed: Observed,
    config: OperatorConfig,
) -> Iterator[ManagedObject]:
    """The objects that the spec asks for."""
    yield from shared_resources.shared_objects(spec, observed.absent_apis)
    yield from download_job.download_jobs(spec, config)
    for variant in spec.variants:
        in_place = replacements[variant.name].in_place
        present = with_present_models_volume(spec, variant, observed, config)
        absent = observed.absent_apis
        yield from variant_resources.variant_objects(spec, variant, present, in_place=in_place, absent=absent)


def _rollouts(
    spec: BackendSpec,
    manifests: Iterable[ManagedObject],
    replacements: Mapping[VariantName, Replacement],
    observed: Observed,
    gate: ModelGate,
) -> Mapping[VariantName, RolloutState]:
    deployments = {variant_of(each): each for each in manifests if each["kind"] == "Deployment"}
    existing = {each.ref: each for each in observed.objects}
    inputs = [
        VariantInput(
            name=variant.name,
            desired=deployments[variant.name]["spec"]["template"],
            existing=existing.get(ref_of(deployments[variant.name])),
            pods=tuple(observed.running_pods(variant.name)),
            needed=variant.needed_replicas,
            has_models=variant.name not in gate.waiting,
            is_refused=ref_of(deployments[variant.name]) in observed.refused,
            replacement=replacements[variant.name],
            requests=RolloutRequests() if spec.is_paused else spec.requests.of_variant(variant.name),
        )
        for variant in spec.variants
    ]
    return rollout_states(spec, inputs, observed)


def _with_rollout(manifest: ManagedObject, rollouts: Mapping[VariantName, RolloutState]) -> ManagedObject:
    if manifest["kind"] != "Deployment":
        return manifest
    return with_rollout(manifest, rollouts[variant_of(manifest)])


def _blocked(
    spec: BackendSpec, desired: Iterable[ManagedObject], observed: Observed
) -> Iterator[tuple[ObjectReference, Cause]]:
    """Objects that cannot be written, and why."""
    existing = {each.ref: each for each in observed.objects}
    for ref in map(ref_of, desired):
        is_absent = (ref.api_version, ref.kind) in observed.absent_apis
        if cause := _api_missing(ref) if is_absent else _conflict(existing.get(ref), spec):
            yield ref, cause


def _api_missing(ref: ObjectReference) -> Cause:
    message = f"{ref}: the cluster has no {ref.kind} of {ref.api_version}"
    return cause_with_action(Reason.API_MISSING, message)


def _conflict(existing: ObservedObject | None, spec: BackendSpec) -> Cause | None:
    return ownership_conflict(existing, spec) if existing else None


def _write_steps(
    desired: Iterable[ManagedObject],
    observed: Observed,
    gate: ModelGate,
    blocked: Mapping[ObjectReference, Cause],
) -> Iterator[Step]:
    existing = {each.ref: each for each in observed.objects}
    for manifest in desired:
        ref = ref_of(manifest)
        if ref in blocked:
            continue
        if ref in gate.outdated:
            yield Remove(ref, existing[ref].uid)
            continue
        if not gate.blocks(manifest, existing.get(ref)):
            yield from steps_for(manifest, existing.get(ref), observed.last_applied.get(ref))
