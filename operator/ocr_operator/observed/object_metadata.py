"""Facts in the metadata of any object: its owner, its variant, and times as Kubernetes writes them.

Pure; from JSON to values.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ocr_operator.api.names import (
    INSTANCE_LABEL,
    KIND,
    REQUEST_ANNOTATIONS,
    VARIANT_LABEL,
    NamespacedName,
)
from ocr_operator.api.spec import VariantName

Json = Mapping[str, Any]


def owner_of(metadata: Json) -> NamespacedName | None:
    """The OCRBackend that an object belongs to: its controller, or else the one that its labels name.

    The owner reference comes first because users may edit labels.
    """
    owners = metadata.get("ownerReferences") or []
    names = (owner["name"] for owner in owners if owner["kind"] == KIND and is_controller(owner))
    name = next(names, None) or (metadata.get("labels") or {}).get(INSTANCE_LABEL)
    return NamespacedName(metadata["namespace"], name) if name else None


def cached_metadata(metadata: Json) -> Json:
    """The metadata of an OCRBackend without what needs memory and is never read."""
    annotations = metadata.get("annotations") or {}
    requests = {name: text for name, text in annotations.items() if name in REQUEST_ANNOTATIONS}
    rest = {key: value for key, value in metadata.items() if key not in ("managedFields", "annotations")}
    return {**rest, "annotations": requests}


def controller_uid(metadata: Json) -> str | None:
    """UID of the object's controller; None if it has no controller."""
    owners = metadata.get("ownerReferences") or []
    return next((owner["uid"] for owner in owners if is_controller(owner)), None)


def is_controller(owner: Json) -> bool:
    """Whether an owner reference names the controller of the object."""
    return bool(owner.get("controller"))


def variant_in_labels(labels: Json) -> VariantName | None:
    """The variant that the labels name; None if they name no variant."""
    return labels.get(VARIANT_LABEL)


def parsed_time(text: str | None) -> datetime | None:
    """The time that RFC 3339 text means; None for empty text."""
    return datetime.fromisoformat(text) if text else None
