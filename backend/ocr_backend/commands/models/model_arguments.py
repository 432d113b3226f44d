"""Arguments that select OCR versions, languages and model types. Standard library only."""

import argparse
from collections.abc import Iterator
from dataclasses import replace

from ocr_backend.config import language_names, model_catalog
from ocr_backend.config.settings import Settings

Combination = tuple[str, str, str]
"""OCR version, language and model type."""


def add_arguments(parser: argparse.ArgumentParser, default: str) -> None:
    """Declares the arguments; `default` says what a missing argument selects."""
    for option, choices in (
        ("--ocr-version", model_catalog.OCR_VERSIONS),
        ("--language", tuple(model_catalog.LANGUAGES)),
        ("--model-type", model_catalog.MODEL_TYPES),
    ):
        parser.add_argument(
            option,
            action="append",
            default=[],
            choices=choices,
            type=language_names.code_of if option == "--language" else str,
            help=f"{', '.join(choices)}; repeatable (default: {default})",
            metavar=option[2:].upper(),
        )


def selected_combinations(options: argparse.Namespace) -> Iterator[Combination]:
    """The existing combinations that the arguments select; a missing argument selects all values."""
    for combination in model_catalog.combinations():
        selected_values = (options.ocr_version, options.language, options.model_type)
        pairs = zip(combination, selected_values, strict=True)
        if all(not selected or value in selected for value, selected in pairs):
            yield combination


def selected_settings(options: argparse.Namespace, settings: Settings) -> list[Settings]:
    """The settings for each selected combination; a missing argument selects the value of the settings.

    Raises:
        SettingsError: other settings do not fit a combination.
    """
    selection = argparse.Namespace(
        ocr_version=options.ocr_version or [settings.ocr_version],
        language=options.language or [settings.language],
        model_type=options.model_type or [settings.model_type],
    )
    return [
        replace(settings, ocr_version=ocr_version, language=language, model_type=model_type)
        for ocr_version, language, model_type in selected_combinations(selection)
    ]
