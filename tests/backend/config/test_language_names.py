"""PaddleOCR's names of languages stand for the codes whose models PaddleOCR would use."""

import pytest

from ocr_backend.commands.models import model_arguments
from ocr_backend.config import language_names, model_catalog
from ocr_backend.config.model_catalog import UnknownModelsError, model_set
from ocr_backend.config.settings import Settings, from_env


@pytest.fixture(scope="module")
def paddleocr_recogniser():
    """OCR version and PaddleOCR's language name -> the recognition model that PaddleOCR uses, or None."""
    paddleocr = pytest.importorskip("paddleocr")
    pipeline = paddleocr.PaddleOCR.__new__(paddleocr.PaddleOCR)
    return lambda ocr_version, name: pipeline._get_ocr_model_names(name, ocr_version)[1]


def recogniser(ocr_version, code):
    try:
        return model_set(ocr_version, code, "mobile").recognition
    except UnknownModelsError:
        return None


@pytest.mark.parametrize("ocr_version", ["PP-OCRv5", "PP-OCRv3"])
@pytest.mark.parametrize("name", sorted(language_names.CODES))
def test_a_name_selects_the_model_that_paddleocr_uses(paddleocr_recogniser, ocr_version, name):
    assert recogniser(ocr_version, language_names.code_of(name)) == paddleocr_recogniser(ocr_version, name)


def test_every_name_of_paddleocr_is_known():
    langs = pytest.importorskip("paddleocr._utils.langs")
    groups = (langs.LATIN_LANGS, langs.ARABIC_LANGS, langs.ESLAV_LANGS, langs.CYRILLIC_LANGS)
    assert set().union(*groups, langs.DEVANAGARI_LANGS) == set(language_names.CODES)
    assert set(language_names.CODES.values()) <= set(model_catalog.LANGUAGES)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("fr", "latin"),
        ("german", "latin"),
        ("ru", "eslav"),
        ("hi", "devanagari"),
        ("FR", "latin"),
        ("ch", "ch"),
    ],
)
def test_the_setting_takes_names(name, code):
    assert from_env({"PADDLEOCR_LANG": name}) == Settings(language=code)


def test_the_command_line_takes_names():
    import argparse

    parser = argparse.ArgumentParser()
    model_arguments.add_arguments(parser, "all")
    assert parser.parse_args(["--language", "fr"]).language == ["latin"]
