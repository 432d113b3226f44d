"""The schema of a variant's `language`: a language code, or one of PaddleOCR's names that stands for a code.

Pure. The codes and names are the backend's. The schema has a rule in place of an enum, so that the API server
answers an unknown language with similar ones.
"""

import json
from collections.abc import Iterable

from ocr_backend.config import language_names, model_catalog
from ocr_operator.crd.schema_types import Rule, Schema, rule, rules, string, string_enum

_CODES = ", ".join(model_catalog.LANGUAGES)
DESCRIPTION = (
    f"Language or script of the text in the images: {_CODES}, or one of PaddleOCR's names of languages that "
    "stands for one of these, such as fr."
)
_UNKNOWN = (
    f"the language is unknown: set one of {_CODES}, or one of PaddleOCR's names of languages, such as fr"
)
_MIN_LENGTH, _MAX_LENGTH = 2, 32


def language() -> Schema:
    """The schema in the CRD."""
    return string(DESCRIPTION, minLength=_MIN_LENGTH, maxLength=_MAX_LENGTH, **rules(_name_rule()))


def language_enum(codes: Iterable[str], description: str = DESCRIPTION) -> Schema:
    """The schema in the chart's values, which have no rules: all names of these codes."""
    return string_enum(description, names(codes))


def names(codes: Iterable[str]) -> list[str]:
    """Language codes and the names that stand for them, codes first."""
    codes = tuple(codes)
    return [*codes, *(name for code in codes for name in language_names.names_of(code))]


def _name_rule() -> Rule:
    known = names(model_catalog.LANGUAGES)
    begin = f"self.lowerAscii().substring(0, {_MIN_LENGTH})"
    return rule(f"self in {known}", _UNKNOWN) | {
        "messageExpression": f"{_answers(known)}[?{begin}].orValue({json.dumps(_UNKNOWN)})"
    }


def _answers(known: Iterable[str]) -> dict[str, str]:
    """Begin of an unknown name -> the message with similar names.

    CEL knows no edit distance, and the API server counts loops and joined texts as too expensive.
    """
    by_begin: dict[str, list[str]] = {}
    for name in known:
        by_begin.setdefault(name[:_MIN_LENGTH], []).append(name)
    return {
        begin: f"the language is unknown; did you mean {' or '.join(similar)}?"
        for begin, similar in by_begin.items()
    }
