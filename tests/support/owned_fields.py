"""What a field manager owns of an object, field by field, and how each can be meddled with.

From Kubernetes' own bookkeeping (`metadata.managedFields`, FieldsV1), so that no field can be forgotten.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

Path = tuple[str | int, ...]
Patch = list[dict[str, Any]]

_TEXTS = ("meddled", "9", "7Gi", "Always", "Never", "Recreate", "OnRootMismatch", "File", "UDP")


def owned_fields(body: Mapping[str, Any], manager: str) -> list[Path]:
    """Paths of the single fields that server-side apply under this name owns; list items by their index."""
    [entry] = [
        one
        for one in body["metadata"]["managedFields"]
        if (one["manager"], one["operation"]) == (manager, "Apply") and "subresource" not in one
    ]
    return list(_leaves(entry["fieldsV1"], body, ()))


def _leaves(fields: Mapping[str, Any], there: Any, path: Path) -> Iterator[Path]:
    inner = {name: below for name, below in fields.items() if name != "."}
    if not inner:
        yield path
    for name, below in inner.items():
        step = _step(name, there)
        yield from _leaves(below, there[step], (*path, step))


def _step(name: str, there: Any) -> str | int:
    """`f:` is a field, `k:` a list item by its keys, `v:` one by its value."""
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


def value_at(body: Any, path: Path) -> Any:
    """What stands there; None where nothing does."""
    for step in path:
        if isinstance(body, list):
            body = body[int(step)] if int(step) < len(body) else None
        else:
            body = (body or {}).get(step)
    return body


def pointer(path: Path) -> str:
    """The path as a JSON pointer (RFC 6901)."""
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in path)


def meddlings(body: Mapping[str, Any], path: Path) -> Iterator[Patch]:
    """JSON patches that change the field, the likeliest to be accepted first."""
    for other in _others(value_at(body, path)):
        yield [{"op": "replace", "path": pointer(path), "value": other}]
    yield [{"op": "remove", "path": pointer(path)}]


def _others(value: Any) -> Iterator[Any]:
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield from (value + 1, value - 1)
    elif isinstance(value, str):
        yield from (text for text in _TEXTS if text != value)
