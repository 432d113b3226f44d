"""What has to be done so that an OCRBackend's children are as its spec says.

Pure: from what shall be (`resources`) and what is (`observation`) to steps. Does none of them.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ocr_operator.api.names import (
    ADOPT_ANNOTATION,
    FIELD_MANAGER,
    INSTANCE_LABEL,
    MANAGED_BY_LABEL,
    GroupVersionKind,
    ObjectReference,
)
from ocr_operator.api.operator_config import OperatorConfig
from ocr_operator.api.reasons import Reason
from ocr_operator.api.revision import digest
from ocr_operator.api.spec import BackendSpec, Variant, VariantKey
from ocr_operator.manifests import download_job, shared_resources, variant_resources
from ocr_operator.manifests.metadata import Child, variant_of
from ocr_operator.observed import causes
from ocr_operator.observed.causes import Cause, because
from ocr_operator.observed.download_progress import Progress
from ocr_operator.observed.observation import ObservedObject, ObservedPod, WarningEvent
from ocr_operator.planning import model_gate, rollout
from ocr_operator.planning.model_gate import Gate
from ocr_operator.planning.rollout import RolloutState

_KEPT_KINDS = ("PersistentVolumeClaim",)
"""Downloaded models outlive a change of spec.models; they go with the OCRBackend itself, or not at all."""


@dataclass(frozen=True)
class Observed:
    """All that is there of one OCRBackend. `absent`: kinds that the cluster does not have.

    `progress`: what the pods that fetch models tell, by their names. `refused`: children that the API server
    refused when last asked. `recorded`: names of the Jobs of which the status tells what they published.
    """

    children: tuple[ObservedObject, ...] = ()
    pods: tuple[ObservedPod, ...] = ()
    warnings: tuple[WarningEvent, ...] = ()
    absent: frozenset[GroupVersionKind] = frozenset()
    progress: Mapping[str, Progress] = field(default_factory=dict)
    refused: frozenset[ObjectReference] = frozenset()
    recorded: frozenset[str] = frozenset()


@dataclass(frozen=True)
class AppliedObject:
    """What was last applied to a child, by its digest, and the child as that left it."""

    content: str
    child: ObservedObject


@dataclass(frozen=True)
class Apply:
    """Write a child. `uid` is that of the object to change; None: nothing of the name may be there."""

    child: Child
    uid: str | None

    @property
    def ref(self) -> ObjectReference:
        """What finds the child."""
        return ref_of(self.child)


@dataclass(frozen=True)
class TransferReplicasOwnership:
    """Have somebody else own a Deployment's `replicas`, at their present number, before we let go of them.

    Without it the field would be removed with its last owner and fall back to one pod.
    """

    ref: ObjectReference
    uid: str
    replicas: int


@dataclass(frozen=True)
class Remove:
    """Delete a child that the spec no longer wants."""

    ref: ObjectReference
    uid: str


Step = Apply | TransferReplicasOwnership | Remove


@dataclass(frozen=True)
class Plan:
    """Steps in their order, and what stands in the way of children that get none.

    `requeue_after`: seconds after which time alone may change the plan. `published`: ids of the published
    sets; a variant whose set is not gets no new revision.
    """

    steps: tuple[Step, ...]
    problems: Mapping[ObjectReference, Cause]
    rollouts: Mapping[VariantKey, RolloutState]
    requeue_after: float | None = None
    published: frozenset[str] = frozenset()


def ref_of(child: Child) -> ObjectReference:
    """What finds a child that is to be written."""
    metadata = child["metadata"]
    return ObjectReference(child["apiVersion"], child["kind"], metadata["namespace"], metadata["name"])


def plan(
    family: BackendSpec,
    observed: Observed,
    written: Mapping[ObjectReference, AppliedObject],
    config: OperatorConfig,
    now: datetime,
) -> Plan:
    """The steps that are left; none where all is as it shall be, or where the OCRBackend is paused."""
    waits = [_surge_wait(family, variant, observed.pods, config, now) for variant in family.variants]
    live = {child.ref: child for child in observed.children}
    by_spec = tuple(_desired(family, waits, config, observed.absent))
    gate = model_gate.gate(family, observed.children, observed.pods, observed.recorded)
    rollouts = _rollouts(family, by_spec, live, observed, gate, now)
    desired = tuple(_arranged(child, rollouts) for child in by_spec)
    steps: list[Step] = []
    problems: dict[ObjectReference, Cause] = {}
    for child in desired:
        ref = ref_of(child)
        if obstacle := _obstacle(ref, live.get(ref), family, observed.absent):
            problems[ref] = obstacle
        elif ref in gate.outdated:
            steps.append(Remove(ref, live[ref].uid))
        elif not gate.holds_up(child, live.get(ref)):
            steps += writing(child, live.get(ref), written.get(ref))
    steps += _removals(family, observed.children, {ref_of(child) for child in desired})
    remaining = [wait for wait in waits if wait is not None and wait > 0]
    return Plan(
        steps=() if family.is_paused else tuple(steps),
        problems={} if family.is_paused else problems,
        rollouts=rollouts,
        requeue_after=min(remaining, default=None),
        published=gate.published,
    )


def _desired(
    family: BackendSpec,
    waits: Iterable[float | None],
    config: OperatorConfig,
    absent: frozenset[GroupVersionKind],
) -> Iterator[Child]:
    yield from shared_resources.shared_objects(family, absent)
    yield from download_job.jobs(family, config)
    for variant, wait in zip(family.variants, waits, strict=True):
        in_place = family.surge == "Never" or (wait is not None and wait <= 0)
        yield from variant_resources.variant_children(family, variant, config, in_place=in_place)


def _rollouts(
    family: BackendSpec,
    desired: Iterable[Child],
    live: Mapping[ObjectReference, ObservedObject],
    observed: Observed,
    gate: Gate,
    now: datetime,
) -> Mapping[VariantKey, RolloutState]:
    deployments = {variant_of(child): child for child in desired if child["kind"] == "Deployment"}
    seen = [
        rollout.Seen(
            key=variant.key,
            wanted=deployments[variant.key]["spec"]["template"],
            live=live.get(ref_of(deployments[variant.key])),
            pods=tuple(pod for pod in observed.pods if pod.variant == variant.key and not pod.is_terminating),
            needed=variant.needed_replicas,
            has_models=variant.key not in gate.waiting,
            is_refused=ref_of(deployments[variant.key]) in observed.refused,
        )
        for variant in family.variants
    ]
    return rollout.rollout_states(family, seen, observed.warnings, now)


def _arranged(child: Child, rollouts: Mapping[VariantKey, RolloutState]) -> Child:
    if child["kind"] != "Deployment":
        return child
    return rollout.with_rollout(child, rollouts[variant_of(child)])


def _obstacle(
    ref: ObjectReference,
    there: ObservedObject | None,
    family: BackendSpec,
    absent: frozenset[GroupVersionKind],
) -> Cause | None:
    """Why a child cannot be written at all; None if nothing is known to stand in the way."""
    if (ref.api_version, ref.kind) in absent:
        return because(Reason.API_MISSING, f"{ref}: the cluster has no {ref.kind} of {ref.api_version}")
    return ownership_conflict(there, family) if there else None


def ownership_conflict(there: ObservedObject, family: BackendSpec) -> Cause | None:
    """Why an object that has a child's name cannot be that child; None if it is ours, or nobody's but ours.

    An object with our labels and no controller was orphaned on purpose and is taken back; one whose owner
    allows it by annotation is taken over.
    """
    if there.owner_uid == family.uid:
        return None
    if belongs_to_deleted_owner(there, family):
        message = f"{there.ref} belongs to a deleted OCRBackend of this name and is being removed"
        return Cause(Reason.TERMINATING, message)
    if there.owner_uid is None and (_has_our_labels(there, family) or there.adopter == family.key.name):
        return None
    said = f"{there.ref} exists and belongs to somebody else{_way_out(there, family)}"
    return because(Reason.CONFLICT, said)


def _way_out(there: ObservedObject, family: BackendSpec) -> str:
    """How it is taken over; not told of what a controller holds, which would make it again."""
    if there.owner_uid is not None:
        return ""
    annotate = f"{there.ref.kind.lower()} {there.ref.name} {ADOPT_ANNOTATION}={family.key.name}"
    return f" (`kubectl annotate {annotate}` has it taken over)"


def belongs_to_deleted_owner(there: ObservedObject, family: BackendSpec) -> bool:
    """Whether the object was made for an earlier OCRBackend of the same name."""
    return there.owner_uid not in (None, family.uid) and _has_our_labels(there, family)


def _has_our_labels(there: ObservedObject, family: BackendSpec) -> bool:
    found = there.labels.get(MANAGED_BY_LABEL), there.labels.get(INSTANCE_LABEL)
    return found == (FIELD_MANAGER, family.key.name)


def writing(child: Child, there: ObservedObject | None, written: AppliedObject | None) -> Iterator[Step]:
    """Steps for one child: none while it is being deleted, or if it is as we left it."""
    if there is None:
        yield Apply(child, None)
        return
    if there.is_deleting or (written and is_current(child, there, written)):
        return
    if there.ref.kind == "Job" and there.revision != model_gate.revision_of(child):
        # Its pod's template cannot be changed. A finished one of ours is a record, whatever it ran with.
        if not download_job.is_finished(there) or there.owner_uid is None:
            yield Remove(there.ref, there.uid)
        return
    is_autoscaled = there.ref.kind == "Deployment" and "replicas" not in child["spec"]
    if is_autoscaled and there.owns_replicas:
        yield TransferReplicasOwnership(there.ref, there.uid, there.replicas or 0)
    yield Apply(child, there.uid)


def is_current(child: Child, there: ObservedObject, written: AppliedObject) -> bool:
    """Whether a child is as it shall be: we applied just this, and nobody has taken a field since."""
    is_same_object = (there.uid, there.ownership) == (written.child.uid, written.child.ownership)
    return is_same_object and digest(child) == written.content


def _removals(
    family: BackendSpec, children: Iterable[ObservedObject], wanted: set[ObjectReference]
) -> Iterator[Remove]:
    for child in children:
        is_ours = child.owner_uid == family.uid and not child.is_deleting
        # A variant whose settings are refused keeps what it has: an edit that fails must not stop it.
        # Which set of models it needs is not known then, so that every Job stays.
        is_refused = child.variant in family.problems or (child.ref.kind == "Job" and bool(family.problems))
        is_kept = child.ref.kind in _KEPT_KINDS or is_refused or child.ref in wanted
        if is_ours and not is_kept:
            yield Remove(child.ref, child.uid)


def _surge_wait(
    family: BackendSpec, variant: Variant, pods: Iterable[ObservedPod], config: OperatorConfig, now: datetime
) -> float | None:
    """Seconds until an old pod shall give its device to a new one (<= 0: now); None where none need do so."""
    if family.surge != "Auto" or variant.accelerator is None:
        return None
    device = variant.accelerator.resource_name
    alive = [pod for pod in pods if pod.variant == variant.key and not pod.is_terminating]
    # Only a pod that holds the very device can free it: a CPU pod is not stopped for a GPU that is not there.
    holders = {pod.revision for pod in alive if pod.is_scheduled and device in pod.devices}
    starved = [pod for pod in alive if device in causes.missing_devices(pod) and holders - {pod.revision}]
    since = max((pod.unscheduled_since for pod in starved if pod.unscheduled_since), default=None)
    if since is None:
        return None
    return (since + timedelta(seconds=config.surge_wait_seconds) - now).total_seconds()
