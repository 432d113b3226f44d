"""The variants of OCRBackends as a table, from their statuses. Pure; `command` prints it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Json = Mapping[str, Any]

HEADINGS = ("NAME", "VARIANT", "PHASE", "READY", "REASON", "RESTARTS", "MODELS", "URL")


def variants(backends: Iterable[Json]) -> list[tuple[str, ...]]:
    """A row for each variant, in the order of the specs."""
    return [_row(one["metadata"]["name"], variant) for one in backends for variant in _told(one)]


def _told(backend: Json) -> list[Json]:
    """What the status says of each variant of the spec; nothing yet is said of those that are new."""
    told = {_key(one): one for one in (backend.get("status") or {}).get("variants") or []}
    return [told.get(_key(one), one) for one in backend["spec"]["variants"]]


def _key(variant: Json) -> tuple[str, str]:
    return variant["language"], variant["modelType"]


def _row(name: str, one: Json) -> tuple[str, ...]:
    replicas = one.get("replicas")
    counted = replicas if isinstance(replicas, Mapping) else {}
    return (
        name,
        "/".join(_key(one)),
        one.get("phase", "Unknown"),
        f"{counted.get('ready', 0)}/{counted.get('desired', 0)}",
        one.get("reason", ""),
        str((one.get("lastFailure") or {}).get("count", 0)),
        _models(one.get("models") or {}),
        one.get("url", ""),
    )


def _models(told: Json) -> str:
    """How far the fetching is; nothing where none is needed."""
    if told.get("state") in (None, "Published"):
        return str(told.get("state", ""))
    return f"{told['state']} {told['percent']} %" if "percent" in told else str(told["state"])


def text(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The rows in columns, as kubectl prints them."""
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    lines = (
        "   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (headings, *rows)
    )
    return "\n".join(lines)
