"""The input and the result of a rollout decision for one variant.

Pure values; `rollout` decides.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ocr_operator.api.names import REVISION_LABEL
from ocr_operator.api.spec import RolloutRequests, VariantName
from ocr_operator.observed.first_cause import is_rolled_out
from ocr_operator.observed.managed_objects import ObservedObject
from ocr_operator.observed.pods import ObservedPod
from ocr_operator.observed.rollout_record import LastGood, Record, RolledBack, record
from ocr_operator.planning.surge import Replacement

Template = Mapping[str, Any]


@dataclass(frozen=True)
class VariantInput:
    """One variant: the desired pod template, the existing Deployment, and its running pods.

    `needed`: pods that must be ready. `has_models`: the models of the target revision are on the volume, or
    need no download. `is_refused`: the API server refused the last write of the Deployment. `requests`: what
    a user requests for this variant. `replacement`: how its pods are replaced.
    """

    name: VariantName
    desired: Template
    existing: ObservedObject | None
    pods: tuple[ObservedPod, ...]
    needed: int
    has_models: bool = True
    is_refused: bool = False
    requests: RolloutRequests = RolloutRequests()
    replacement: Replacement = Replacement(in_place=False)

    @property
    def target(self) -> str:
        """The revision in the spec."""
        return revision_of(self.desired)

    @property
    def is_serving(self) -> bool:
        """Whether a pod of any revision is ready."""
        return any(pod.is_ready for pod in self.pods)

    @property
    def last_good(self) -> LastGood | None:
        """The last good revision; the present one also if no operator ran to record it."""
        existing = self.existing
        if existing is None:
            return None
        recorded: LastGood | None = self.recorded.good
        if (
            not self.needed
            or not existing.revision
            or not is_rolled_out(existing.revision, self.pods, self.needed)
        ):
            return recorded
        if existing.revision == self.target:
            return LastGood(self.target, self.desired)
        if recorded and recorded.revision == existing.revision:
            return recorded
        return LastGood(existing.revision, json.loads(existing.template))

    @property
    def rolled_back(self) -> RolledBack | None:
        """The last rollback, if it was of the revision in the spec."""
        rolled_back = self.recorded.rolled_back
        return rolled_back if rolled_back and rolled_back.revision == self.target else None

    @cached_property
    def recorded(self) -> Record:
        """The rollout record of the existing Deployment."""
        return record(self.existing.rollout) if self.existing else Record()

    @property
    def is_rollback_requested(self) -> bool:
        """Whether a user requests the last good revision."""
        return self.requests.rollback not in ("", self.recorded.rollback)

    @property
    def is_retry_requested(self) -> bool:
        """Whether a user requests the rolled back revision; a rollback that is requested too comes first."""
        is_new = self.requests.retry not in ("", self.recorded.retry)
        return is_new and not self.is_rollback_requested

    @property
    def new_image(self) -> str:
        """The image in the spec; empty if the last good revision has it too."""
        good, image = self.last_good, image_of(self.desired)
        return "" if good is None or image_of(good.template) == image else image


@dataclass(frozen=True)
class RolloutState:
    """The decision for one variant.

    `target`: the revision in the spec. `template`: what the Deployment must have now. `waits_for`: variants
    whose rollouts must end first; `waits_for_backends`: the same of other OCRBackends. `held_by`: a variant
    that was rolled back with the same new image.
    """

    target: str
    template: Template
    record: Record
    waits_for: tuple[VariantName, ...] = ()
    waits_for_backends: tuple[str, ...] = ()
    is_rolling: bool = False
    held_by: VariantName | None = None

    @property
    def applied(self) -> str:
        """The revision that the Deployment must have now."""
        return revision_of(self.template)

    @property
    def last_good(self) -> str:
        """The last good revision; empty if there is none."""
        return self.record.good.revision if self.record.good else ""


def revision_of(template: Template) -> str:
    """The revision in the labels of a pod template."""
    return str(template["metadata"]["labels"][REVISION_LABEL])


def image_of(template: Template) -> str:
    """The image of the backend's container."""
    return str(template["spec"]["containers"][0]["image"])
