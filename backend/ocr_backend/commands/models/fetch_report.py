"""What `models fetch` writes for a program when it ends: into a pod's termination message, as a rule."""

import contextlib
import json
import sys
from collections.abc import Iterable
from pathlib import Path

from ocr_backend.models.model_folder import Model

LIMIT = 4096
"""Bytes that Kubernetes keeps of a container's termination message."""

SHORT = {
    "detection": "det",
    "recognition": "rec",
    "textline_orientation": "textlineOrientation",
    "doc_orientation": "docOrientation",
    "doc_unwarping": "docUnwarping",
}
"""Part of a model -> its key in the report; a second model of the same part gets `rec2`, and so on."""


def of_models(found: Iterable[Model], size: int) -> str:
    """`{"models": {"det": "NAME@sha256:...", ...}, "bytes": N}`, compact; what has no room is counted."""
    models: dict[str, str] = {}
    for model in found:
        said = f"{model.name}@sha256:{model.digest}"
        if said not in models.values():
            key = SHORT.get(model.part, model.part)
            number = sum(other.rstrip("0123456789") == key for other in models) + 1
            models[key if number == 1 else f"{key}{number}"] = said
    return _compact(models, size, 0)


def _compact(models: dict[str, str], size: int, omitted: int) -> str:
    told = {"models": models, "bytes": size} | ({"omitted": omitted} if omitted else {})
    text = json.dumps(told, separators=(",", ":"))
    if len(text.encode()) < LIMIT:
        return text
    return _compact(dict(list(models.items())[:-1]), size, omitted + 1)


def write(file: Path | None, text: str) -> None:
    """Puts a text into the file, cut to what a termination message may have; None writes nothing."""
    if file is None:
        return
    cut = text.encode()[: LIMIT - 1].decode(errors="ignore")
    try:
        file.write_text(cut, "utf-8")
    except OSError as error:
        with contextlib.suppress(OSError):
            print(f"ocr-backend models fetch: {file} cannot be written: {error.strerror}", file=sys.stderr)
