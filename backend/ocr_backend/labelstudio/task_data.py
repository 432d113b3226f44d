"""Resolves expressions of a label config, such as "$meta.pages[0].url", in a task's data.

Pure. Follows the rules of Label Studio's frontend (1.23, `parseValue`).
"""

import re
from collections.abc import Mapping

from ocr_backend.errors import ImageError

_VARIABLE = re.compile(r"\$([\w\[\].{}]+)", re.ASCII)
_STEP = re.compile(r"[^.\[\]]+")
_MAX_LISTED_KEYS = 10  # in an error message

_MISSING = object()


def has_variable(expression: str) -> bool:
    """Whether the expression depends on the task's data."""
    return "$" in expression


def resolve_expression(expression: str, data: Mapping[str, object]) -> object:
    """The value of a variable, or a text with its variables replaced by their values.

    A key of the data is taken literally, even with dots in it.

    Raises:
        ImageError: the data has no such value.
    """
    key = expression.removeprefix("$")
    if expression.startswith("$") and key in data:
        return data[key]
    if variable := _VARIABLE.fullmatch(expression):
        return _value_at(variable[1], data)
    return _VARIABLE.sub(lambda variable: str(_value_at(variable[1], data)), expression)


def _value_at(path: str, data: Mapping[str, object]) -> object:
    value: object = data
    for step in (path,) if path in data else _STEP.findall(path):
        value = _child(value, step)
    if value is _MISSING:
        keys = ", ".join(sorted(map(str, data))[:_MAX_LISTED_KEYS]) or "nothing"
        raise ImageError("refused", f"the task's data has no {path!r}; it has {keys}")
    return value


def _child(value: object, step: str) -> object:
    if isinstance(value, Mapping):
        return value.get(step, _MISSING)
    if isinstance(value, list) and step.isdecimal() and int(step) < len(value):
        return value[int(step)]
    return _MISSING
