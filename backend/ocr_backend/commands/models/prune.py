"""`ocr-backend models prune`: shows what is in MODEL_DIR and not needed, and takes it away if told so."""

import argparse
import json
import os
from dataclasses import replace
from pathlib import Path

from ocr_backend.commands.exit_codes import (
    GOOD_STATUS,
    SETTINGS_STATUS,
    end,
    end_for,
    settings_or_exit,
    status_of,
)
from ocr_backend.commands.models import model_arguments
from ocr_backend.config.settings import Settings, SettingsError


def describe(parser: argparse.ArgumentParser) -> None:
    """Gives the parser of the action its arguments."""
    parser.description = (
        "Shows what fetches brought into MODEL_DIR and the settings, with the generations, languages and "
        "tiers of the arguments, do not need, what killed fetches left, and what could not be trusted. "
        "Removes it only with --yes, and never what is being fetched, nor folders that were put there by "
        "hand. Exit status: 0 all is as it is told, 2 the settings are wrong, 6 something cannot be removed."
    )
    model_arguments.describe(parser, "as the settings say")
    parser.add_argument("--yes", action="store_true", help="remove it")
    parser.add_argument("--json", action="store_true", help="one object per thing")


def run(options: argparse.Namespace) -> None:
    """Shows or removes, and ends the process."""
    settings = settings_or_exit(os.environ)
    kept = _kept(options, settings)
    root = Path(settings.model_dir)
    from ocr_backend.models.hub import pruning
    from ocr_backend.models.model_errors import ModelError

    found = pruning.unneeded(root, kept)
    for one in found:
        if options.yes:
            try:
                pruning.remove(root, one)
            except ModelError as error:
                end(status_of(error), "models prune", error)
        if options.json:
            told = {"path": str(one.path), "why": one.why, "bytes": one.size, "removed": options.yes}
            print(json.dumps(told, ensure_ascii=False), flush=True)
        else:
            print(
                f"{'removed' if options.yes else 'unneeded'}  {one.path}  {one.size} bytes  {one.why}",
                flush=True,
            )
    if not options.json:
        total = sum(one.size for one in found)
        advice = "" if options.yes or not found else "; --yes removes it"
        print(f"{total} bytes {'removed' if options.yes else 'are not needed'}{advice}")
    raise SystemExit(GOOD_STATUS)


def _kept(options: argparse.Namespace, settings: Settings) -> set[str]:
    """Official names of the models that are needed."""
    from ocr_backend.models import model_folder

    options.ocr_version = options.ocr_version or [settings.ocr_version]
    options.language = options.language or [settings.language]
    options.model_type = options.model_type or [settings.model_type]
    combinations = list(model_arguments.chosen(options))
    if not combinations:
        said = "no models are of these generations, languages and tiers: all would go; name those to keep"
        end(SETTINGS_STATUS, "models prune", said)
    try:
        wanted = [
            replace(settings, ocr_version=ocr_version, language=language, model_type=model_type)
            for ocr_version, language, model_type in combinations
        ]
    except SettingsError as error:
        end_for(error)
    return {name for one in wanted for name in model_folder.needed(one).values()}
