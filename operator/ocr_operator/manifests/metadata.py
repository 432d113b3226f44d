"""The metadata of children: their names and labels, and whose they are.

Pure. `resources` and `family_resources` begin every child with it.
"""

from collections.abc import Mapping
from typing import Any

from ocr_operator.api.names import (
    API_VERSION,
    KIND,
    LANGUAGE_LABEL,
    MODEL_TYPE_LABEL,
    backend_labels,
    variant_labels,
    variant_name,
)
from ocr_operator.api.spec import BackendSpec, Json, Variant, VariantKey

Child = dict[str, Any]
"""A whole Kubernetes object."""


def variant_metadata(family: BackendSpec, variant: Variant) -> dict[str, Any]:
    """Metadata of a variant's children, which all have one name."""
    name = variant_name(family.key.name, *variant.key)
    return owned(family, _metadata(family, name, variant_labels(family.key.name, *variant.key)))


def variant_of(child: Child) -> VariantKey:
    """The variant that a variant's child was made for."""
    labels = child["metadata"]["labels"]
    return labels[LANGUAGE_LABEL], labels[MODEL_TYPE_LABEL]


def shared_metadata(family: BackendSpec, name: str) -> dict[str, Any]:
    """Metadata of a child that a family has once; without an owner, for `owned`."""
    return _metadata(family, name, backend_labels(family.key.name))


def owned(family: BackendSpec, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """The metadata of a child that goes with its OCRBackend."""
    return {**metadata, "ownerReferences": [_owner_reference(family)]}


def _owner_reference(family: BackendSpec) -> Json:
    """What makes garbage collection remove a child with its OCRBackend, the operator running or not."""
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "name": family.key.name,
        "uid": family.uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }


def _metadata(family: BackendSpec, name: str, labels: Mapping[str, str]) -> dict[str, Any]:
    return {"name": name, "namespace": family.key.namespace, "labels": dict(labels)}
