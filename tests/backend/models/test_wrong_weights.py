"""Folders of the Korean recogniser that hold the Chinese one: each is refused, at the latest by reading."""

import shutil
from pathlib import Path

import pytest

import stand_in_models
from model_configs import change_config, read_config
from ocr_backend.config import model_catalog
from ocr_backend.config.settings import Settings
from ocr_backend.errors import GoldenSampleError
from ocr_backend.models import builtin_models, golden_sample, inference_config, scripts
from ocr_backend.models.model_folder import ModelError
from ocr_backend.ocr.engine_factory import open_reader

DETECTION, CHINESE, KOREAN = "PP-OCRv5_mobile_det", "PP-OCRv5_mobile_rec", "korean_PP-OCRv5_mobile_rec"

WITHOUT_WEIGHTS = ("korean", "arabic", "cyrillic", "devanagari", "eslav", "th", "el", "te", "ta", "ka")
"""No Python package carries recognisers of these: stand-in dictionaries take their place."""


@pytest.fixture
def model_dir(tmp_path: Path) -> Path:
    """MODEL_DIR in which the folder of the Korean recogniser has the real Chinese weights and description."""
    with builtin_models.folders({"detection": DETECTION, "recognition": CHINESE}) as models:
        shutil.copytree(models["detection"].folder, tmp_path / f"{DETECTION}_onnx")
        shutil.copytree(models["recognition"].folder, tmp_path / f"{KOREAN}_onnx")
    return tmp_path


def describe(model_dir: Path, name: str, dictionary: list[str]) -> None:
    post_process = {"name": "CTCLabelDecode", "character_dict": dictionary}
    change_config(model_dir / f"{KOREAN}_onnx", Global={"model_name": name}, PostProcess=post_process)


def dictionary_of(model_dir: Path) -> list[str]:
    characters: list[str] = read_config(model_dir / f"{KOREAN}_onnx")["PostProcess"]["character_dict"]
    return characters


def settings(model_dir: Path, language: str = "korean") -> Settings:
    return Settings(
        model_type="mobile",
        model_source="dir",
        model_dir=str(model_dir),
        language=language,
        use_textline_orientation=False,
        slots=1,
    )


def test_a_description_of_the_chinese_model_is_refused(model_dir: Path) -> None:
    with pytest.raises(ModelError, match=f"describes the model '{CHINESE}', not '{KOREAN}'"):
        open_reader(settings(model_dir))


def test_a_chinese_dictionary_is_refused(model_dir: Path) -> None:
    describe(model_dir, KOREAN, dictionary_of(model_dir))
    with pytest.raises(ModelError, match="lacks the letters 한국어문자인식시험 of the language korean"):
        open_reader(settings(model_dir))


@pytest.mark.model
def test_chinese_weights_with_a_korean_dictionary_of_another_size_are_refused(model_dir: Path) -> None:
    describe(model_dir, KOREAN, [chr(0xAC00 + number) for number in range(11172)])
    with pytest.raises(ModelError, match="the network has 18385 classes, but its dictionary has 11174"):
        open_reader(settings(model_dir))


@pytest.mark.model
def test_chinese_weights_with_a_korean_dictionary_of_their_size_misread_the_golden_sample(
    model_dir: Path,
) -> None:
    syllables = (chr(0xAC00 + number) for number in range(11172))
    characters = dictionary_of(model_dir)
    korean = [next(syllables, char) if "一" <= char <= "鿿" else char for char in characters]
    describe(model_dir, KOREAN, korean)
    reader = open_reader(settings(model_dir))
    try:
        with pytest.raises(GoldenSampleError, match="of the language korean was read as .* another script"):
            golden_sample.check(reader, "korean")
        warning = golden_sample.check(reader, "korean", is_strict=False)
    finally:
        reader.close()
    assert warning.startswith("OCR_GOLDEN_CHECK is off: the golden sample '한국어문자인식시험'")


@pytest.mark.parametrize(
    ("name", "language"),
    [(name, each) for name in builtin_models.FILES for each in model_catalog.languages_read_by(name)],
)
def test_the_real_dictionaries_have_the_letters_of_their_languages_only(name: str, language: str) -> None:
    with builtin_models.folders({"recognition": name}) as models:
        known = set(models["recognition"].config["PostProcess"]["character_dict"])
    assert not scripts.missing_letters(language, known)
    for other in WITHOUT_WEIGHTS:
        assert scripts.missing_letters(other, known), other


RECOGNISERS = sorted({model_catalog.model_set(*each).recognition for each in model_catalog.combinations()})


@pytest.mark.parametrize("name", RECOGNISERS)
def test_a_dictionary_without_letters_of_a_language_is_a_problem_of_an_official_model(name: str) -> None:
    [language, *_] = model_catalog.languages_read_by(name)
    complete = stand_in_models.characters(name)
    letter = scripts.letters(language)[0]
    for dictionary, problems in ((complete, 0), ([char for char in complete if char != letter], 1)):
        config = {"Global": {"model_name": name}, "PostProcess": {"character_dict": dictionary}}
        found_problems = list(inference_config.official_problems("recognition", name, config))
        assert len(found_problems) == problems
    assert f"lacks the letters {letter} of the language {language}" in found_problems[0]
