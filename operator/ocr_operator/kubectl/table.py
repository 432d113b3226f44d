"""The variants of OCRBackends as a table, from their statuses.

Pure; `command` prints it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Json = Mapping[str, Any]

HEADINGS = ("NAME", "VARIANT", "PHASE", "READY", "REASON", "RESTARTS", "MODELS", "URL")


def variant_rows(backends: Iterable[Json]) -> list[tuple[str, ...]]:
    """A row for each variant, in the order of the specs."""
    return [
        _row(backend["metadata"]["name"], variant) for backend in backends for variant in _variants(backend)
    ]


def _variants(backend: Json) -> list[Json]:
    """Status of each variant in the spec; a new variant without a status has only its spec."""
    statuses = {status["name"]: status for status in (backend.get("status") or {}).get("variants") or []}
    return [statuses.get(variant["name"], variant) for variant in backend["spec"]["variants"]]


def _row(name: str, variant: Json) -> tuple[str, ...]:
    replicas = variant.get("replicas")
    # In a spec, replicas is a number.
    counts = replicas if isinstance(replicas, Mapping) else {}
    return (
        name,
        variant["name"],
        variant.get("phase", "Unknown"),
        f"{counts.get('ready', 0)}/{counts.get('desired', 0)}",
        variant.get("reason", ""),
        str((variant.get("lastFailure") or {}).get("count", 0)),
        _download_state(variant.get("models") or {}),
        variant.get("url", ""),
    )


def _download_state(models: Json) -> str:
    """State and progress of the download; empty if no download is needed."""
    if models.get("state") in (None, "Published"):
        return str(models.get("state", ""))
    return f"{models['state']} {models['percent']} %" if "percent" in models else str(models["state"])


def text(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The rows in aligned columns, as kubectl prints them."""
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    lines = (
        "   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (headings, *rows)
    )
    return "\n".join(lines)
