"""`ocr-backend models list`: prints the model catalog, and which models are in MODEL_DIR."""

import argparse
import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from ocr_backend.commands.exit_codes import settings_or_exit
from ocr_backend.commands.models import model_arguments
from ocr_backend.config import model_catalog
from ocr_backend.config.settings import SETTINGS, Settings

_TITLES = ("OCR version", "language", "model type", "detection", "recognition", "formats", "in MODEL_DIR")
_OPTIONAL_TITLES = ("setting", "model", "formats", "in MODEL_DIR")
_REQUIRED_TITLES = ("role", "model", "state")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments of the action."""
    parser.description = (
        "Lists the models of each OCR version, language and model type, the formats in which they are "
        "published, and their state in MODEL_DIR: complete (`models verify` also loads them), broken, or "
        "missing. Then lists the models that the settings require."
    )
    model_arguments.add_arguments(parser, "all")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(options: argparse.Namespace) -> None:
    """Prints the list."""
    settings = settings_or_exit(os.environ)
    root = Path(settings.model_dir)
    combinations = [
        _combination_row(combination, settings, root)
        for combination in model_arguments.selected_combinations(options)
    ]
    optional = [_optional_row(role, root) for role in model_catalog.OPTIONAL_MODELS]
    required = _required_rows(settings, root)
    if options.json:
        content = {
            "model_dir": str(root),
            "combinations": combinations,
            "optional": optional,
            "needed": required,
        }
        print(json.dumps(content, ensure_ascii=False))
        return
    print(_table(_TITLES, map(_combination_cells, combinations)))
    print("\noptional models for every OCR version:")
    print(_table(_OPTIONAL_TITLES, map(_optional_cells, optional)))
    print(f"\nrequired by the settings (OCR_MODEL_SOURCE={settings.model_source}, MODEL_DIR={root}):")
    print(_table(_REQUIRED_TITLES, ([row["role"], row["model"], row["state"]] for row in required)))


def _combination_row(
    combination: model_arguments.Combination, settings: Settings, root: Path
) -> dict[str, Any]:
    ocr_version, language, model_type = combination
    models = model_catalog.model_set(*combination)
    return {
        "ocr_version": ocr_version,
        "language": language,
        "model_type": model_type,
        "detection": models.detection,
        "recognition": models.recognition,
        "formats": list(model_catalog.published_formats(ocr_version)),
        "builtin": model_catalog.is_builtin(*combination),
        "in_model_dir": {
            models.detection: _state(root, "detection", models.detection),
            models.recognition: _state(root, "recognition", models.recognition),
        },
        "current": combination == (settings.ocr_version, settings.language, settings.model_type),
    }


def _combination_cells(row: dict[str, Any]) -> Sequence[str]:
    formats = " and ".join(row["formats"])
    if row["builtin"]:
        recognition = model_catalog.builtin_model_set(row["ocr_version"], row["language"]).recognition
        formats += ", builtin" if recognition == row["recognition"] else f", builtin: {recognition}"
    states = list(row["in_model_dir"].values())
    state = states[0] if len(set(states)) == 1 else f"detection {states[0]}, recognition {states[1]}"
    ocr_version = row["ocr_version"] + ("*" if row["current"] else "")
    names = [row["detection"], row["recognition"]]
    return [ocr_version, row["language"], row["model_type"], *names, formats, state]


def _optional_row(role: str, root: Path) -> dict[str, Any]:
    model = model_catalog.OPTIONAL_MODELS[role]
    (variable,) = (setting.env for setting in SETTINGS if setting.name == f"use_{role}")
    formats = list(model_catalog.OPTIONAL_MODEL_FORMATS)
    state = _state(root, role, model)
    return {"role": role, "setting": variable, "model": model, "formats": formats, "in_model_dir": state}


def _optional_cells(row: dict[str, Any]) -> Sequence[str]:
    return [row["setting"], row["model"], " and ".join(row["formats"]), row["in_model_dir"]]


def _required_rows(settings: Settings, root: Path) -> list[dict[str, str]]:
    from ocr_backend.models import custom_models, model_roles

    is_builtin = settings.model_source == "builtin"
    custom_rows = [
        {
            "role": model.role,
            "model": str(model.folder),
            "state": f"custom, {_completeness(custom_models.folder_problems(model))}",
        }
        for model in custom_models.configured(settings)
    ]
    return custom_rows + [
        {"role": role, "model": name, "state": "builtin" if is_builtin else _state(root, role, name)}
        for role, name in model_roles.required_models(settings).items()
    ]


def _state(root: Path, role: str, name: str) -> str:
    """State of a model in a folder for each format: `complete (onnx)`, `broken (paddle)`; or `missing`."""
    from ocr_backend.models import model_folder

    states = []
    for model_format in model_folder.WEIGHTS_FILES:
        folder = model_folder.find_folder(root, name, model_format)
        if folder is not None:
            problems = model_folder.problems(role, name, model_format, folder)
            states.append(f"{_completeness(problems)} ({model_format})")
    return ", ".join(states) or "missing"


def _completeness(problems: Sequence[str]) -> str:
    return "broken" if problems else "complete"


def _table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    cells = [titles, *rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(titles))]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in cells)
