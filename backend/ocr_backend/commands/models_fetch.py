"""`ocr-backend models fetch`: brings models into MODEL_DIR, before a server needs them."""

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ocr_backend.commands import model_choice
from ocr_backend.commands.exits import (
    GOOD_STATUS,
    MODEL_STATUS,
    SETTINGS_STATUS,
    end,
    end_for,
    settings_or_exit,
)
from ocr_backend.settings import Settings, SettingsError


def describe(parser: argparse.ArgumentParser) -> None:
    """Gives the parser of the action its arguments."""
    parser.description = (
        "Brings the models that the settings need, or those of the arguments, into MODEL_DIR and tells "
        "for each its form, digest and folder. What is there is not fetched again; half a model is never "
        "left there. Exit status: 0 all are there, 2 the settings are wrong, 3 a model cannot be had."
    )
    model_choice.describe(parser, "as the settings say")


def run(options: argparse.Namespace) -> None:
    """Fetches, and ends the process."""
    wanted = _wanted(options, settings_or_exit(os.environ))
    from ocr_backend import logs

    logs.set_up(wanted[0])
    failures = [failure for settings in wanted for failure in _brought(settings)]
    for failure in failures:
        print(f"ocr-backend models fetch: {failure}", file=sys.stderr)
    raise SystemExit(MODEL_STATUS if failures else GOOD_STATUS)


def _wanted(options: argparse.Namespace, settings: Settings) -> Sequence[Settings]:
    """The settings for each combination that is wanted."""
    given = options.generation or options.language or options.tier
    if settings.model_source == "builtin":
        end(
            SETTINGS_STATUS,
            "models fetch",
            "OCR_MODEL_SOURCE=builtin reads with what is installed, and fetches nothing; set it to hub",
        )
    if not given:
        return [settings]
    options.generation = options.generation or [settings.generation]
    options.language = options.language or [settings.language]
    options.tier = options.tier or [settings.tier]
    combinations = list(model_choice.chosen(options))
    if not combinations:
        end(
            SETTINGS_STATUS,
            "models fetch",
            f"there are no models of {' or '.join(options.generation)} for {' or '.join(options.language)}; "
            "`ocr-backend models list` shows which there are",
        )
    try:
        return [
            replace(settings, generation=generation, language=language, tier=tier)
            for generation, language, tier in combinations
        ]
    except SettingsError as error:
        end_for(error)


def _brought(settings: Settings) -> list[str]:
    """Why the models of these settings cannot be had; none when they are there, which is told."""
    from ocr_backend import engines, models

    what = f"{settings.generation} {settings.language} {settings.tier}"
    root = Path(settings.model_dir)
    before = {
        name
        for name in models.needed(settings).values()
        if any(models.located(root, name, form) for form in models.FORMS)
    }
    print(f"{what}: looking in {root}", file=sys.stderr)
    try:
        with engines.brought(settings) as (_, found):
            for model in found.values():
                how = "there" if model.name in before else "fetched"
                print(
                    f"{how:7}  {model.name}  {model.form}  sha256 {model.digest}  {model.folder}", flush=True
                )
    except models.ModelError as error:
        return [f"{what}: {error}"]
    return []
