"""The script of each language: a line of text, the letters in it that mark the script, and its image.

A recogniser of another script has none of these letters in its dictionary, or reads none of them in the
image. Knows no model. tests/support/draw_script_samples.py draws the images.
"""

import string
import unicodedata
from collections import Counter
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from ocr_backend.ocr_types import Image

SAMPLES = {
    "ch": "中文文字识别测试",
    "en": "Printed English text",
    "japan": "日本語のひらがなとカタカナ",
    "korean": "한국어 문자 인식 시험",
    "arabic": "مرحبا باللغة العربية",
    "cyrillic": "текст език България",
    "devanagari": "मराठी अक्षर लिखित",
    "latin": "ręka Größe čaša",
    "eslav": "Распознавание русского текста",
    "th": "การอ่านภาษาไทย",
    "el": "τρία ήλιος βιβλίο χώρα",
    "te": "తెలుగు భాష",
    "ta": "தமிழ் எழுத்துக்கள்",
    "ka": "ಕರ್ನಾಟಕ ರಾಜ್ಯ",
    "chinese_cht": "繁體中文識別測試",
}
"""Language code -> text with letters that every official recogniser of the language knows.

The official classifiers of orientation take its image for upright; for other lines they often do not.
"""

IMAGES = Path(__file__).with_name("script_samples")
"""Folder with `<language code>.png`."""

MIN_SHARE = 0.5
"""Share of the letters that weights of the script read at least; weights of another read almost none."""


_COMMON_LETTERS = frozenset(string.ascii_letters + "αβγδεζηθικλμνξοπρςστυφχψω")
"""Dictionaries of all scripts have these: plain Latin letters, and Greek ones for formulas."""


def image(language: str) -> "Image":
    """The sample of a language, dark on light, `(96, width, 3)` uint8."""
    # Only workers need these; the server's first process stays small, and threads do not survive its forks.
    import cv2
    import numpy as np

    content = np.frombuffer((IMAGES / f"{language}.png").read_bytes(), np.uint8)
    return cast("Image", cv2.imdecode(content, cv2.IMREAD_COLOR))


def letters(language: str) -> str:
    """The letters of a sample that mark its script: those that other scripts' dictionaries lack, if any.

    Marks that are written around a letter do not count: recognisers order them differently.
    """
    text = [char for char in SAMPLES[language] if unicodedata.category(char).startswith("L")]
    return "".join([char for char in text if char not in _COMMON_LETTERS] or text)


def missing_letters(language: str, characters: Collection[str]) -> str:
    """Those of the letters that are not among the characters of a dictionary."""
    return "".join(char for char in dict.fromkeys(letters(language)) if char not in characters)


def share_read(language: str, text: str) -> float:
    """The share of the letters, in any order, that a reader found in the image."""
    expected = Counter(letters(language))
    actual = Counter(unicodedata.normalize("NFC", text))
    return (expected & actual).total() / expected.total()
