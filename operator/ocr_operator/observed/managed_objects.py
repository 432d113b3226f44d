"""Managed objects as the API server reports them.

Pure; from JSON to values. Objects from watches and from lists both pass through here, so callers cannot tell
them apart.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

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
from ocr_operator.observed.owned_fields import applied_fields, sorted_values


@dataclass(frozen=True)
class ClaimFields:
    """What a PersistentVolumeClaim requests. `storage_class`: None if it has none yet.

    `owns_storage_class`: our server-side apply set it; otherwise it is the cluster's default.
    """

    size: str
    storage_class: str | None
    access_modes: tuple[str, ...]
    owns_storage_class: bool = False


@dataclass(frozen=True)
class ObservedObject:
    """A managed object in the cluster.

    `applied_hash` is that of the fields that our server-side apply owns and of their values: it changes when
    anybody changes or takes one. `adopter` is the OCRBackend that may adopt the object, by its annotation.
    `rollout` is the text of its `rollout_record`, and `template` a Deployment's pod template; both are JSON
    text, which needs little memory. Only a PersistentVolumeClaim has `claim`.
    `is_in_place`: a Deployment stops an old pod before it starts a new one.
    `is_paused`: somebody paused the rollouts of a Deployment.
    """

    ref: ObjectReference
    uid: str
    resource_version: int
    labels: Json
    owner_uid: str | None
    is_deleting: bool
    applied_hash: str
    owns_replicas: bool
    generation: int
    replicas: int | None
    revision: str | None
    status: Json
    adopter: str | None = None
    created: datetime | None = None
    rollout: str = ""
    template: str = ""
    claim: ClaimFields | None = None
    is_in_place: bool = False
    is_paused: bool = False

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
    fields = applied_fields(metadata, FIELD_MANAGER)
    template = spec.get("template") or {}
    annotations = metadata.get("annotations") or {}
    return ObservedObject(
        ref=ObjectReference(body["apiVersion"], body["kind"], metadata["namespace"], metadata["name"]),
        uid=metadata["uid"],
        resource_version=int(metadata["resourceVersion"]),
        labels=dict(metadata.get("labels") or {}),
        owner_uid=controller_uid(metadata),
        is_deleting="deletionTimestamp" in metadata,
        applied_hash=digest(sorted_values(body, fields)),
        owns_replicas="f:replicas" in fields.get("f:spec", {}),
        generation=metadata.get("generation", 0),
        replicas=spec.get("replicas"),
        revision=((template.get("metadata") or {}).get("labels") or {}).get(REVISION_LABEL),
        status=dict(body.get("status") or {}),
        created=parsed_time(metadata.get("creationTimestamp")),
        adopter=annotations.get(ADOPT_ANNOTATION),
        rollout=annotations.get(ROLLOUT_ANNOTATION, ""),
        template=json.dumps(template) if body["kind"] == "Deployment" else "",
        is_paused=bool(spec.get("paused")),
        is_in_place=_is_in_place(spec),
        claim=_claim_fields(spec, fields.get("f:spec", {}))
        if body["kind"] == "PersistentVolumeClaim"
        else None,
    )


def _is_in_place(spec: Json) -> bool:
    rolling = (spec.get("strategy") or {}).get("rollingUpdate") or {}
    return rolling.get("maxSurge") == 0


def _claim_fields(spec: Json, applied: Json) -> ClaimFields:
    requests = (spec.get("resources") or {}).get("requests") or {}
    return ClaimFields(
        size=str(requests.get("storage", "0")),
        storage_class=spec.get("storageClassName"),
        access_modes=tuple(spec.get("accessModes") or ()),
        owns_storage_class="f:storageClassName" in applied,
    )
