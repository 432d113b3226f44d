"""What a field manager owns of an object, field by field, and how each can be meddled with.

From Kubernetes' own bookkeeping (`metadata.managedFields`, FieldsV1), so that no field can be forgotten.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

Field = tuple[str, ...]
"""A field in the words of FieldsV1: `f:` a field, `k:` a list's item by its keys, `v:` one by its value."""

Patch = list[dict[str, Any]]

_TEXTS = (
    *("meddled", "9", "7Gi", "example.com/v1", "Always", "Never", "Recreate", "OnRootMismatch", "File"),
    *("UDP", "NodePort", "Egress"),
)


def owned_values(body: Mapping[str, Any], manager: str) -> dict[Field, Any]:
    """Every single field that server-side apply under this name owns, with what stands there."""
    [entry] = [
        one
        for one in body["metadata"]["managedFields"]
        if (one["manager"], one["operation"]) == (manager, "Apply") and "subresource" not in one
    ]
    return {field: _resolved(body, field)[1] for field in _leaves(entry["fieldsV1"], ())}


def _leaves(fields: Mapping[str, Any], field: Field) -> Iterator[Field]:
    """An item of a list is a leaf as such; its keys are what it is found by."""
    keys = json.loads(field[-1][2:]) if field and field[-1].startswith("k:") else {}
    inner = {name: below for name, below in fields.items() if name != "." and name[2:] not in keys}
    if keys or not inner:
        yield field
    for name, below in inner.items():
        yield from _leaves(below, (*field, name))


def _resolved(body: Any, field: Field) -> tuple[str, Any]:
    """JSON pointer (RFC 6901) of a field, and what stands there."""
    pointer = ""
    for name in field:
        step = _step(name, body)
        body = body[step]
        pointer += f"/{str(step).replace('~', '~0').replace('/', '~1')}"
    return pointer, body


def _step(name: str, there: Any) -> str | int:
    kind, _, rest = name.partition(":")
    if kind == "f":
        return rest
    wanted = json.loads(rest)
    if kind == "v":
        return int(there.index(wanted))
    return next(
        position
        for position, item in enumerate(there)
        if all(item.get(key) == value for key, value in wanted.items())
    )


def meddlings(body: Mapping[str, Any], field: Field) -> Iterator[Patch]:
    """JSON patches that change the field; an item of a list is taken out."""
    pointer, value = _resolved(body, field)
    if field[-1].startswith("f:"):
        for other in _others(value):
            yield [{"op": "replace", "path": pointer, "value": other}]
    yield [{"op": "remove", "path": pointer}]


def _others(value: Any) -> Iterator[Any]:
    """Values like this one, each different in one place."""
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield from (value + 1, value - 1)
    elif isinstance(value, str):
        yield from (text for text in _TEXTS if text != value)
    elif isinstance(value, dict):
        yield from ({**value, key: other} for key, inner in value.items() for other in _others(inner))
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            yield from ([*value[:position], other, *value[position + 1 :]] for other in _others(inner))
