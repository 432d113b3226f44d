"""The arguments that choose generations, languages and types, and what they choose. Standard library only."""

import argparse
from collections.abc import Iterable, Iterator

from ocr_backend.config import model_catalog

Combination = tuple[str, str, str]
"""Generation, language and tier."""


def describe(parser: argparse.ArgumentParser, otherwise: str) -> None:
    """Gives a parser the arguments; `otherwise` says what holds where one is not given."""
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
            help=f"{', '.join(choices)}; may be said several times ({otherwise})",
            metavar=option[2:].upper(),
        )


def chosen(options: argparse.Namespace) -> Iterator[Combination]:
    """The combinations that exist and that the arguments, where given, allow."""
    for ocr_version, language, model_type in model_catalog.combinations():
        if (
            _allows(options.ocr_version, ocr_version)
            and _allows(options.language, language)
            and _allows(options.model_type, model_type)
        ):
            yield ocr_version, language, model_type


def _allows(given: Iterable[str], value: str) -> bool:
    return not given or value in given
