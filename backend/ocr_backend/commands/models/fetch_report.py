"""The report of `models fetch` for a program, usually written to the termination message of a pod."""

import contextlib
import json
import sys
from collections.abc import Iterable
from pathlib import Path

from ocr_backend.models.model_folder import Model

MAX_BYTES = 4096
"""Bytes that Kubernetes keeps of a container's termination message."""

REPORT_KEYS = {
    "detection": "det",
    "recognition": "rec",
    "textline_orientation": "textlineOrientation",
    "doc_orientation": "docOrientation",
    "doc_unwarping": "docUnwarping",
}
"""Role of a model -> its key in the report; a second model of the same role gets `rec2`, and so on."""


def success(models: Iterable[Model], downloaded_bytes: int) -> str:
    """`{"models": {"det": "NAME@sha256:...", ...}, "bytes": N}`; counts the models that do not fit."""
    entries: dict[str, str] = {}
    for model in models:
        entry = f"{model.name}@sha256:{model.digest}"
        if entry not in entries.values():
            entries[_unused_key(model.role, entries)] = entry
    return _fitting(entries, downloaded_bytes, 0)


def _unused_key(role: str, entries: Iterable[str]) -> str:
    key = REPORT_KEYS.get(role, role)
    number = sum(other.rstrip("0123456789") == key for other in entries) + 1
    return key if number == 1 else f"{key}{number}"


def _fitting(entries: dict[str, str], downloaded_bytes: int, omitted: int) -> str:
    report = {"models": entries, "bytes": downloaded_bytes} | ({"omitted": omitted} if omitted else {})
    text = json.dumps(report, separators=(",", ":"))
    if len(text.encode()) < MAX_BYTES:
        return text
    return _fitting(dict(list(entries.items())[:-1]), downloaded_bytes, omitted + 1)


def write(file: Path | None, text: str) -> None:
    """Writes the text, cut to the size of a termination message, unless `file` is None."""
    if file is None:
        return
    cut = text.encode()[: MAX_BYTES - 1].decode(errors="ignore")
    try:
        file.write_text(cut, "utf-8")
    except OSError as error:
        with contextlib.suppress(OSError):
            print(f"ocr-backend models fetch: {file} cannot be written: {error.strerror}", file=sys.stderr)
