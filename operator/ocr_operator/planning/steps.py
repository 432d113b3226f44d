"""The plan of one reconcile: the writes to make, in order, and what blocks the others. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from ocr_operator.api.names import ObjectReference
from ocr_operator.api.spec import VariantName
from ocr_operator.manifests.metadata import ManagedObject
from ocr_operator.observed.causes import Cause
from ocr_operator.planning.rollout_state import RolloutState


@dataclass(frozen=True)
class Apply:
    """Apply a managed object. `uid` is that of the existing object, None if none was observed."""

    desired: ManagedObject
    uid: str | None

    @property
    def ref(self) -> ObjectReference:
        """Reference of the object."""
        return ref_of(self.desired)


@dataclass(frozen=True)
class TransferReplicasOwnership:
    """Give the field `replicas` of a Deployment to another field manager, at its present value.

    Otherwise the API server would remove the field with its last owner and default it to one pod.
    """

    ref: ObjectReference
    uid: str
    replicas: int


@dataclass(frozen=True)
class Remove:
    """Delete an object that the spec no longer asks for."""

    ref: ObjectReference
    uid: str


Step = Apply | TransferReplicasOwnership | Remove


@dataclass(frozen=True)
class Plan:
    """The steps in their order, and why the objects in `problems` get none.

    `requeue_after`: seconds after which the plan may change without an event. `published`: ids of the
    published model sets; a variant whose set is not published gets no new revision.
    """

    steps: tuple[Step, ...]
    problems: Mapping[ObjectReference, Cause]
    rollouts: Mapping[VariantName, RolloutState]
    requeue_after: float | None = None
    published: frozenset[str] = frozenset()

    @property
    def creates_objects(self) -> bool:
        """Whether a step creates an object."""
        return any(isinstance(step, Apply) and step.uid is None for step in self.steps)


def ref_of(desired: ManagedObject) -> ObjectReference:
    """Reference of a managed object that is to be written."""
    metadata = desired["metadata"]
    return ObjectReference(desired["apiVersion"], desired["kind"], metadata["namespace"], metadata["name"])
