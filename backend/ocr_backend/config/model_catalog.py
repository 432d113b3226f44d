"""The one table of PaddleOCR generations, languages and tiers, and of the models each needs.

Knows names only: no folder, no network, no engine. Standard library only; settings, models and the
operator import it. Source of the names: PaddleOCR 3.7 (`PaddleOCR._get_ocr_model_names`) and PaddleX 3.7.
"""

from collections.abc import Iterator
from dataclasses import dataclass

LANGUAGES = {
    "ch": "Chinese (Simplified and Traditional)",
    "en": "English",
    "japan": "Japanese",
    "korean": "Korean",
    "arabic": "Arabic",
    "cyrillic": "Cyrillic languages",
    "devanagari": "Devanagari scripts",
    "latin": "Latin-based languages",
    "eslav": "Russian, Belarusian and Ukrainian",
    "th": "Thai",
    "el": "Greek",
    "te": "Telugu",
    "ta": "Tamil",
    "ka": "Kannada",
    "chinese_cht": "Chinese (Traditional)",
}
"""Language code -> what a person calls it: those of the manual, then PaddleOCR's further ones."""

GENERATIONS = ("PP-OCRv6", "PP-OCRv5", "PP-OCRv4", "PP-OCRv3")
"""Newest first."""

TIERS = ("server", "mobile")
"""Sizes: `server` reads best, `mobile` is small and quick."""

DOC_ORIENTATION = "PP-LCNet_x1_0_doc_ori"
DOC_UNWARPING = "UVDoc"
TEXTLINE_ORIENTATION = "PP-LCNet_x1_0_textline_ori"

OPTIONAL = {
    "textline_orientation": TEXTLINE_ORIENTATION,
    "doc_orientation": DOC_ORIENTATION,
    "doc_unwarping": DOC_UNWARPING,
}
"""Part -> model that any generation takes, where the setting `use_<part>` asks for it."""

OPTIONAL_FORMS = ("onnx", "paddle")
"""Forms in which those are published."""

BUILTIN_GENERATION = "PP-OCRv6"
BUILTIN_TIER = "mobile"
BUILTIN_TEXTLINE_ORIENTATION = "ch_ppocr_mobile_v2.0_cls"
"""The package with the builtin weights has this older network in the place of TEXTLINE_ORIENTATION."""

_DETECTION = {
    ("PP-OCRv6", "server"): "PP-OCRv6_medium_det",
    ("PP-OCRv6", "mobile"): "PP-OCRv6_small_det",
    ("PP-OCRv5", "server"): "PP-OCRv5_server_det",
    ("PP-OCRv5", "mobile"): "PP-OCRv5_mobile_det",
    ("PP-OCRv4", "server"): "PP-OCRv4_server_det",
    ("PP-OCRv4", "mobile"): "PP-OCRv4_mobile_det",
    ("PP-OCRv3", "server"): "PP-OCRv3_server_det",
    ("PP-OCRv3", "mobile"): "PP-OCRv3_mobile_det",
}

# One recogniser of PP-OCRv6 reads all of its languages; PP-OCRv5's plain one reads Chinese and Japanese.
_SHARED_RECOGNITION = {
    "PP-OCRv6": ("ch", "en", "japan", "latin", "chinese_cht"),
    "PP-OCRv5": ("ch", "japan", "chinese_cht"),
    "PP-OCRv4": ("ch",),
    "PP-OCRv3": ("ch",),
}
_SHARED_TIERS = {
    "PP-OCRv6": {"server": "PP-OCRv6_medium_rec", "mobile": "PP-OCRv6_small_rec"},
    "PP-OCRv5": {"server": "PP-OCRv5_server_rec", "mobile": "PP-OCRv5_mobile_rec"},
    "PP-OCRv4": {"server": "PP-OCRv4_server_rec", "mobile": "PP-OCRv4_mobile_rec"},
    "PP-OCRv3": {"mobile": "PP-OCRv3_mobile_rec"},
}
# Recognisers of one language or script, `<language>_<generation>_mobile_rec`; none has a server form.
_OWN_RECOGNITION = {
    "PP-OCRv6": (),
    "PP-OCRv5": (
        *("en", "korean", "arabic", "cyrillic", "devanagari", "latin"),
        *("eslav", "th", "el", "te", "ta"),
    ),
    "PP-OCRv4": ("en",),
    "PP-OCRv3": (
        *("en", "japan", "korean", "arabic", "cyrillic", "devanagari", "latin"),
        *("eslav", "te", "ta", "ka", "chinese_cht"),
    ),
}
# A recogniser that is named after another language.
_NAMED_AFTER = {("PP-OCRv3", "eslav"): "cyrillic"}


class UnknownModelsError(ValueError):
    """No official models for what was asked; the message says what there is."""


@dataclass(frozen=True)
class ModelSet:
    """Official names of the networks that read one language; `notes` are sentences worth showing."""

    detection: str
    recognition: str
    notes: tuple[str, ...] = ()


def languages_of(generation: str) -> tuple[str, ...]:
    """Codes of the languages that a generation reads, in the manual's order."""
    known = _SHARED_RECOGNITION[generation] + _OWN_RECOGNITION[generation]
    return tuple(code for code in LANGUAGES if code in known)


def generations_of(language: str) -> tuple[str, ...]:
    """Generations that read a language, newest first."""
    return tuple(generation for generation in GENERATIONS if language in languages_of(generation))


def combinations() -> Iterator[tuple[str, str, str]]:
    """Every (generation, language, tier) that exists."""
    for generation in GENERATIONS:
        for language in languages_of(generation):
            for tier in TIERS:
                yield generation, language, tier


def model_set(generation: str, language: str, tier: str) -> ModelSet:
    """Models that read `language`; `server` without a server recogniser takes the mobile one, as PaddleOCR.

    Raises:
        UnknownModelsError: the combination does not exist.
    """
    _refuse_unknown(generation, language, tier)
    recognition = _recognition(generation, language, tier)
    detection = _DETECTION[generation, tier]
    if tier == "server" and "_mobile_" in recognition:
        note = (
            f"{generation} has no server recogniser for {language}: the server tier reads with "
            f"{detection} and {recognition}, as PaddleOCR itself does"
        )
        return ModelSet(detection, recognition, (note,))
    return ModelSet(detection, recognition)


def _recognition(generation: str, language: str, tier: str) -> str:
    if language in _OWN_RECOGNITION[generation]:
        return f"{_NAMED_AFTER.get((generation, language), language)}_{generation}_mobile_rec"
    tiers = _SHARED_TIERS[generation]
    return tiers.get(tier, tiers["mobile"])


def _refuse_unknown(generation: str, language: str, tier: str) -> None:
    if generation not in GENERATIONS:
        raise UnknownModelsError(f"generation {generation!r} is not known; known: {', '.join(GENERATIONS)}")
    if tier not in TIERS:
        raise UnknownModelsError(f"model type {tier!r} is not known; known: {', '.join(TIERS)}")
    if language in languages_of(generation):
        return
    message = (
        f"language {language!r} is not known to {generation}; known: {', '.join(languages_of(generation))}"
    )
    if language in LANGUAGES:
        message += f" ({language} is read by {' and '.join(generations_of(language))})"
    raise UnknownModelsError(message)


def package_forms(generation: str) -> tuple[str, ...]:
    """Forms in which the models of a generation are published: `onnx` and `paddle`, or `paddle` alone."""
    return ("onnx", "paddle") if generation in ("PP-OCRv6", "PP-OCRv5") else ("paddle",)
