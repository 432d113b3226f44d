"""Which revision each variant's Deployment shall run now: the spec's, or for a while still the last good one.

Pure, and without memory: what must outlive the operator is in the Deployment's own `rollout_record`. A
variant that serves waits for its turn; a revision that is not ready in time is taken back. `plan` asks it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from ocr_operator.api.conditions import timestamp
from ocr_operator.api.names import REVISION_LABEL, ROLLOUT_ANNOTATION
from ocr_operator.api.reasons import WAITING, Reason
from ocr_operator.api.spec import BackendSpec, VariantKey
from ocr_operator.manifests.metadata import Child
from ocr_operator.observed import causes
from ocr_operator.observed.observation import ObservedObject, ObservedPod, WarningEvent
from ocr_operator.observed.rollout_record import Candidate, LastGood, Record, RolledBack, record

Template = Mapping[str, Any]


@dataclass(frozen=True)
class Seen:
    """What there is of one variant: what its Deployment shall be by the spec, what it is, its living pods.

    `has_models`: those of the target are on the volume, or need not be. `is_refused`: the API server has just
    refused its Deployment.
    """

    key: VariantKey
    wanted: Template
    live: ObservedObject | None
    pods: tuple[ObservedPod, ...]
    needed: int
    has_models: bool = True
    is_refused: bool = False

    @property
    def target(self) -> str:
        """The revision that the spec asks for."""
        return revision_of(self.wanted)

    @property
    def serves(self) -> bool:
        """Whether any pod of any revision is ready."""
        return any(pod.is_ready for pod in self.pods)


@dataclass(frozen=True)
class RolloutState:
    """Where a variant's rollout stands.

    `target`: the revision that the spec asks for; `template`: what the Deployment shall have now;
    `waits_for`: the variants whose rollout must end before its own begins; `held_by`: one that was taken back
    with the image that this one would get.
    """

    target: str
    template: Template
    record: Record
    waits_for: tuple[VariantKey, ...] = ()
    is_rolling: bool = False
    held_by: VariantKey | None = None

    @property
    def applied(self) -> str:
        """The revision that the Deployment shall have now."""
        return revision_of(self.template)

    @property
    def last_good(self) -> str:
        """The last revision that has served with all its pods; empty before there was one."""
        return self.record.good.revision if self.record.good else ""


def revision_of(template: Template) -> str:
    """The revision that a pod template is labelled with."""
    return str(template["metadata"]["labels"][REVISION_LABEL])


def image_of(template: Template) -> str:
    """The image of the backend's container."""
    return str(template["spec"]["containers"][0]["image"])


def is_rolled_out(revision: str | None, pods: Sequence[ObservedPod], needed: int) -> bool:
    """Whether the living pods of a variant are all of this revision, and at least `needed` of them ready."""
    is_alone = all(pod.revision == revision for pod in pods)
    return is_alone and sum(pod.is_ready for pod in pods) >= needed


def with_rollout(child: Child, standing: RolloutState) -> Child:
    """The variant's Deployment with the template that it shall have now, and with what it shall remember."""
    text = standing.record.text
    notes = {"annotations": {ROLLOUT_ANNOTATION: text}} if text else {}
    spec = {**child["spec"], "template": standing.template}
    return {**child, "metadata": {**child["metadata"], **notes}, "spec": spec}


def rollout_states(
    family: BackendSpec, variants: Sequence[Seen], warnings: Sequence[WarningEvent], now: datetime
) -> dict[VariantKey, RolloutState]:
    """Where each variant stands, turns given in the order of the spec. `warnings`: of any objects.

    One that was refused comes last: it would take its turn for ever, and never end it. One whose models are
    still to come asks for a turn when they are there. One that would get an image with which another was
    taken back is held.
    """
    found = {seen.key: _without_a_turn(family, seen, warnings, now) for seen in variants}
    rolling = [key for key, standing in found.items() if standing and standing.is_rolling]
    failed = _failed_images(variants, found)
    given = {}
    for seen in sorted(variants, key=lambda one: one.is_refused):
        standing = found[seen.key]
        if standing is None and not seen.has_models:
            standing = _waiting(seen, ())
        elif standing is None and (holder := failed.get(_new_image(seen))):
            standing = replace(_waiting(seen, ()), held_by=holder)
        elif standing is None and len(rolling) < family.max_parallel_variants:
            standing = _going(seen, now)
            rolling.append(seen.key)
        given[seen.key] = standing or _waiting(seen, tuple(rolling))
    return given


def _failed_images(
    variants: Sequence[Seen], found: Mapping[VariantKey, RolloutState | None]
) -> dict[str, VariantKey]:
    """New images with which a variant was taken back, but where it lacked something from outside of it."""
    failed: dict[str, VariantKey] = {}
    for seen in variants:
        standing = found[seen.key]
        rolled_back = standing.record.rolled_back if standing else None
        if rolled_back and Reason(rolled_back.reason) not in WAITING and (image := _new_image(seen)):
            failed.setdefault(image, seen.key)
    return failed


def _new_image(seen: Seen) -> str:
    """The image that the spec asks for; empty where it is that of the last good revision."""
    good, wanted = _good(seen), image_of(seen.wanted)
    return "" if good is None or image_of(good.template) == wanted else wanted


def _without_a_turn(
    family: BackendSpec, seen: Seen, warnings: Sequence[WarningEvent], now: datetime
) -> RolloutState | None:
    """Where a variant stands whatever the others do; None where it has to ask for its turn."""
    if seen.live is None:
        return RolloutState(seen.target, seen.wanted, Record())
    before, good = record(seen.live.rollout), _good(seen)
    if seen.live.revision == seen.target:
        return _arriving(family, seen, replace(before, good=good), warnings, now)
    rolled_back = before.rolled_back
    if good and rolled_back and rolled_back.revision == seen.target and family.auto_rollback:
        return RolloutState(seen.target, good.template, Record(good, rolled_back=rolled_back))
    if good and good.revision == seen.live.revision and seen.serves:
        return None
    return _going(seen, now)


def _good(seen: Seen) -> LastGood | None:
    """The last good revision, which may be the present one though no operator was there to note it."""
    live = seen.live
    if live is None:
        return None
    known = record(live.rollout).good
    if not live.revision or not is_rolled_out(live.revision, seen.pods, seen.needed):
        return known
    if live.revision == seen.target:
        return LastGood(seen.target, seen.wanted)
    return (
        known
        if known and known.revision == live.revision
        else LastGood(live.revision, json.loads(live.template))
    )


def _going(seen: Seen, now: datetime) -> RolloutState:
    good = _good(seen)
    if good is None or good.revision == seen.target:
        return RolloutState(seen.target, seen.wanted, Record(good))
    candidate = Candidate(seen.target, timestamp(now))
    return RolloutState(seen.target, seen.wanted, Record(good, candidate), is_rolling=seen.has_models)


def _waiting(seen: Seen, rolling: tuple[VariantKey, ...]) -> RolloutState:
    good = _good(seen)
    template = good.template if good else seen.wanted
    return RolloutState(seen.target, template, Record(good), waits_for=rolling)


def _arriving(
    family: BackendSpec, seen: Seen, known: Record, warnings: Sequence[WarningEvent], now: datetime
) -> RolloutState:
    """Of a variant whose Deployment has the revision that the spec asks for: there, on the way, or late."""
    good, candidate = known.good, known.candidate
    if good is None or good.revision == seen.target:
        return RolloutState(seen.target, seen.wanted, Record(good))
    if candidate and candidate.revision != seen.target:
        candidate = None
    if not (seen.live and causes.is_late(seen.live, candidate.since if candidate else "")):
        return RolloutState(seen.target, seen.wanted, Record(good, candidate), is_rolling=True)
    if not family.auto_rollback or family.is_paused:
        # It has had its time: the others' turns do not depend on it.
        return RolloutState(seen.target, seen.wanted, Record(good, candidate))
    return RolloutState(
        seen.target, good.template, Record(good, rolled_back=_rolled_back(seen, seen.live, warnings, now))
    )


def _rolled_back(
    seen: Seen, live: ObservedObject, warnings: Sequence[WarningEvent], now: datetime
) -> RolledBack:
    candidates = [pod for pod in seen.pods if pod.revision == seen.target]
    found = [causes.deployment_cause(live), *(causes.pod_cause(pod, warnings) for pod in candidates)]
    cause = causes.most_urgent(one for one in found if one)
    reason = cause.reason if cause else Reason.PROGRESS_DEADLINE_EXCEEDED
    return RolledBack(seen.target, str(reason), cause.message if cause else "", timestamp(now))
