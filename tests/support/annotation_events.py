"""Regions of an annotation as Label Studio sends them in its events, and the events."""

from typing import Any

import requests

from ocr_backend.labelstudio.region_ids import line_id

Json = dict[str, Any]

BOX = {"x": 1.0, "y": 2.0, "width": 30.0, "height": 4.0, "rotation": 0}


def region(region_id: str, text: str | None, origin: str | None = "prediction") -> list[Json]:
    """The items of a region: rectangle, label and, unless it is None, text."""
    extra = {} if origin is None else {"origin": origin}
    base = {"id": region_id, "to_name": "image", **extra}
    shape = {**base, "from_name": "bbox", "type": "rectangle", "value": BOX}
    label = {**base, "from_name": "label", "type": "labels", "value": {**BOX, "labels": ["Text"]}}
    words = {**base, "from_name": "t", "type": "textarea", "value": {**BOX, "text": [text]}}
    return [shape, label] if text is None else [shape, label, words]


def predicted(number: int, version: str, text: str) -> list[Json]:
    """The items of a predicted line."""
    return region(line_id(number, version, text), text)


def edited(items: list[Json], text: str | None, origin: str = "prediction") -> list[Json]:
    """A predicted line with another text or origin."""
    return region(items[0]["id"], text, origin)


def created(*regions: list[Json], **fields: object) -> Json:
    """The event of a submitted annotation."""
    result = [item for items in regions for item in items]
    return {
        "action": "ANNOTATION_CREATED",
        "annotation": {"id": 1, "result": result, "prediction": {}, **fields},
    }


def submit_two_lines(backend: str) -> None:
    """Sends the event of an annotation with an accepted and a changed line of the backend's version."""
    [version] = requests.get(f"{backend}/versions", timeout=30).json()["versions"]
    event = created(predicted(1, version, "abc"), edited(predicted(2, version, "ahc"), "abd"))
    requests.post(f"{backend}/webhook", json=event, timeout=30).raise_for_status()
