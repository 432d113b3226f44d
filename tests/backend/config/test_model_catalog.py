"""The catalog agrees with hand-written expectations and with the installed PaddleOCR."""

import re
import subprocess
import sys

import pytest

from ocr_backend.config import model_catalog
from ocr_backend.config.model_catalog import ModelSet, UnknownModelsError, model_set

# A code of PaddleOCR for each language that the guide names after a script.
PADDLE_LANG = {"arabic": "ar", "cyrillic": "bg", "devanagari": "hi", "latin": "fr", "eslav": "ru"}


@pytest.fixture(scope="module")
def paddleocr_names():
    """The models that PaddleOCR chooses for a language and an OCR version: names, or (None, None)."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # from its imports
        from paddleocr import PaddleOCR

    pipeline = PaddleOCR.__new__(PaddleOCR)  # the method uses no attribute
    return lambda ocr_version, language: pipeline._get_ocr_model_names(
        PADDLE_LANG.get(language, language), ocr_version
    )


@pytest.fixture(scope="module")
def official():
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from paddlex.inference.utils import official_models
    return official_models


@pytest.mark.parametrize("ocr_version", model_catalog.OCR_VERSIONS)
@pytest.mark.parametrize("language", model_catalog.LANGUAGES)
def test_the_languages_of_an_ocr_version_are_those_of_paddleocr(paddleocr_names, ocr_version, language):
    exists = paddleocr_names(ocr_version, language) != (None, None)
    assert (language in model_catalog.languages_of(ocr_version)) == exists


@pytest.mark.parametrize("ocr_version", ["PP-OCRv6", "PP-OCRv5"])
def test_the_server_models_are_those_that_paddleocr_chooses(paddleocr_names, ocr_version):
    for language in model_catalog.languages_of(ocr_version):
        models = model_set(ocr_version, language, "server")
        assert (models.detection, models.recognition) == paddleocr_names(ocr_version, language), language


@pytest.mark.parametrize("ocr_version", ["PP-OCRv4", "PP-OCRv3"])
def test_the_mobile_models_of_old_versions_are_those_that_paddleocr_chooses(paddleocr_names, ocr_version):
    for language in model_catalog.languages_of(ocr_version):
        models = model_set(ocr_version, language, "mobile")
        assert (models.detection, models.recognition) == paddleocr_names(ocr_version, language), language


def test_every_model_is_an_official_one(official):
    named = set(model_catalog.OPTIONAL_MODELS.values())
    for combination in model_catalog.combinations():
        models = model_set(*combination)
        named |= {models.detection, models.recognition}
    assert named <= set(official.ALL_MODELS)
    assert "onnx" in model_catalog.OPTIONAL_MODEL_FORMATS
    assert set(model_catalog.OPTIONAL_MODELS.values()) <= set(official.ONNX_SUPPORTED_MODELS)


LEFT_OUT = {
    "PP-OCRv6_tiny_det": "smaller than mobile, not offered by the settings",
    "PP-OCRv6_tiny_rec": "smaller than mobile, not offered by the settings",
    "PP-OCRv4_server_rec_doc": "a variation of PP-OCRv4_server_rec that PaddleOCR never chooses",
    "PP-OCRv4_mobile_seal_det": "for seals",
    "PP-OCRv4_server_seal_det": "for seals",
}


def test_every_official_model_is_in_the_catalog_or_left_out_for_a_reason(official):
    """Fails when an upgrade of the packages adds a model."""
    official_names = {
        name for name in official.ALL_MODELS if re.search(r"PP-OCRv\d_\w+_(det|rec)(_|$)", name)
    }
    named = set()
    for combination in model_catalog.combinations():
        models = model_set(*combination)
        named |= {models.detection, models.recognition}
    assert official_names - named == set(LEFT_OUT)


def test_every_code_of_paddleocr_uses_the_model_of_a_language_here(paddleocr_names):
    from paddleocr._utils import langs

    groups = (langs.LATIN_LANGS, langs.ARABIC_LANGS, langs.ESLAV_LANGS, langs.CYRILLIC_LANGS)
    codes = set().union(*groups, langs.DEVANAGARI_LANGS)
    for ocr_version in model_catalog.OCR_VERSIONS:
        ours = {
            model_set(ocr_version, language, model_type).recognition
            for language in model_catalog.languages_of(ocr_version)
            for model_type in model_catalog.MODEL_TYPES
        }
        theirs = {paddleocr_names(ocr_version, code)[1] for code in codes | set(model_catalog.LANGUAGES)} - {
            None
        }
        assert theirs <= ours


def test_the_published_formats_are_those_of_the_official_hub(official):
    for ocr_version, language, model_type in model_catalog.combinations():
        models = model_set(ocr_version, language, model_type)
        has_onnx = "onnx" in model_catalog.published_formats(ocr_version)
        for name in (models.detection, models.recognition):
            assert (name in official.ONNX_SUPPORTED_MODELS) == has_onnx, name


@pytest.mark.parametrize(
    ("combination", "expected"),
    [
        pytest.param(
            ("PP-OCRv5", "ch", "server"),
            ModelSet("PP-OCRv5_server_det", "PP-OCRv5_server_rec"),
            id="the guide",
        ),
        pytest.param(
            ("PP-OCRv5", "japan", "mobile"),
            ModelSet("PP-OCRv5_mobile_det", "PP-OCRv5_mobile_rec"),
            id="shared",
        ),
        pytest.param(
            ("PP-OCRv5", "arabic", "mobile"),
            ModelSet("PP-OCRv5_mobile_det", "arabic_PP-OCRv5_mobile_rec"),
            id="own script",
        ),
        pytest.param(
            ("PP-OCRv6", "latin", "mobile"), ModelSet("PP-OCRv6_small_det", "PP-OCRv6_small_rec"), id="small"
        ),
        pytest.param(
            ("PP-OCRv4", "ch", "server"),
            ModelSet("PP-OCRv4_server_det", "PP-OCRv4_server_rec"),
            id="v4 server",
        ),
    ],
)
def test_a_combination_names_its_models(combination, expected):
    assert model_set(*combination) == expected


def test_a_missing_server_model_is_noted():
    models = model_set("PP-OCRv5", "korean", "server")
    assert (models.detection, models.recognition) == ("PP-OCRv5_server_det", "korean_PP-OCRv5_mobile_rec")
    assert models.notes == (
        "PP-OCRv5 has no server model for the recognition of korean: the model type server uses "
        "PP-OCRv5_server_det and korean_PP-OCRv5_mobile_rec, as PaddleOCR does",
    )


@pytest.mark.parametrize(
    ("combination", "message"),
    [
        pytest.param(
            ("PP-OCRv5", "koreen", "mobile"),
            "PP-OCRv5 does not support the language 'koreen'; use one of ch, en, japan, korean, arabic, "
            "cyrillic, devanagari, latin, eslav, th, el, te, ta, chinese_cht",
            id="misspelt",
        ),
        pytest.param(
            ("PP-OCRv4", "japan", "server"),
            "PP-OCRv4 does not support the language 'japan'; use one of ch, en, or for japan the OCR version "
            "PP-OCRv6 or PP-OCRv5 or PP-OCRv3",
            id="other OCR version",
        ),
        pytest.param(
            ("PP-OCRv7", "ch", "mobile"),
            "the OCR version 'PP-OCRv7' does not exist; use one of PP-OCRv6, PP-OCRv5, PP-OCRv4, PP-OCRv3",
            id="ocr_version",
        ),
        pytest.param(
            ("PP-OCRv5", "ch", "tiny"),
            "the model type 'tiny' does not exist; use one of server, mobile",
            id="model_type",
        ),
    ],
)
def test_an_unknown_combination_is_refused_with_what_exists(combination, message):
    with pytest.raises(UnknownModelsError) as error:
        model_set(*combination)
    assert str(error.value) == message


@pytest.mark.parametrize("module", ["ocr_backend.config.model_catalog", "ocr_backend.config.settings"])
def test_the_module_imports_no_library(module):
    code = (
        "import sys; before = set(sys.modules); import " + module + "; "
        "print(*sorted({name.partition('.')[0] for name in set(sys.modules) - before}"
        " - set(sys.stdlib_module_names)))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.split() == ["ocr_backend"]
