"""Whether an existing object may be managed: it is ours, or its owner allows us to adopt it.

Pure.
"""

from ocr_operator.api.names import ADOPT_ANNOTATION, FIELD_MANAGER, INSTANCE_LABEL, MANAGED_BY_LABEL
from ocr_operator.api.reasons import Reason
from ocr_operator.api.spec import BackendSpec
from ocr_operator.observed.causes import Cause, cause_with_action
from ocr_operator.observed.managed_objects import ObservedObject


def ownership_conflict(existing: ObservedObject, spec: BackendSpec) -> Cause | None:
    """Why an existing object must not be managed; None if it may be.

    An object with our labels and no controller was orphaned on purpose and is adopted again. An object with
    the adopt annotation is adopted too.
    """
    if existing.owner_uid == spec.uid:
        return None
    if belongs_to_deleted_owner(existing, spec):
        message = f"{existing.ref} belongs to a deleted OCRBackend of this name and is being deleted"
        return Cause(Reason.TERMINATING, message)
    may_adopt = _has_our_labels(existing, spec) or existing.adopter == spec.key.name
    if existing.owner_uid is None and may_adopt:
        return None
    message = f"{existing.ref} exists and this OCRBackend does not own it{_adoption_hint(existing, spec)}"
    return cause_with_action(Reason.CONFLICT, message)


def _adoption_hint(existing: ObservedObject, spec: BackendSpec) -> str:
    """How to let us adopt the object; empty if it has a controller, which would create it again."""
    if existing.owner_uid is not None:
        return ""
    annotation = f"{existing.ref.kind.lower()} {existing.ref.name} {ADOPT_ANNOTATION}={spec.key.name}"
    return f" (to adopt it, run `kubectl annotate {annotation}`)"


def belongs_to_deleted_owner(existing: ObservedObject, spec: BackendSpec) -> bool:
    """Whether the object was created for an earlier OCRBackend of the same name."""
    return existing.owner_uid not in (None, spec.uid) and _has_our_labels(existing, spec)


def _has_our_labels(existing: ObservedObject, spec: BackendSpec) -> bool:
    labels = existing.labels.get(MANAGED_BY_LABEL), existing.labels.get(INSTANCE_LABEL)
    return labels == (FIELD_MANAGER, spec.key.name)
