"""`ocr-backend models prune`: lists what is not needed in MODEL_DIR, and deletes it on request."""

import argparse
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ocr_backend.commands.exit_codes import (
    OK_STATUS,
    USAGE_STATUS,
    exit_status,
    exit_with_message,
    exit_with_settings_errors,
    settings_or_exit,
)
from ocr_backend.commands.models import model_arguments
from ocr_backend.config.settings import Settings, SettingsError

if TYPE_CHECKING:
    from ocr_backend.models.hub.pruning import UnneededFolder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments of the action."""
    parser.description = (
        "Lists downloaded models in MODEL_DIR that neither the settings nor the arguments require, leftovers "
        "of interrupted downloads, and quarantined files. Deletes them only with --yes, and never a running "
        "download or a folder that was added by hand. Exit status: 0 success, 2 the settings are wrong, "
        "6 a file cannot be deleted."
    )
    model_arguments.add_arguments(parser, "from the settings")
    parser.add_argument("--yes", action="store_true", help="delete the listed files")
    parser.add_argument("--json", action="store_true", help="print one JSON object per folder")


def run(options: argparse.Namespace) -> None:
    """Lists or deletes, and ends the process."""
    settings = settings_or_exit(os.environ)
    required_names = _required_names(options, settings)
    root = Path(settings.model_dir)
    from ocr_backend.models.hub import pruning

    folders = pruning.find_unneeded(root, required_names)
    for folder in folders:
        if options.yes:
            _remove(root, folder)
        row = {
            "path": str(folder.path),
            "reason": folder.reason,
            "bytes": folder.size,
            "removed": options.yes,
        }
        print(json.dumps(row, ensure_ascii=False) if options.json else _as_text(row), flush=True)
    if not options.json:
        print(_summary(folders, options.yes))
    raise SystemExit(OK_STATUS)


def _remove(root: Path, folder: "UnneededFolder") -> None:
    """Deletes a folder; ends the process if that fails."""
    from ocr_backend.models.hub import pruning
    from ocr_backend.models.model_errors import ModelError

    try:
        pruning.remove(root, folder)
    except ModelError as error:
        exit_with_message(exit_status(error), "models prune", error)


def _as_text(row: dict[str, object]) -> str:
    state = "removed" if row["removed"] else "unneeded"
    return f"{state}  {row['path']}  {row['bytes']} bytes  {row['reason']}"


def _summary(folders: "Sequence[UnneededFolder]", is_removed: bool) -> str:
    total_bytes = sum(folder.size for folder in folders)
    if is_removed:
        return f"{total_bytes} bytes removed"
    return f"{total_bytes} bytes are not needed" + ("; --yes removes them" if folders else "")


def _required_names(options: argparse.Namespace, settings: Settings) -> set[str]:
    """Official names of the models to keep; ends the process if the arguments select none."""
    from ocr_backend.models import model_roles

    try:
        selected = model_arguments.selected_settings(options, settings)
    except SettingsError as error:
        exit_with_settings_errors(error)
    if not selected:
        message = (
            "no model exists for the selected OCR versions, languages and model types, so all models would "
            "be deleted; select the models to keep"
        )
        exit_with_message(USAGE_STATUS, "models prune", message)
    return {name for each in selected for name in model_roles.required_models(each).values()}
