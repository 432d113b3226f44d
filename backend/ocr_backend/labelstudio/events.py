"""Parses the events that Label Studio sends to webhooks. Source: webhooks/models.py of Label Studio 1.23.

Pure. Every invalid body raises a `RequestError` that says what is wrong.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ocr_backend.errors import RequestError
from ocr_backend.labelstudio.request_bodies import json_type_name, parse_json_object

Json = dict[str, Any]

START_TRAINING = "START_TRAINING"
TASKS_CREATED = "TASKS_CREATED"

CREATED = ("ANNOTATION_CREATED", "ANNOTATIONS_CREATED")
UPDATED = ("ANNOTATION_UPDATED",)
DELETED = ("ANNOTATIONS_DELETED",)

_UNUSED = (
    "PROJECT_CREATED",
    "PROJECT_UPDATED",
    "PROJECT_DELETED",
    TASKS_CREATED,
    "TASKS_DELETED",
    "LABEL_LINK_CREATED",
    "LABEL_LINK_UPDATED",
    "LABEL_LINK_DELETED",
)

KNOWN_EVENTS = (START_TRAINING, *CREATED, *UPDATED, *DELETED, *_UNUSED)
"""All events of Label Studio, and what the button "Start Training" sends."""


@dataclass(frozen=True)
class Annotation:
    """An annotation in an event; `prediction` is that of its task, if Label Studio sends it.

    `model_version` is that of the prediction; empty if it is not sent.
    """

    result: Sequence[Json] = ()
    prediction: Sequence[Json] = ()
    is_skipped: bool = False
    model_version: str = ""


@dataclass(frozen=True)
class Event:
    """An event, with its annotations, or with the ids of its project and new tasks.

    These are missing if the webhook sends no payload.
    """

    action: str
    annotations: tuple[Annotation, ...] = ()
    project: int | None = None
    tasks: tuple[int, ...] = ()


def parse_event(body: bytes) -> Event:
    """The event in the body of /webhook.

    Raises:
        RequestError: the body is not JSON, names no event, or has annotations of wrong types.
    """
    fields = parse_json_object(body)
    action = fields.get("action")
    if not isinstance(action, str) or not action:
        raise RequestError(
            f'"action" is {json_type_name(action)}; it must be the name of an event, such as "{CREATED[0]}"'
        )
    if action in DELETED:  # only ids
        return Event(action, (Annotation(),) * len(_listed(fields.get("annotations"), "annotations")))
    if action == TASKS_CREATED:
        tasks = _listed(fields.get("tasks"), "tasks")
        return Event(
            action,
            project=_id(fields["project"], '"project"') if fields.get("project") is not None else None,
            tasks=tuple(_id(task, 'an item of "tasks"') for task in tasks),
        )
    if action not in (*CREATED, *UPDATED):
        return Event(action)
    # The key is singular in events of many annotations too.
    annotations = _listed(fields.get("annotation"), "annotation")
    return Event(action, tuple(_annotation(annotation) for annotation in annotations))


def _listed(value: object, key: str) -> list[object]:
    if value is None:
        return []
    if not isinstance(value, dict | list):
        raise RequestError(f'"{key}" is {json_type_name(value)}; it must be an object or a list of objects')
    return value if isinstance(value, list) else [value]


def _id(value: object, name: str) -> int:
    value_id = value.get("id") if isinstance(value, dict) else None
    if not isinstance(value_id, int) or isinstance(value_id, bool):
        raise RequestError(f'{name} has no "id" that is a whole number')
    return value_id


def _annotation(value: object) -> Annotation:
    if not isinstance(value, dict):
        raise RequestError(f'an item of "annotation" is {json_type_name(value)}; it must be an object')
    prediction = value.get("prediction")
    prediction = prediction if isinstance(prediction, dict) else {}
    return Annotation(
        _result(value.get("result"), '"annotation"["result"]'),
        _result(prediction.get("result"), '"annotation"["prediction"]["result"]'),
        value.get("was_cancelled") is True,
        str(prediction.get("model_version") or ""),
    )


def _result(value: object, key: str) -> Sequence[Json]:
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise RequestError(f"{key} must be a list of objects")
    return value
