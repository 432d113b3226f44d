"""What an existing claim may differ in from the spec, and what is applied to it.

Pure. Kubernetes lets nobody shrink a claim or change its class or access mode: what it has is applied again.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from ocr_operator.api.names import claim_name
from ocr_operator.api.reasons import Reason
from ocr_operator.api.spec import BackendSpec, Storage
from ocr_operator.manifests.metadata import ManagedObject
from ocr_operator.observed.causes import Cause, cause_with_action
from ocr_operator.observed.managed_objects import ClaimFields, ObservedObject
from ocr_operator.observed.quantities import quantity


def existing_claim(spec: BackendSpec, objects: Iterable[ObservedObject]) -> ObservedObject | None:
    """The claim that models are downloaded to, if it exists and the operator manages it."""
    if spec.storage is None or spec.storage.claim_name:
        return None
    name = claim_name(spec.key.name)
    claims = (each for each in objects if each.claim and each.ref.name == name and not each.is_deleting)
    return next(claims, None)


def with_existing_access_mode(spec: BackendSpec, existing: ObservedObject | None) -> BackendSpec:
    """The spec with the access mode that the claim has: it decides on how many nodes pods may run."""
    if spec.storage is None or existing is None or existing.claim is None:
        return spec
    modes = existing.claim.access_modes
    shared = next((mode for mode in modes if mode != "ReadWriteOnce"), "ReadWriteOnce")
    mode = spec.storage.access_mode if spec.storage.access_mode in modes else shared
    return replace(spec, storage=replace(spec.storage, access_mode=mode))


def fitted(desired: ManagedObject, existing: ObservedObject) -> ManagedObject:
    """The manifest with what an existing claim has; it never requests less. Other kinds stay as they are.

    The cluster's default class is not taken over: that would be one more write.
    """
    if existing.claim is None:
        return desired
    claim, size = existing.claim, desired["spec"]["resources"]["requests"]["storage"]
    larger = max(size, claim.size, key=quantity)
    fields: dict[str, Any] = {
        "accessModes": list(claim.access_modes),
        "resources": {"requests": {"storage": larger}},
    }
    sets_class = claim.owns_storage_class or "storageClassName" in desired["spec"]
    if sets_class and claim.storage_class is not None:
        fields["storageClassName"] = claim.storage_class
    return {**desired, "spec": desired["spec"] | fields}


def claim_difference(storage: Storage | None, existing: ObservedObject | None) -> Cause | None:
    """What the spec asks for and the claim cannot become; None if there is nothing."""
    if storage is None or existing is None or existing.claim is None:
        return None
    differences = "; ".join(_differences(storage, existing.claim))
    if not differences:
        return None
    return cause_with_action(Reason.VOLUME_DIFFERS, f"{existing.ref}: {differences}")


def _differences(storage: Storage, claim: ClaimFields) -> Iterator[str]:
    if quantity(storage.size) < quantity(claim.size):
        yield f"size is {claim.size}, not {storage.size} as in the spec"
    name = claim.storage_class or ""
    if storage.storage_class not in (None, name):
        yield f'storageClassName is "{name}", not "{storage.storage_class}" as in the spec'
    if storage.access_mode not in claim.access_modes:
        modes = ", ".join(claim.access_modes)
        yield f"accessMode is {modes}, not {storage.access_mode} as in the spec"
