"""A backend with custom models: it serves only after they have read their golden sample."""

import cv2
import pytest
import requests

from backend_process import backend_process, running_backend
from model_configs import change_config, read_config
from ocr_backend.models import golden_sample

pytestmark = pytest.mark.model

CONFIG = (
    '<View><Image name="image" value="$image"/><Rectangle name="bbox" toName="image"/>'
    '<TextArea name="transcription" toName="image" perRegion="true"/></View>'
)


@pytest.fixture
def variables(custom_settings):
    """The environment of a backend with the custom models."""
    settings = custom_settings()
    return {
        "PADDLEOCR_VERSION": settings.ocr_version,
        "PADDLEOCR_MODEL_TYPE": settings.model_type,
        "OCR_MODEL_SOURCE": settings.model_source,
        "MODEL_DIR": settings.model_dir,
        "OCR_DETECTION_MODEL": settings.detection_model,
        "OCR_RECOGNITION_MODEL": settings.recognition_model,
        "PADDLEOCR_USE_TEXTLINE_ORIENTATION": "false",
    }


def put_golden_sample(root, text):
    """Puts an image into the recogniser's folder, with this as its text."""
    cv2.imwrite(str(root / "receipts/rec/golden.png"), golden_sample.default_image())
    (root / "receipts/rec/golden.txt").write_text(text)


def set_up(url):
    return requests.post(f"{url}/setup", json={"project": "1.2", "schema": CONFIG}, timeout=30).json()


def test_a_backend_serves_custom_models_that_read_their_golden_sample(custom_root, variables):
    put_golden_sample(custom_root, "314 15926\n")
    with running_backend(variables) as url:
        answer = set_up(url)
        assert answer["warnings"] == []
        settings = requests.get(f"{url}/ui/settings.json", timeout=30).json()
    assert [model["name"] for model in settings["models"]] == ["det", "rec"]
    assert settings["model_version"] == answer["model_version"]


def test_a_backend_whose_custom_models_misread_their_golden_sample_never_serves(
    custom_root, variables, tmp_path
):
    put_golden_sample(custom_root, "2718")
    with (
        pytest.raises(RuntimeError, match="the golden sample '2718' was read as '31415926'"),
        backend_process(variables, tmp_path / "log"),
    ):
        pass


def test_a_custom_recogniser_that_knows_no_digits_serves_with_a_warning_in_setup(custom_root, variables):
    folder = custom_root / "receipts/rec"
    characters = [
        chr(0xE000 + int(character)) if character.isdigit() and character.isascii() else character
        for character in read_config(folder)["PostProcess"]["character_dict"]
    ]
    change_config(folder, PostProcess={"name": "CTCLabelDecode", "character_dict": characters})
    with running_backend(variables) as url:
        (warning,) = set_up(url)["warnings"]
    assert warning.startswith("the custom models could not be checked: ")
    assert "put a golden.png and its text as golden.txt into the model folder" in warning
