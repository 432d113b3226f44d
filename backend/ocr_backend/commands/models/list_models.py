"""`ocr-backend models list`: the catalog, and how much of it is in MODEL_DIR."""

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

_TITLES = ("generation", "language", "type", "detection", "recognition", "published as", "in MODEL_DIR")
_OPTIONAL_TITLES = ("setting", "model", "published as", "in MODEL_DIR")


def describe(parser: argparse.ArgumentParser) -> None:
    """Gives the parser of the action its arguments."""
    parser.description = (
        "The models that each generation, language and type needs, in which forms they are published, and "
        "how they are in MODEL_DIR: whole as far as files show (`models verify` loads them), broken, or "
        "missing. Then those that the settings need."
    )
    model_arguments.describe(parser, "all")
    parser.add_argument("--json", action="store_true", help="one object with both")


def run(options: argparse.Namespace) -> None:
    """Prints the list."""
    settings = settings_or_exit(os.environ)
    root = Path(settings.model_dir)
    rows = [_row(combination, settings, root) for combination in model_arguments.chosen(options)]
    optional = [_optional(part, root) for part in model_catalog.OPTIONAL]
    needed = _needed(settings, root)
    if options.json:
        told = {"model_dir": str(root), "combinations": rows, "optional": optional, "needed": needed}
        print(json.dumps(told, ensure_ascii=False))
        return
    print(_table(_TITLES, (_cells(row) for row in rows)))
    print("\nbeside them, for any generation:")
    print(_table(_OPTIONAL_TITLES, map(_optional_cells, optional)))
    source = settings.model_source
    print(f"\nneeded by the settings (OCR_MODEL_SOURCE={source}, MODEL_DIR={root}):")
    print(_table(("part", "model", "state"), ((row["part"], row["model"], row["state"]) for row in needed)))


def _row(combination: model_arguments.Combination, settings: Settings, root: Path) -> dict[str, Any]:
    ocr_version, language, model_type = combination
    found = model_catalog.model_set(*combination)
    states = {name: _state(root, part, name) for part, name in _parts(found).items()}
    current = (settings.ocr_version, settings.language, settings.model_type)
    return {
        "ocr_version": ocr_version,
        "language": language,
        "model_type": model_type,
        "detection": found.detection,
        "recognition": found.recognition,
        "forms": list(model_catalog.package_forms(ocr_version)),
        "builtin": (ocr_version, model_type)
        == (model_catalog.BUILTIN_OCR_VERSION, model_catalog.BUILTIN_MODEL_TYPE),
        "in_model_dir": states,
        "current": combination == current,
    }


def _optional(part: str, root: Path) -> dict[str, Any]:
    model = model_catalog.OPTIONAL[part]
    (setting,) = (row.env for row in SETTINGS if row.name == f"use_{part}")
    state = _state(root, part, model)
    forms = list(model_catalog.OPTIONAL_FORMS)
    return {"part": part, "setting": setting, "model": model, "forms": forms, "in_model_dir": state}


def _optional_cells(row: dict[str, Any]) -> Sequence[str]:
    return [row["setting"], row["model"], " and ".join(row["forms"]), row["in_model_dir"]]


def _parts(found: model_catalog.ModelSet) -> dict[str, str]:
    return {"detection": found.detection, "recognition": found.recognition}


def _state(root: Path, part: str, name: str) -> str:
    """How a model is in a folder: `whole (onnx)`, `broken (onnx)`, ... or `missing`."""
    from ocr_backend.models import model_folder

    states = []
    for form in model_folder.FORMS:
        folder = model_folder.located(root, name, form)
        if folder is not None:
            states.append(
                f"{'broken' if model_folder.faults(part, name, form, folder) else 'whole'} ({form})"
            )
    return ", ".join(states) or "missing"


def _needed(settings: Settings, root: Path) -> list[dict[str, str]]:
    from ocr_backend.models import custom_models, model_folder

    is_builtin = settings.model_source == "builtin"
    custom = [
        {
            "part": choice.part,
            "model": str(choice.folder),
            "state": f"custom, {'broken' if custom_models.faults_of(choice) else 'whole'}",
        }
        for choice in custom_models.chosen(settings)
    ]
    return custom + [
        {"part": part, "model": name, "state": "builtin" if is_builtin else _state(root, part, name)}
        for part, name in model_folder.needed(settings).items()
    ]


def _cells(row: dict[str, Any]) -> Sequence[str]:
    published = " and ".join(row["forms"]) + (", builtin" if row["builtin"] else "")
    states = list(row["in_model_dir"].values())
    state = states[0] if len(set(states)) == 1 else f"detection {states[0]}, recognition {states[1]}"
    mark = "*" if row["current"] else ""
    model_folder = [row["detection"], row["recognition"]]
    return [row["ocr_version"] + mark, row["language"], row["model_type"], *model_folder, published, state]


def _table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    cells = [titles, *rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(titles))]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in cells)
