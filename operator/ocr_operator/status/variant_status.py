"""Where each variant stands: its Deployment and pods, as one phase, one cause and a few numbers.

Pure; `status` makes the OCRBackend's status of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ocr_operator.api.conditions import Phase
from ocr_operator.api.names import ObjectReference, variant_name
from ocr_operator.api.reasons import PASSING, WAITING, Reason
from ocr_operator.api.spec import BackendSpec, Variant, VariantKey
from ocr_operator.observed import causes
from ocr_operator.observed.causes import Cause
from ocr_operator.observed.container_failures import Failure, last_failure
from ocr_operator.observed.observation import ObservedObject, ObservedPod, WarningEvent
from ocr_operator.observed.rollout_record import RolledBack
from ocr_operator.planning.plan import Observed, Plan
from ocr_operator.planning.rollout import RolloutState, is_rolled_out
from ocr_operator.status.model_downloads import ModelDownload, fetches


@dataclass(frozen=True)
class VariantState:
    """One variant as the status shows it. `cause` is why it is not ready, None when it is.

    `loaded` counts the ready pods of the target revision. `fetch`: None where no models are fetched for it.
    """

    key: VariantKey
    phase: Phase
    cause: Cause | None
    desired: int
    updated: int
    ready: int
    loaded: int
    current: str
    target: str
    last_good: str
    is_late: bool
    last_failure: Failure | None
    rolled_back: RolledBack | None = None
    fetch: ModelDownload | None = None

    @property
    def is_ready(self) -> bool:
        """Whether it serves as the spec says."""
        return self.phase is Phase.READY

    @property
    def has_loaded(self) -> bool:
        """Whether a pod of the target revision has loaded the models."""
        return self.is_ready or self.loaded > 0

    @property
    def needs_help(self) -> bool:
        """Whether something is wrong that does not pass by itself, a pause not counted."""
        return self.cause is not None and self.cause.reason not in PASSING | {Reason.PAUSED}

    @property
    def is_moving(self) -> bool:
        """Whether it may still become ready by itself, within its deadline."""
        return self.cause is not None and self.cause.reason in PASSING | WAITING and not self.is_late


@dataclass(frozen=True)
class _Seen:
    """What is there of one variant; `variant` is None where its settings are refused."""

    variant: Variant | None
    deployment: ObservedObject | None
    standing: RolloutState | None
    pods: tuple[ObservedPod, ...]
    evicted: tuple[ObservedPod, ...]
    warnings: tuple[WarningEvent, ...]
    troubles: tuple[Cause, ...]
    is_paused: bool
    max_parallel: int = 1
    fetch: ModelDownload | None = None

    @property
    def target(self) -> str:
        """The revision that the spec asks for; empty where it is refused."""
        return self.standing.target if self.standing else ""

    @property
    def rolled_back(self) -> RolledBack | None:
        """That the revision which the spec asks for was taken back."""
        return self.standing.record.rolled_back if self.standing else None

    @property
    def has_previous(self) -> bool:
        """Whether pods of another revision serve."""
        return any(pod.revision != self.target for pod in self.serving)

    @property
    def is_rolled_out(self) -> bool:
        """Whether the target revision runs alone, with as many ready pods as are needed.

        The pods themselves say so: a Deployment's own count is out of date whenever somebody annotates it.
        """
        return self._has_rolled_out(self.target)

    @property
    def is_arrived(self) -> bool:
        """The same of the revision that it shall run now, which may still be an earlier one."""
        return self.standing is not None and self._has_rolled_out(self.standing.applied)

    def _has_rolled_out(self, revision: str) -> bool:
        if self.variant is None or self.deployment is None or self.deployment.revision != revision:
            return False
        return is_rolled_out(revision, self.pods, self.variant.needed_replicas)

    @property
    def awaited(self) -> ModelDownload | None:
        """What the target revision waits for before its pods are made; None where they are."""
        is_made = self.deployment is not None and self.deployment.revision == self.target
        return None if is_made or self.fetch is None or self.fetch.is_published else self.fetch

    @property
    def is_late(self) -> bool:
        """Whether the Deployment has given up waiting for the target revision."""
        if self.deployment is None or self.deployment.revision != self.target:
            return False
        cause = causes.deployment_cause(self.deployment)
        return cause is not None and cause.reason is Reason.PROGRESS_DEADLINE_EXCEEDED

    @property
    def serving(self) -> list[ObservedPod]:
        """Pods that are ready, of any revision."""
        return [pod for pod in self.pods if pod.is_ready]


def variant_states(
    family: BackendSpec, observed: Observed, plan: Plan, problems: Mapping[ObjectReference, Cause]
) -> list[VariantState]:
    """States in the order of the spec. `problems`: what stood in the way of writing children, by child."""
    fetched = fetches(family, observed, plan, problems)
    seen = ((key, _seen(family, key, observed, plan, problems)) for key in family.order)
    return [_state(key, replace(one, fetch=fetched.get(key))) for key, one in seen]


def _seen(
    family: BackendSpec,
    key: VariantKey,
    observed: Observed,
    plan: Plan,
    problems: Mapping[ObjectReference, Cause],
) -> _Seen:
    name = variant_name(family.key.name, *key)
    deployments = (
        one
        for one in observed.children
        if (one.ref.kind, one.ref.name, one.owner_uid) == ("Deployment", name, family.uid)
    )
    troubles = [cause for ref, cause in problems.items() if ref.name == name]
    if key in family.problems:
        troubles.append(Cause(Reason.INVALID, family.problems[key]))
    pods = [pod for pod in observed.pods if pod.variant == key]
    return _Seen(
        variant=next((one for one in family.variants if one.key == key), None),
        deployment=next(deployments, None),
        standing=plan.rollouts.get(key),
        pods=tuple(pod for pod in pods if not pod.is_terminating),
        evicted=tuple(pod for pod in pods if pod.evicted),
        warnings=observed.warnings,
        troubles=tuple(troubles),
        is_paused=family.is_paused,
        max_parallel=family.max_parallel_variants,
    )


def _state(key: VariantKey, seen: _Seen) -> VariantState:
    cause = _cause(seen)
    if cause is None and not seen.is_rolled_out:
        cause = _on_its_way(seen)
    serving = [pod.revision for pod in seen.serving if pod.revision]
    return VariantState(
        key=key,
        phase=_phase(cause, seen),
        cause=cause,
        desired=(seen.deployment.replicas or 0) if seen.deployment else 0,
        updated=sum(pod.revision == seen.target for pod in seen.pods),
        ready=len(seen.serving),
        loaded=sum(pod.revision == seen.target for pod in seen.serving),
        current=min(serving, key=lambda revision: revision == seen.target, default=""),
        target=seen.target,
        last_good=seen.standing.last_good if seen.standing else "",
        is_late=seen.is_late and cause is not None,
        last_failure=last_failure(seen.pods),
        fetch=seen.fetch,
        rolled_back=seen.rolled_back,
    )


def _cause(seen: _Seen) -> Cause | None:
    """What keeps a variant from being as the spec says; None where all seems well."""
    found = [cause for cause in seen.troubles if not cause.is_passing]
    if seen.awaited and seen.awaited.cause:
        found.append(seen.awaited.cause)
    if seen.deployment and seen.standing and not seen.is_arrived:
        found += _troubles(seen, seen.deployment, seen.standing.applied)
    if seen.rolled_back:
        found.append(_rolled_back(seen, seen.rolled_back))
    if seen.standing and seen.standing.held_by:
        found.append(_held("/".join(seen.standing.held_by)))
    return causes.most_urgent(found)


def _troubles(seen: _Seen, deployment: ObservedObject, revision: str) -> list[Cause]:
    """What keeps the revision that it shall run now from being there."""
    if deployment.revision != revision:
        return []
    pods, evicted = ([pod for pod in some if pod.revision == revision] for some in (seen.pods, seen.evicted))
    found = (
        causes.deployment_cause(deployment),
        causes.eviction_cause([*pods, *evicted]),
        *(causes.pod_cause(pod, seen.warnings) for pod in pods),
    )
    return [cause for cause in found if cause]


def _rolled_back(seen: _Seen, rolled_back: RolledBack) -> Cause:
    good = seen.standing.last_good if seen.standing else ""
    now = "serves" if seen.is_arrived else "is on its way back"
    said = f"revision {rolled_back.revision} was taken back ({rolled_back.reason}: {rolled_back.message})"
    return causes.because(Reason.ROLLED_BACK, f"{said}; revision {good} {now}")


def _held(by: str) -> Cause:
    said = f"{by} was taken back with the image that this variant would get; the previous revision serves"
    return causes.because(Reason.ROLLOUT_HELD, said)


def _on_its_way(seen: _Seen) -> Cause:
    if seen.is_paused:
        return Cause(Reason.PAUSED, "spec.paused is true: what is left to do waits for the end of the pause")
    if seen.awaited:
        return Cause(Reason.FETCHING, seen.awaited.message)
    if seen.standing and seen.standing.waits_for:
        names = ", ".join("/".join(key) for key in seen.standing.waits_for)
        limit = f"spec.rollout.maxParallelVariants is {seen.max_parallel}"
        message = f"waits for the rollout of {names} ({limit}); the previous revision serves until then"
        return Cause(Reason.ROLLOUT_QUEUED, message)
    if seen.has_previous:
        return Cause(Reason.ROLLING_OUT, "the previous revision serves until the new one is ready")
    if seen.pods:
        return Cause(Reason.STARTING, "waiting for the pod to load its models and read its golden sample")
    return Cause(Reason.STARTING, "waiting for the pod to be made")


def _phase(cause: Cause | None, seen: _Seen) -> Phase:
    if cause is None:
        return Phase.READY
    if cause.reason in _OWN_PHASES:
        return _OWN_PHASES[cause.reason]
    if cause.reason not in PASSING | WAITING:
        return Phase.FAILED
    if cause.reason is Reason.FETCHING:
        return Phase.FETCHING
    if seen.has_previous:
        return Phase.ROLLING_OUT
    return Phase.PENDING if cause.reason in WAITING else Phase.STARTING


_OWN_PHASES = {
    Reason.ROLLED_BACK: Phase.ROLLED_BACK,
    Reason.ROLLOUT_QUEUED: Phase.QUEUED,
    Reason.ROLLOUT_HELD: Phase.QUEUED,
}
