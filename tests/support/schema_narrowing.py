"""Finds where a newer schema of a CustomResourceDefinition refuses or drops what an older one accepted.

Pure. It ignores CEL rules: only an API server can tell whether a changed rule is stricter.
"""

from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]

_LOWER_BOUNDS = ("minimum", "minLength", "minItems", "minProperties")
_UPPER_BOUNDS = ("maximum", "maxLength", "maxItems", "maxProperties")
_FIXED = ("type", "pattern", "x-kubernetes-list-type", "x-kubernetes-list-map-keys")
_OPEN = "x-kubernetes-preserve-unknown-fields"


def narrowings(old: Schema, new: Schema, path: str = "") -> Iterator[str]:
    """A sentence for each such field, in the older schema's order."""
    yield from (f"{path}: {name} was {old.get(name)}, is {new[name]}" for name in _changed(old, new))
    if lost := _missing(old.get("enum"), new.get("enum")):
        yield f"{path}: no longer {', '.join(map(str, lost))}"
    fields = new.get("properties", {})
    for name in new.get("required", []):
        if name not in old.get("required", []) and "default" not in fields[name]:
            yield f"{path}.{name}: is now required"
    for name, field in old.get("properties", {}).items():
        if name in fields:
            yield from narrowings(field, fields[name], f"{path}.{name}")
        elif not new.get(_OPEN):
            yield f"{path}.{name}: was removed"
    for inner, mark in (("items", "[]"), ("additionalProperties", ".*")):
        if inner in old:
            yield from narrowings(old[inner], new.get(inner, {}), path + mark)
    if old.get(_OPEN) and not new.get(_OPEN):
        yield f"{path}: drops unknown fields"


def _changed(old: Schema, new: Schema) -> Iterator[str]:
    """Names of the limits that have changed or become tighter."""
    limits = {name: value for name, value in new.items() if value is not None}
    yield from (name for name in _FIXED if name in limits and limits[name] != old.get(name))
    yield from (name for name in _LOWER_BOUNDS if name in limits and limits[name] > old.get(name, 0))
    for name in _UPPER_BOUNDS:
        if name in limits and limits[name] < old.get(name, float("inf")):
            yield name


def _missing(old: list[Any] | None, new: list[Any] | None) -> list[Any]:
    """Values that are no longer allowed; "others" if all were allowed."""
    if new is None:
        return []
    return ["others"] if old is None else [value for value in old if value not in new]
