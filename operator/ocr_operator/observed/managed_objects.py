"""Managed objects as the API server reports them.

Pure; from JSON to values. Objects from watches and from lists both pass through here, so callers cannot tell
them apart.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ocr_operator.api.names import (
    ADOPT_ANNOTATION,
    FIELD_MANAGER,
    REVISION_LABEL,
    ROLLOUT_ANNOTATION,
    ObjectReference,
)
from ocr_operator.api.revision import digest
from ocr_operator.api.spec import VariantName
from ocr_operator.observed.object_metadata import Json, controller_uid, parsed_time, variant_in_labels


@dataclass(frozen=True)
class ObservedObject:
    """A managed object in the cluster.

    `managed_fields_hash` changes when another manager takes a field from us. `adopter` is the OCRBackend that
    may take the object over, by its annotation. `rollout` is the text of its `rollout_record`, and `template`
    a Deployment's pod template; both are JSON text, which needs little memory.
    """

    ref: ObjectReference
    uid: str
    resource_version: int
    labels: Json
    owner_uid: str | None
    is_deleting: bool
    managed_fields_hash: str
    owns_replicas: bool
    generation: int
    replicas: int | None
    revision: str | None
    status: Json
    adopter: str | None = None
    created: datetime | None = None
    rollout: str = ""
    template: str = ""

    @property
    def variant(self) -> VariantName | None:
        """The variant that it belongs to; None if it belongs to the whole OCRBackend."""
        return variant_in_labels(self.labels)

    @property
    def current_conditions(self) -> Mapping[str, Json]:
        """Conditions by type; empty while the controller has not seen the present generation."""
        if self.status.get("observedGeneration", 0) < self.generation:
            return {}
        return {condition["type"]: condition for condition in self.status.get("conditions") or []}


def observed_object(body: Json) -> ObservedObject:
    """The facts of an object of any kind."""
    metadata, spec = body["metadata"], body.get("spec") or {}
    fields = _owned_fields(metadata)
    template = spec.get("template") or {}
    annotations = metadata.get("annotations") or {}
    return ObservedObject(
        ref=ObjectReference(body["apiVersion"], body["kind"], metadata["namespace"], metadata["name"]),
        uid=metadata["uid"],
        resource_version=int(metadata["resourceVersion"]),
        labels=dict(metadata.get("labels") or {}),
        owner_uid=controller_uid(metadata),
        is_deleting="deletionTimestamp" in metadata,
        managed_fields_hash=digest(fields),
        owns_replicas="f:replicas" in fields.get("f:spec", {}),
        generation=metadata.get("generation", 0),
        replicas=spec.get("replicas"),
        revision=((template.get("metadata") or {}).get("labels") or {}).get(REVISION_LABEL),
        status=dict(body.get("status") or {}),
        created=parsed_time(metadata.get("creationTimestamp")),
        adopter=annotations.get(ADOPT_ANNOTATION),
        rollout=annotations.get(ROLLOUT_ANNOTATION, ""),
        template=json.dumps(template) if body["kind"] == "Deployment" else "",
    )


def _owned_fields(metadata: Json) -> dict[str, Any]:
    """The fields that our server-side apply owns, as Kubernetes' FieldsV1."""
    for entry in metadata.get("managedFields") or []:
        if entry["manager"] == FIELD_MANAGER and entry["operation"] == "Apply" and "subresource" not in entry:
            return dict(entry.get("fieldsV1") or {})
    return {}
