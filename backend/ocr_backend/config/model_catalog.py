"""The OCR versions, languages and model types of PaddleOCR, and the models that each needs.

Knows names only: no folder, no network, no engine. Standard library only. Source of the names:
PaddleOCR 3.7 (`PaddleOCR._get_ocr_model_names`) and PaddleX 3.7.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

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
"""Language code -> display name: the languages of the guide first, then the others of PaddleOCR."""

OCR_VERSIONS = ("PP-OCRv6", "PP-OCRv5", "PP-OCRv4", "PP-OCRv3")
"""Newest first."""

MODEL_TYPES = ("server", "mobile")
"""`server` models are more accurate, `mobile` models are smaller and faster."""

DOC_ORIENTATION = "PP-LCNet_x1_0_doc_ori"
DOC_UNWARPING = "UVDoc"
TEXTLINE_ORIENTATION = "PP-LCNet_x1_0_textline_ori"

OPTIONAL_MODELS = {
    "textline_orientation": TEXTLINE_ORIENTATION,
    "doc_orientation": DOC_ORIENTATION,
    "doc_unwarping": DOC_UNWARPING,
}
"""Role -> model for any OCR version, used if the setting `use_<role>` is on."""

OPTIONAL_MODEL_FORMATS = ("onnx", "paddle")
"""Model formats in which those are published."""

BUILTIN_MODEL_TYPE = "mobile"
BUILTIN_LANGUAGES = {
    "PP-OCRv6": ("ch", "en", "japan", "latin", "chinese_cht"),
    "PP-OCRv5": ("ch", "en", "japan", "chinese_cht"),
}
"""OCR version -> the languages whose mobile models are builtin, in the order of `LANGUAGES`; newest first."""

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

# One recognition model of PP-OCRv6 reads all of its languages; that of PP-OCRv5 reads Chinese and Japanese.
_SHARED_RECOGNITION_LANGUAGES = {
    "PP-OCRv6": ("ch", "en", "japan", "latin", "chinese_cht"),
    "PP-OCRv5": ("ch", "japan", "chinese_cht"),
    "PP-OCRv4": ("ch",),
    "PP-OCRv3": ("ch",),
}
_SHARED_RECOGNITION_MODELS = {
    "PP-OCRv6": {"server": "PP-OCRv6_medium_rec", "mobile": "PP-OCRv6_small_rec"},
    "PP-OCRv5": {"server": "PP-OCRv5_server_rec", "mobile": "PP-OCRv5_mobile_rec"},
    "PP-OCRv4": {"server": "PP-OCRv4_server_rec", "mobile": "PP-OCRv4_mobile_rec"},
    "PP-OCRv3": {"mobile": "PP-OCRv3_mobile_rec"},
}
# Recognition models of one language or script: `<language>_<ocr_version>_mobile_rec`. All are mobile.
_SINGLE_LANGUAGES = {
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
# Languages with the recognition model of another language.
_MODEL_LANGUAGE = {("PP-OCRv3", "eslav"): "cyrillic"}


class UnknownModelsError(ValueError):
    """There are no official models for this combination; the message says which exist."""


@dataclass(frozen=True)
class ModelSet:
    """Official names of the models for one language; `notes` are for the user."""

    detection: str
    recognition: str
    notes: tuple[str, ...] = ()


def languages_of(ocr_version: str) -> tuple[str, ...]:
    """Codes of the languages that an OCR version supports, in the order of `LANGUAGES`."""
    supported = _SHARED_RECOGNITION_LANGUAGES[ocr_version] + _SINGLE_LANGUAGES[ocr_version]
    return tuple(code for code in LANGUAGES if code in supported)


def ocr_versions_of(language: str) -> tuple[str, ...]:
    """OCR versions that support a language, newest first."""
    return tuple(ocr_version for ocr_version in OCR_VERSIONS if language in languages_of(ocr_version))


def combinations() -> Iterator[tuple[str, str, str]]:
    """Every (OCR version, language, model type) that exists."""
    for ocr_version in OCR_VERSIONS:
        for language, model_type in product(languages_of(ocr_version), MODEL_TYPES):
            yield ocr_version, language, model_type


def model_set(ocr_version: str, language: str, model_type: str) -> ModelSet:
    """The models for a language; without a server model for recognition, the mobile one, as in PaddleOCR.

    Raises:
        UnknownModelsError: the combination does not exist.
    """
    _refuse_unknown(ocr_version, language, model_type)
    recognition = _recognition(ocr_version, language, model_type)
    detection = _DETECTION[ocr_version, model_type]
    if model_type == "server" and "_mobile_" in recognition:
        note = (
            f"{ocr_version} has no server model for the recognition of {language}: the model type server "
            f"uses {detection} and {recognition}, as PaddleOCR does"
        )
        return ModelSet(detection, recognition, (note,))
    return ModelSet(detection, recognition)


def languages_read_by(recognition: str) -> tuple[str, ...]:
    """Codes of the languages for which PaddleOCR chooses this recognition model; may be empty."""
    read = {
        language
        for ocr_version, language, model_type in combinations()
        if _recognition(ocr_version, language, model_type) == recognition
    }
    return tuple(code for code in LANGUAGES if code in read)


def is_builtin(ocr_version: str, language: str, model_type: str) -> bool:
    """Whether this combination can be read with builtin models."""
    return model_type == BUILTIN_MODEL_TYPE and language in BUILTIN_LANGUAGES.get(ocr_version, ())


def builtin_model_set(ocr_version: str, language: str) -> ModelSet:
    """The builtin models for a language of `BUILTIN_LANGUAGES`.

    The recognition model of PP-OCRv5 for Chinese and Japanese reads English too; the model for English
    alone is not builtin.
    """
    shared = model_set(ocr_version, "ch", BUILTIN_MODEL_TYPE)
    if language in _SINGLE_LANGUAGES[ocr_version]:
        note = f"builtin reads {language} with {shared.recognition}, which reads several languages"
        return ModelSet(shared.detection, shared.recognition, (note,))
    return shared


def _recognition(ocr_version: str, language: str, model_type: str) -> str:
    if language in _SINGLE_LANGUAGES[ocr_version]:
        return f"{_MODEL_LANGUAGE.get((ocr_version, language), language)}_{ocr_version}_mobile_rec"
    models = _SHARED_RECOGNITION_MODELS[ocr_version]
    return models.get(model_type, models["mobile"])


def _refuse_unknown(ocr_version: str, language: str, model_type: str) -> None:
    if ocr_version not in OCR_VERSIONS:
        raise UnknownModelsError(
            f"the OCR version {ocr_version!r} does not exist; use one of {', '.join(OCR_VERSIONS)}"
        )
    if model_type not in MODEL_TYPES:
        raise UnknownModelsError(
            f"the model type {model_type!r} does not exist; use one of {', '.join(MODEL_TYPES)}"
        )
    languages = languages_of(ocr_version)
    if language in languages:
        return
    message = f"{ocr_version} does not support the language {language!r}; use one of {', '.join(languages)}"
    if language in LANGUAGES:
        message += f", or for {language} the OCR version {' or '.join(ocr_versions_of(language))}"
    raise UnknownModelsError(message)


def published_formats(ocr_version: str) -> tuple[str, ...]:
    """Model formats in which an OCR version is published: `onnx` and `paddle`, or `paddle` alone."""
    return ("onnx", "paddle") if ocr_version in ("PP-OCRv6", "PP-OCRv5") else ("paddle",)
