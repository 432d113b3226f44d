"""The bodies of Label Studio's requests, from JSON text to types; the only place that sees raw JSON come in.

Pure. Everything wrong is a `RequestError` with a sentence; unknown keys are left alone, since Label Studio
sends more than is used here.
"""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ocr_backend.errors import RequestError
from ocr_backend.system.basic_credentials import Credentials, given_credentials

Json = dict[str, Any]

_DEEPEST = 100
"""Levels of what was drawn, which goes back into the answer; Label Studio needs 6, and JSON can be read some
levels deeper than it can be written."""


@dataclass(frozen=True)
class Task:
    """What of a task matters here; `id` is None in a task that Label Studio has not stored."""

    id: int | str | None
    data: Mapping[str, object]


@dataclass(frozen=True)
class PredictRequest:
    """`context` is what a person has drawn, None when predictions for whole images are wanted.

    `credentials` are those that the project has for the hosts of its images.
    """

    tasks: tuple[Task, ...]
    label_config: str
    context: Json | None
    credentials: Credentials | None = None


def predict_request(body: bytes, max_tasks: int) -> PredictRequest:
    """The request of /predict.

    Raises:
        RequestError: no JSON, wrong types, no tasks or too many.
    """
    fields = json_object(body)
    tasks = fields.get("tasks")
    if not isinstance(tasks, list) or not tasks:
        raise RequestError(
            f'"tasks" is {said(tasks)}; it must be a list of at least one task, '
            'such as [{"id": 1, "data": {"image": "https://..."}}]'
        )
    if len(tasks) > max_tasks:
        raise RequestError(
            f'"tasks" has {len(tasks)} tasks; at most {max_tasks} may come in one request (OCR_MAX_TASKS)'
        )
    params = _params(fields.get("params"))
    return PredictRequest(
        tasks=tuple(_task(task, place) for place, task in enumerate(tasks)),
        label_config=_text(fields, "label_config"),
        context=_context(params),
        credentials=_credentials(params),
    )


def setup_config(body: bytes) -> str:
    """The labelling configuration in the request of /setup, empty if there is none.

    Raises:
        RequestError: no JSON or wrong types.
    """
    return _text(json_object(body), "schema")


def json_object(body: bytes) -> Json:
    """The JSON object in a body.

    Raises:
        RequestError: the body is something else.
    """
    try:
        fields = json.loads(body, parse_constant=_finite, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise RequestError("the body is not JSON; a JSON object is needed") from error
    if not isinstance(fields, dict):
        raise RequestError(f"the body is {said(fields)}; a JSON object is needed")
    return fields


def _finite(text: str) -> float:
    # NaN and Infinity, which Python reads and JSON does not know, must not come back in an answer.
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is no number of JSON")
    return number


def said(value: object) -> str:
    """What a JSON value is, in words: "a list", "a text", "missing or null"."""
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    names = {bool: "true or false", int: "a number", float: "a number", str: "a text", dict: "an object"}
    return names.get(type(value), "missing or null")


def _task(task: object, place: int) -> Task:
    if not isinstance(task, dict):
        raise RequestError(f'"tasks"[{place}] is {said(task)}; each task must be an object with "data"')
    data = task.get("data")
    if not isinstance(data, dict):
        raise RequestError(
            f'"tasks"[{place}]["data"] is {said(data)}; it must be an object such as {{"image": "https://..."}}'
        )
    number = task.get("id")
    return Task(number if isinstance(number, int | str) else None, data)


def _params(params: object) -> Json:
    if params is not None and not isinstance(params, dict):
        raise RequestError(f'"params" is {said(params)}; it must be an object or null')
    return params or {}


def _credentials(params: Json) -> Credentials | None:
    login, password = params.get("login"), params.get("password")
    for key, value in {"login": login, "password": password}.items():
        if value is not None and not isinstance(value, str):
            raise RequestError(f'"params"["{key}"] is {said(value)}; it must be a text or null')
    return given_credentials(login, password)


def _context(params: Json) -> Json | None:
    context = params.get("context")
    if context is not None and not isinstance(context, dict):
        raise RequestError(f'"params"["context"] is {said(context)}; it must be an object or null')
    if context is not None and not isinstance(context.get("result", []), list):
        raise RequestError('"params"["context"]["result"] must be a list of regions')
    if _is_deeper(context, _DEEPEST):
        raise RequestError(f'"params"["context"] is nested more than {_DEEPEST} levels deep')
    return context


def _is_deeper(value: object, most: int) -> bool:
    level = [value]
    for _ in range(most):
        level = [inner for one in level for inner in _inner(one)]
    return bool(level)


def _inner(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _text(fields: Json, key: str) -> str:
    value = fields.get(key)
    if value is not None and not isinstance(value, str):
        raise RequestError(f'"{key}" is {said(value)}; it must be the labelling configuration as XML text')
    return value or ""
