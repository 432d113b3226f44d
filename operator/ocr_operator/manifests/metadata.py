"""The metadata of managed objects: names, labels and the owner reference.

Pure; every manifest starts with it.
"""

from collections.abc import Mapping
from typing import Any

from ocr_operator.api.names import (
    API_VERSION,
    KIND,
    VARIANT_LABEL,
    backend_labels,
    child_name,
    variant_labels,
)
from ocr_operator.api.spec import BackendSpec, Json, Variant, VariantName

ManagedObject = dict[str, Any]
"""A complete Kubernetes object, as the operator applies it."""


def variant_metadata(spec: BackendSpec, variant: Variant) -> dict[str, Any]:
    """Metadata of a variant's objects, which all have the same name."""
    name = child_name(spec.key.name, variant.name)
    return owned(spec, _metadata(spec, name, variant_labels(spec.key.name, variant.name)))


def variant_of(manifest: ManagedObject) -> VariantName:
    """The variant that one of its objects belongs to."""
    return str(manifest["metadata"]["labels"][VARIANT_LABEL])


def shared_metadata(spec: BackendSpec, name: str) -> dict[str, Any]:
    """Metadata of an object that all variants share, without the owner reference that `owned` adds."""
    return _metadata(spec, name, backend_labels(spec.key.name))


def owned(spec: BackendSpec, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """The metadata with an owner reference to the OCRBackend."""
    return {**metadata, "ownerReferences": [_owner_reference(spec)]}


def _owner_reference(spec: BackendSpec) -> Json:
    """Lets garbage collection delete the object with its OCRBackend, even if the operator does not run."""
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "name": spec.key.name,
        "uid": spec.uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }


def _metadata(spec: BackendSpec, name: str, labels: Mapping[str, str]) -> dict[str, Any]:
    return {"name": name, "namespace": spec.key.namespace, "labels": dict(labels)}
