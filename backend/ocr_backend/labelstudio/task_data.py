"""What stands in a task's data where a tag of the labelling configuration points to: "$meta.pages[0].url".

Pure. The rules are those of Label Studio's own page (1.23, `parseValue`).
"""

import re
from collections.abc import Mapping

from ocr_backend.errors import ImageError

_PATH = re.compile(r"\$([\w\[\].{}]+)", re.ASCII)
_STEP = re.compile(r"[^.\[\]]+")
_MOST_KEYS = 10  # of the data, in a sentence

_NOTHING = object()


def is_pointer(expression: str) -> bool:
    """Whether it depends on the task's data."""
    return "$" in expression


def value_at(expression: str, data: Mapping[str, object]) -> object:
    """The value that a path points to, or a text with the values of its paths in their places.

    A key is taken literally where the data has it, dots and all.

    Raises:
        ImageError: there is no such value.
    """
    key = expression.removeprefix("$")
    if expression.startswith("$") and key in data:
        return data[key]
    if whole := _PATH.fullmatch(expression):
        return _at(whole[1], data)
    return _PATH.sub(lambda path: str(_at(path[1], data)), expression)


def _at(path: str, data: Mapping[str, object]) -> object:
    value: object = data
    for step in (path,) if path in data else _STEP.findall(path):
        value = _inside(value, step)
    if value is _NOTHING:
        known = ", ".join(sorted(map(str, data))[:_MOST_KEYS]) or "nothing"
        raise ImageError("refused", f"the task's data has no {path!r}; it has {known}")
    return value


def _inside(value: object, step: str) -> object:
    if isinstance(value, Mapping):
        return value.get(step, _NOTHING)
    if isinstance(value, list) and step.isdecimal() and int(step) < len(value):
        return value[int(step)]
    return _NOTHING
