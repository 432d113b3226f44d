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

OCR_VERSIONS = ("PP-OCRv6", "PP-OCRv5", "PP-OCRv4", "PP-OCRv3")
"""Newest first."""

MODEL_TYPES = ("server", "mobile")
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

BUILTIN_OCR_VERSION = "PP-OCRv6"
BUILTIN_MODEL_TYPE = "mobile"
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
_SHARED_MODEL_TYPES = {
    "PP-OCRv6": {"server": "PP-OCRv6_medium_rec", "mobile": "PP-OCRv6_small_rec"},
    "PP-OCRv5": {"server": "PP-OCRv5_server_rec", "mobile": "PP-OCRv5_mobile_rec"},
    "PP-OCRv4": {"server": "PP-OCRv4_server_rec", "mobile": "PP-OCRv4_mobile_rec"},
    "PP-OCRv3": {"mobile": "PP-OCRv3_mobile_rec"},
}
# Recognisers of one language or script, `<language>_<ocr_version>_mobile_rec`; none has a server form.
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


def languages_of(ocr_version: str) -> tuple[str, ...]:
    """Codes of the languages that a generation reads, in the manual's order."""
    known = _SHARED_RECOGNITION[ocr_version] + _OWN_RECOGNITION[ocr_version]
    return tuple(code for code in LANGUAGES if code in known)


def ocr_versions_of(language: str) -> tuple[str, ...]:
    """Generations that read a language, newest first."""
    return tuple(ocr_version for ocr_version in OCR_VERSIONS if language in languages_of(ocr_version))


def combinations() -> Iterator[tuple[str, str, str]]:
    """Every (OCR version, language, model type) that exists."""
    for ocr_version in OCR_VERSIONS:
        for language in languages_of(ocr_version):
            for model_type in MODEL_TYPES:
                yield ocr_version, language, model_type


def model_set(ocr_version: str, language: str, model_type: str) -> ModelSet:
    """Models that read `language`; `server` without a server recogniser takes the mobile one, as PaddleOCR.

    Raises:
        UnknownModelsError: the combination does not exist.
    """
    _refuse_unknown(ocr_version, language, model_type)
    recognition = _recognition(ocr_version, language, model_type)
    detection = _DETECTION[ocr_version, model_type]
    if model_type == "server" and "_mobile_" in recognition:
        note = (
            f"{ocr_version} has no server recogniser for {language}: the server type reads with "
            f"{detection} and {recognition}, as PaddleOCR itself does"
        )
        return ModelSet(detection, recognition, (note,))
    return ModelSet(detection, recognition)


def _recognition(ocr_version: str, language: str, model_type: str) -> str:
    if language in _OWN_RECOGNITION[ocr_version]:
        return f"{_NAMED_AFTER.get((ocr_version, language), language)}_{ocr_version}_mobile_rec"
    model_types = _SHARED_MODEL_TYPES[ocr_version]
    return model_types.get(model_type, model_types["mobile"])


def _refuse_unknown(ocr_version: str, language: str, model_type: str) -> None:
    if ocr_version not in OCR_VERSIONS:
        raise UnknownModelsError(f"OCR version {ocr_version!r} is unknown; known: {', '.join(OCR_VERSIONS)}")
    if model_type not in MODEL_TYPES:
        raise UnknownModelsError(f"model type {model_type!r} is unknown; known: {', '.join(MODEL_TYPES)}")
    if language in languages_of(ocr_version):
        return
    message = (
        f"language {language!r} is unknown to {ocr_version}; known: {', '.join(languages_of(ocr_version))}"
    )
    if language in LANGUAGES:
        message += f" ({language} is read by {' and '.join(ocr_versions_of(language))})"
    raise UnknownModelsError(message)


def package_forms(ocr_version: str) -> tuple[str, ...]:
    """Forms in which the models of a generation are published: `onnx` and `paddle`, or `paddle` alone."""
    return ("onnx", "paddle") if ocr_version in ("PP-OCRv6", "PP-OCRv5") else ("paddle",)
