"""The fields of an object that a field manager owns, and patches that change each of them.

Reads `metadata.managedFields` (FieldsV1), so that no field can be forgotten.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

Field = tuple[str, ...]
"""A path in FieldsV1: `f:` is a field, `k:` a list item by its keys, `v:` a list item by its value."""

Patch = list[dict[str, Any]]

_TEXTS = (
    *("changed", "9", "7Gi", "example.com/v1", "Always", "Never", "Recreate", "OnRootMismatch", "File"),
    *("UDP", "NodePort", "Egress"),
)


def owned_values(body: Mapping[str, Any], manager: str) -> dict[Field, Any]:
    """Every field that this manager owns by server-side apply, with its value."""
    [entry] = [
        each
        for each in body["metadata"]["managedFields"]
        if (each["manager"], each["operation"]) == (manager, "Apply") and "subresource" not in each
    ]
    return {field: _resolved(body, field)[1] for field in _leaves(entry["fieldsV1"], ())}


def _leaves(fields: Mapping[str, Any], field: Field) -> Iterator[Field]:
    """Fields without inner fields, and list items; the keys of an item identify it and are no leaves."""
    keys = json.loads(field[-1][2:]) if field and field[-1].startswith("k:") else {}
    inner = {name: subfields for name, subfields in fields.items() if name != "." and name[2:] not in keys}
    if keys or not inner:
        yield field
    for name, subfields in inner.items():
        yield from _leaves(subfields, (*field, name))


def _resolved(body: Any, field: Field) -> tuple[str, Any]:
    """JSON pointer (RFC 6901) and value of a field."""
    pointer = ""
    for name in field:
        step = _step(name, body)
        body = body[step]
        pointer += f"/{str(step).replace('~', '~0').replace('/', '~1')}"
    return pointer, body


def _step(name: str, parent: Any) -> str | int:
    kind, _, rest = name.partition(":")
    if kind == "f":
        return rest
    identifier = json.loads(rest)
    if kind == "v":
        return int(parent.index(identifier))
    return next(
        position
        for position, item in enumerate(parent)
        if all(item.get(key) == value for key, value in identifier.items())
    )


def drift_patches(body: Mapping[str, Any], field: Field) -> Iterator[Patch]:
    """JSON patches that change or remove the field; a list item is removed."""
    pointer, value = _resolved(body, field)
    if field[-1].startswith("f:"):
        for other in _others(value):
            yield [{"op": "replace", "path": pointer, "value": other}]
    yield [{"op": "remove", "path": pointer}]


def _others(value: Any) -> Iterator[Any]:
    """Similar values, each with one difference."""
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
