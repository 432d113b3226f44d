"""Patches that change each field of an object that a field manager owns."""

from collections.abc import Iterator, Mapping
from typing import Any

from ocr_operator.observed.owned_fields import Field, resolved

Patch = list[dict[str, Any]]

_TEXTS = (
    *("changed", "9", "7Gi", "example.com/v1", "Always", "Never", "Recreate", "OnRootMismatch", "File"),
    *("UDP", "NodePort", "Egress"),
)


def drift_patches(body: Mapping[str, Any], field: Field) -> Iterator[Patch]:
    """JSON patches that change or remove the field; a list item is removed."""
    pointer, value = resolved(body, field)
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
