"""The steps for single objects: apply one, hand over its replicas, or delete it.

Pure.
"""

from collections.abc import Collection, Iterable, Iterator

from ocr_operator.api.names import REVISION_LABEL, ObjectReference
from ocr_operator.api.revision import digest
from ocr_operator.api.spec import BackendSpec
from ocr_operator.manifests import download_job
from ocr_operator.manifests.metadata import ManagedObject
from ocr_operator.observed.managed_objects import ObservedObject
from ocr_operator.observed.state import AppliedObject
from ocr_operator.planning.existing_claim import fitted
from ocr_operator.planning.steps import Apply, Remove, Step, TransferReplicasOwnership

_KEPT_KINDS = ("PersistentVolumeClaim",)
"""Downloaded models outlive a change of spec.models; only the deletion of the OCRBackend may delete them."""


def steps_for(
    desired: ManagedObject, existing: ObservedObject | None, applied: AppliedObject | None
) -> Iterator[Step]:
    """Steps for one desired object; none while it is being deleted, or if it is as we left it."""
    if existing is None:
        yield Apply(desired, None)
        return
    desired = fitted(desired, existing)
    if existing.is_deleting or (applied and is_current(desired, existing, applied)):
        return
    if existing.ref.kind == "Job" and existing.revision != revision_of(desired):
        # A Job's pod template is immutable. A complete Job of ours stays as the record of its download.
        if not download_job.is_complete(existing) or existing.owner_uid is None:
            yield Remove(existing.ref, existing.uid)
        return
    is_autoscaled = existing.ref.kind == "Deployment" and "replicas" not in desired["spec"]
    if is_autoscaled and existing.owns_replicas:
        yield TransferReplicasOwnership(existing.ref, existing.uid, existing.replicas or 0)
    yield Apply(desired, existing.uid)


def is_current(desired: ManagedObject, existing: ObservedObject, applied: AppliedObject) -> bool:
    """Whether we applied exactly this to the object, and what we applied is still as in the response.

    The API server stores no `paused: false`, so nobody can take that field from us: its value counts.
    """
    if existing.is_paused:
        return False
    last = applied.observed
    is_unchanged = (existing.uid, existing.applied_hash) == (last.uid, last.applied_hash)
    return is_unchanged and digest(desired) == applied.digest


def revision_of(desired: ManagedObject) -> str:
    """The revision of the pods of a Deployment or Job."""
    revision: str = desired["spec"]["template"]["metadata"]["labels"][REVISION_LABEL]
    return revision


def removals(
    spec: BackendSpec, objects: Iterable[ObservedObject], desired: Collection[ObjectReference]
) -> Iterator[Remove]:
    """Steps that delete our objects that the spec no longer asks for."""
    for existing in objects:
        is_ours = existing.owner_uid == spec.uid and not existing.is_deleting
        if is_ours and existing.ref not in desired and not _is_kept(existing, spec):
            yield Remove(existing.ref, existing.uid)


def _is_kept(existing: ObservedObject, spec: BackendSpec) -> bool:
    """Whether an object stays although it is not desired.

    A variant with invalid settings keeps its objects: a wrong edit must not stop a running variant. Its model
    set is unknown then, so all Jobs stay too.
    """
    if existing.ref.kind in _KEPT_KINDS or existing.variant in spec.invalid_variants:
        return True
    return existing.ref.kind == "Job" and bool(spec.invalid_variants)
