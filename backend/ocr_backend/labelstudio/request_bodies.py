"""Parses the bodies of Label Studio's requests; the only place where raw JSON comes in.

Pure. Every invalid body raises a `RequestError` that says what is wrong. Unknown keys are ignored, because
Label Studio sends more than is used here.
"""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ocr_backend.errors import RequestError
from ocr_backend.system.basic_credentials import Credentials, project_credentials

Json = dict[str, Any]

_MAX_DIGITS = 4300  # Python's default (sys.int_info.default_max_str_digits)

_MAX_CONTEXT_DEPTH = 100
"""Levels of nesting in the context, which is part of the response. Label Studio needs 6; Python can read
deeper JSON than it can write."""


@dataclass(frozen=True)
class Task:
    """The id and the data of a task; `id` is None if Label Studio has not stored the task.

    A task without valid data has a `problem` that says why.
    """

    id: int | str | None
    data: Mapping[str, object]
    problem: str = ""


@dataclass(frozen=True)
class PredictRequest:
    """A request for predictions.

    `context` holds the drawn regions of an interactive request; None asks for predictions of whole images.
    `credentials` are the project's, for the hosts of its images.
    """

    tasks: tuple[Task, ...]
    label_config: str
    context: Json | None = None
    credentials: Credentials | None = None


def parse_predict_request(body: bytes, max_tasks: int) -> PredictRequest:
    """The request in the body of /predict.

    Raises:
        RequestError: the body is not JSON, has wrong types outside of its tasks, no tasks or too many.
    """
    fields = parse_json_object(body)
    tasks = fields.get("tasks")
    if not isinstance(tasks, list) or not tasks:
        raise RequestError(
            f'"tasks" is {json_type_name(tasks)}; it must be a list of at least one task, '
            'such as [{"id": 1, "data": {"image": "https://..."}}]'
        )
    if len(tasks) > max_tasks:
        raise RequestError(
            f'"tasks" has {len(tasks)} tasks; at most {max_tasks} are allowed in a request (OCR_MAX_TASKS)'
        )
    params = _params(fields.get("params"))
    return PredictRequest(
        tasks=tuple(_task(task, index) for index, task in enumerate(tasks)),
        label_config=_label_config(fields, "label_config"),
        context=_context(params),
        credentials=_credentials(params),
    )


def parse_setup_request(body: bytes) -> str:
    """The label config in the body of /setup, empty if there is none.

    Raises:
        RequestError: the body is not JSON or has wrong types.
    """
    return _label_config(parse_json_object(body), "schema")


def parse_json_object(body: bytes) -> Json:
    """The JSON object in a body.

    Raises:
        RequestError: the body is anything else.
    """
    try:
        fields = json.loads(
            body,
            parse_constant=_finite_number_or_none,
            parse_float=_finite_number_or_none,
            parse_int=_integer_or_none,
        )
    except RecursionError as error:
        raise RequestError("the body has too many objects or lists inside each other") from error
    except ValueError as error:
        raise RequestError("the body is not JSON; send a JSON object") from error
    if not isinstance(fields, dict):
        raise RequestError(f"the body is {json_type_name(fields)}; send a JSON object")
    return fields


def _finite_number_or_none(text: str) -> float | None:
    # Tables that were imported may contain NaN, which is not JSON and must not get into a response. It must
    # not affect other tasks either.
    number = float(text)
    return number if math.isfinite(number) else None


def _integer_or_none(text: str) -> int | None:
    # Python converts no longer ones, because that takes long; no id is as long.
    return int(text) if len(text) <= _MAX_DIGITS else None


def json_type_name(value: object) -> str:
    """The type of a JSON value in words: "a list", "a string", "missing or null"."""
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    names = {bool: "true or false", int: "a number", float: "a number", str: "a string", dict: "an object"}
    return names.get(type(value), "missing or null")


def _task(task: object, index: int) -> Task:
    if not isinstance(task, dict):
        problem = f'"tasks"[{index}] is {json_type_name(task)}; each task must be an object with "data"'
        return Task(None, {}, problem)
    task_id = task.get("id")
    task_id = task_id if isinstance(task_id, int | str) else None
    data = task.get("data")
    if isinstance(data, dict):
        return Task(task_id, data)
    problem = (
        f'"tasks"[{index}]["data"] is {json_type_name(data)}; '
        'it must be an object such as {"image": "https://..."}'
    )
    return Task(task_id, {}, problem)


def _params(params: object) -> Json:
    if params is not None and not isinstance(params, dict):
        raise RequestError(f'"params" is {json_type_name(params)}; it must be an object or null')
    return params or {}


def _credentials(params: Json) -> Credentials | None:
    login, password = params.get("login"), params.get("password")
    for key, value in {"login": login, "password": password}.items():
        if value is not None and not isinstance(value, str):
            raise RequestError(f'"params"["{key}"] is {json_type_name(value)}; it must be a string or null')
    return project_credentials(login, password)


def _context(params: Json) -> Json | None:
    context = params.get("context")
    if context is not None and not isinstance(context, dict):
        raise RequestError(f'"params"["context"] is {json_type_name(context)}; it must be an object or null')
    if context is not None and not isinstance(context.get("result", []), list):
        raise RequestError('"params"["context"]["result"] must be a list of regions')
    if _is_deeper(context, _MAX_CONTEXT_DEPTH):
        raise RequestError(f'"params"["context"] is nested more than {_MAX_CONTEXT_DEPTH} levels deep')
    return context


def _is_deeper(value: object, max_depth: int) -> bool:
    level = [value]
    for _ in range(max_depth):
        level = [child for parent in level for child in _children(parent)]
    return bool(level)


def _children(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _label_config(fields: Json, key: str) -> str:
    value = fields.get(key)
    if value is not None and not isinstance(value, str):
        raise RequestError(
            f'"{key}" is {json_type_name(value)}; it must be the label config as an XML string'
        )
    return value or ""
