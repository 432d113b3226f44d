"""The sample of each language: its letters tell scripts apart, and its image shows its text upright."""

import pytest
from PIL import Image as PilImage

from ocr_backend.config import model_catalog
from ocr_backend.config.settings import Settings
from ocr_backend.models import builtin_models, scripts
from ocr_backend.ocr import orientation
from ocr_backend.ocr.engine_factory import open_reader
from ocr_backend.ocr.onnx_runtime import OnnxRuntime
from ocr_backend.ocr_types import Image

LANGUAGES = tuple(model_catalog.LANGUAGES)
SAME_SCRIPT = ({"ch", "japan", "chinese_cht"}, {"cyrillic", "eslav"}, {"en", "latin"})


def share_script(first: str, second: str) -> bool:
    return first == second or any({first, second} <= languages for languages in SAME_SCRIPT)


def test_every_language_has_a_sample() -> None:
    assert set(scripts.SAMPLES) == set(LANGUAGES)
    assert {file.stem for file in scripts.IMAGES.iterdir()} == set(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_image_is_small_and_shows_the_text_of_its_language(language: str) -> None:
    file = scripts.IMAGES / f"{language}.png"
    with PilImage.open(file) as image:
        assert image.info["Description"] == scripts.SAMPLES[language]
    assert file.stat().st_size < 4096
    assert scripts.image(language).shape[::2] == (96, 3)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_letters_of_a_sample_tell_its_script_from_all_others(language: str) -> None:
    assert scripts.share_read(language, scripts.SAMPLES[language]) == 1
    assert scripts.share_read(language, scripts.SAMPLES[language][::-1]) == 1  # as it is drawn in Arabic
    others = [other for other in LANGUAGES if not share_script(language, other)]
    for other in others:
        assert scripts.share_read(language, scripts.SAMPLES[other]) == 0, other
        assert scripts.missing_letters(language, set(scripts.SAMPLES[other])), other


def test_marks_around_letters_and_letters_of_all_dictionaries_do_not_count() -> None:
    assert scripts.letters("devanagari") == "मरठअकषरलखत"
    assert scripts.letters("el") == "ίήίώ"
    assert scripts.letters("latin") == "ęößčš"
    assert scripts.letters("en") == "PrintedEnglishtext"
    assert scripts.missing_letters("latin", set("Größe")) == "ęčš"


def test_a_line_with_some_misread_letters_is_of_the_script() -> None:
    assert scripts.share_read("korean", "한국이 문자 안식 시함") > scripts.MIN_SHARE
    assert scripts.share_read("latin", "reka Große casa") < scripts.MIN_SHARE


@pytest.mark.model
@pytest.mark.parametrize("ocr_version", ["PP-OCRv6", "PP-OCRv5"])
def test_real_weights_read_the_samples_of_their_languages_only(ocr_version: str) -> None:
    readable = set(model_catalog.BUILTIN_LANGUAGES[ocr_version]) | {"latin"}
    reader = open_reader(
        Settings(ocr_version=ocr_version, model_type="mobile", model_source="builtin", slots=1)
    )
    try:
        for language in LANGUAGES:
            text = "".join(line.text for line in reader.read(scripts.image(language)))
            assert (scripts.share_read(language, text) >= scripts.MIN_SHARE) == (language in readable), text
    finally:
        reader.close()


@pytest.mark.model
@pytest.mark.parametrize(
    ("role", "upright"), [("textline_orientation", "0_degree"), ("doc_orientation", "0")]
)
def test_the_classifiers_take_every_image_for_upright(role: str, upright: str) -> None:
    images = [scripts.image(language) for language in LANGUAGES]
    images = [_text_alone(image) for image in images] if role == "textline_orientation" else images
    with builtin_models.folders({role: model_catalog.OPTIONAL_MODELS[role]}) as models:
        network, _ = OnnxRuntime(use_gpu=False).load_network(models[role])
        classifier = orientation.classifier(models[role])
        labels = classifier.best_labels(network(classifier.network_input(images)))
    assert dict(zip(LANGUAGES, labels, strict=True)) == dict.fromkeys(LANGUAGES, upright)


def _text_alone(image: Image) -> Image:
    """Without the margins, as detection cuts a line out."""
    rows, columns = (image[:, :, 0] < 128).nonzero()
    return image[rows.min() - 5 : rows.max() + 6, columns.min() - 5 : columns.max() + 6]
