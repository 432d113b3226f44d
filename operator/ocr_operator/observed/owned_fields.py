"""The fields of an object that a field manager owns by server-side apply, and their values.

Pure. Reads `metadata.managedFields` (FieldsV1), so that no field can be forgotten, and no default counts.
"""

import json
from collections.abc import Iterator, Mapping
from operator import itemgetter
from typing import Any

Json = Mapping[str, Any]

Field = tuple[str, ...]
"""A path in FieldsV1: `f:` is a field, `k:` a list item by its keys, `v:` a list item by its value."""


def applied_fields(metadata: Json, manager: str) -> Json:
    """The fields that this manager owns by server-side apply, as FieldsV1; empty if there are none."""
    for entry in metadata.get("managedFields") or []:
        if (entry["manager"], entry["operation"]) == (manager, "Apply") and "subresource" not in entry:
            return dict(entry.get("fieldsV1") or {})
    return {}


def owned_values(body: Json, fields: Json) -> dict[Field, Any]:
    """Each of these fields with its value; None if the object does not have it."""
    return {field: resolved(body, field)[1] for field in _leaves(fields, ())}


def sorted_values(body: Json, fields: Json) -> list[tuple[Field, Any]]:
    """The same in an order that does not depend on the API server.

    A list item counts as present or not: what others add to it is not ours, and its own fields are listed.
    """
    values = owned_values(body, fields)
    is_item = {field: field[-1].startswith("k:") for field in values}
    entries = [(field, value is not None if is_item[field] else value) for field, value in values.items()]
    return sorted(entries, key=itemgetter(0))


def _leaves(fields: Json, field: Field) -> Iterator[Field]:
    """Fields without inner fields, and list items; the keys of an item identify it and are no leaves."""
    keys = json.loads(field[-1][2:]) if field and field[-1].startswith("k:") else {}
    inner = {name: subfields for name, subfields in fields.items() if name != "." and name[2:] not in keys}
    if field and (keys or not inner):
        yield field
    for name, subfields in inner.items():
        yield from _leaves(subfields, (*field, name))


def resolved(body: Any, field: Field) -> tuple[str, Any]:
    """JSON pointer (RFC 6901) and value of a field; an empty pointer and None if there is none."""
    pointer = ""
    for name in field:
        try:
            step = _step(name, body)
            body = body[step]
        except (LookupError, TypeError, ValueError, StopIteration):
            return "", None
        pointer += f"/{str(step).replace('~', '~0').replace('/', '~1')}"
    return pointer, body


def _step(name: str, parent: Any) -> str | int:
    kind, _, rest = name.partition(":")
    if kind == "f":
        return rest
    if kind == "i":
        return int(rest)
    identifier = json.loads(rest)
    if kind == "v":
        return int(parent.index(identifier))
    return next(
        position
        for position, item in enumerate(parent)
        if all(item.get(key) == value for key, value in identifier.items())
    )
