"""`ocr-backend models verify`: reports all problems of the models in a folder."""

import argparse
import json
import os
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

from ocr_backend.commands.exit_codes import (
    FAILED_STATUS,
    OK_STATUS,
    USAGE_STATUS,
    exit_with_message,
    settings_or_exit,
)

if TYPE_CHECKING:
    from ocr_backend.commands.models.model_verification import VerificationResult


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments of the action."""
    parser.description = (
        "Checks every model in a folder, or one model folder: files, names, dictionary, and whether the "
        "network can be loaded. Exit status: 0 no problems, 1 problems."
    )
    parser.add_argument(
        "folder", nargs="?", type=Path, metavar="DIR", help="folder to check (default: MODEL_DIR)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object per model folder")


def run(options: argparse.Namespace) -> None:
    """Prints the results, and ends the process."""
    root = options.folder or Path(settings_or_exit(os.environ).model_dir)
    if not root.is_dir():
        message = f"{root} is not a folder; name one, or set MODEL_DIR"
        exit_with_message(USAGE_STATUS, "models verify", message)
    from ocr_backend.commands.models.model_verification import verify_models

    results = []
    for result in verify_models(root):
        results.append(result)
        print(_as_json(result) if options.json else _as_text(result), flush=True)
    if not results:
        message = f"{root} contains no models; `ocr-backend models fetch` downloads them"
        exit_with_message(FAILED_STATUS, "models verify", message)
    raise SystemExit(FAILED_STATUS if any(result.problems for result in results) else OK_STATUS)


def _as_json(result: "VerificationResult") -> str:
    content = {field.name: getattr(result, field.name) for field in fields(result)}
    content["format"] = content.pop("model_format")
    return json.dumps({**content, "folder": str(result.folder)}, ensure_ascii=False)


def _as_text(result: "VerificationResult") -> str:
    if result.problems:
        return "\n  ".join([f"BAD   {result.folder}", *result.problems])
    details = [result.model_format, f"sha256 {result.digest}" if result.digest else "", result.note]
    return f"{'good' if result.digest else 'note'}  {result.folder}: {', '.join(filter(None, details))}"
