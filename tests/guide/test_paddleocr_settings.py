"""The guide's tables "PaddleOCR settings" and "Supported languages": what each variable changes."""

import io
import json
import re
import subprocess
import sys

import pytest
from PIL import Image

from backend_process import BUILTIN, clean_environment
from fake_reader import FakeReader, line
from ocr_backend.config.settings import from_env
from ocr_backend.models.model_folder import ModelError
from ocr_backend.ocr.engine_factory import open_reader


@pytest.fixture
def missing_models(tmp_path):
    """`missing_models(variables)`: the models that the backend does not find in an empty folder."""

    def names(variables: dict[str, str]) -> list[str]:
        with pytest.raises(ModelError) as error:
            open_reader(from_env({"OCR_MODEL_SOURCE": "dir", "MODEL_DIR": str(tmp_path), **variables}))
        return re.findall(r"no model (\S+)", str(error.value))

    return names


@pytest.fixture
def read(tmp_path):
    """`read(image, variables)`: status, lines and log of `ocr-backend read` with the builtin models."""

    def run_read(image: bytes, variables: dict[str, str]) -> tuple[int, list[str], str]:
        file = tmp_path / "image.png"
        file.write_bytes(image)
        command = [sys.executable, "-m", "ocr_backend", "read", "--json", str(file)]
        env = {**clean_environment(), **BUILTIN, **variables}
        completed = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        lines = [line["text"] for row in completed.stdout.splitlines() for line in json.loads(row)["lines"]]
        return completed.returncode, lines, completed.stderr

    return run_read


def test_the_default_reads_chinese_with_the_server_models_of_pp_ocrv5(missing_models):
    assert missing_models({}) == ["PP-OCRv5_server_det", "PP-OCRv5_server_rec", "PP-LCNet_x1_0_textline_ori"]


@pytest.mark.parametrize("ocr_version", ["PP-OCRv5", "PP-OCRv4"])
def test_paddleocr_version_chooses_the_ocr_version(missing_models, ocr_version):
    assert f"{ocr_version}_server_det" in missing_models({"PADDLEOCR_VERSION": ocr_version})


@pytest.mark.parametrize("model_type", ["server", "mobile"])
def test_paddleocr_model_type_chooses_the_models(missing_models, model_type):
    assert missing_models({"PADDLEOCR_MODEL_TYPE": model_type})[:2] == [
        f"PP-OCRv5_{model_type}_det",
        f"PP-OCRv5_{model_type}_rec",
    ]


@pytest.mark.parametrize(
    ("language", "recogniser"),
    [
        ("ch", "PP-OCRv5_mobile_rec"),
        ("en", "en_PP-OCRv5_mobile_rec"),
        ("japan", "PP-OCRv5_mobile_rec"),
        ("korean", "korean_PP-OCRv5_mobile_rec"),
        ("arabic", "arabic_PP-OCRv5_mobile_rec"),
        ("cyrillic", "cyrillic_PP-OCRv5_mobile_rec"),
        ("devanagari", "devanagari_PP-OCRv5_mobile_rec"),
        ("latin", "latin_PP-OCRv5_mobile_rec"),
        ("eslav", "eslav_PP-OCRv5_mobile_rec"),
        ("th", "th_PP-OCRv5_mobile_rec"),
        ("el", "el_PP-OCRv5_mobile_rec"),
        ("te", "te_PP-OCRv5_mobile_rec"),
        ("ta", "ta_PP-OCRv5_mobile_rec"),
        ("chinese_cht", "PP-OCRv5_mobile_rec"),
    ],
)
def test_paddleocr_lang_chooses_the_recogniser(missing_models, language, recogniser):
    models = missing_models({"PADDLEOCR_LANG": language, "PADDLEOCR_MODEL_TYPE": "mobile"})
    assert models[1] == recogniser


def test_a_missing_server_recogniser_is_logged(missing_models, caplog):
    caplog.set_level("INFO")
    models = missing_models({"PADDLEOCR_LANG": "korean"})
    assert models[:2] == ["PP-OCRv5_server_det", "korean_PP-OCRv5_mobile_rec"]
    assert "PP-OCRv5 has no server model for the recognition of korean" in caplog.text


@pytest.mark.model
def test_paddleocr_use_gpu_does_not_fall_back_to_the_cpu(read, png):
    status, _, log = read(png, {"PADDLEOCR_USE_GPU": "true"})
    assert status == 3
    assert "PADDLEOCR_USE_GPU=true, but nothing installed here can use a GPU" in log
    assert "install paddlepaddle-gpu or onnxruntime-gpu" in log


def test_paddleocr_use_doc_orientation_adds_its_model(missing_models):
    assert "PP-LCNet_x1_0_doc_ori" in missing_models({"PADDLEOCR_USE_DOC_ORIENTATION": "true"})
    assert "PP-LCNet_x1_0_doc_ori" not in missing_models({"PADDLEOCR_USE_DOC_ORIENTATION": "false"})


def test_paddleocr_use_doc_unwarping_adds_its_model(missing_models):
    assert "UVDoc" in missing_models({"PADDLEOCR_USE_DOC_UNWARPING": "true"})
    assert "UVDoc" not in missing_models({"PADDLEOCR_USE_DOC_UNWARPING": "false"})


@pytest.mark.parametrize(
    ("switch", "model"),
    [
        ("PADDLEOCR_USE_DOC_ORIENTATION", "PP-LCNet_x1_0_doc_ori"),
        ("PADDLEOCR_USE_DOC_UNWARPING", "UVDoc"),
        ("PADDLEOCR_USE_TEXTLINE_ORIENTATION", "PP-LCNet_x1_0_textline_ori"),
    ],
)
def test_a_missing_optional_model_is_reported_with_a_fix(tmp_path, switch, model):
    variables = {"OCR_MODEL_SOURCE": "dir", "MODEL_DIR": str(tmp_path), switch: "true"}
    with pytest.raises(ModelError, match="set OCR_MODEL_SOURCE=hub to download them") as error:
        open_reader(from_env(variables))
    assert f"no model {model}" in str(error.value)


def test_a_switch_without_a_builtin_model_is_refused(read, png):
    status, _, log = read(png, {"PADDLEOCR_USE_DOC_UNWARPING": "true"})
    assert status == 2
    message = "builtin has no model for this; set it to false, or OCR_MODEL_SOURCE to hub"
    assert f"PADDLEOCR_USE_DOC_UNWARPING: {message}" in log


@pytest.mark.model
def test_paddleocr_use_textline_orientation_reads_lines_upside_down(read, sign):
    file = io.BytesIO()
    with Image.open(sign) as image:
        image.rotate(180).save(file, "PNG")
    upside_down, text = file.getvalue(), "Kenapa Harus Punya IMB?"
    assert text in read(upside_down, {})[1]
    assert text not in read(upside_down, {"PADDLEOCR_USE_TEXTLINE_ORIENTATION": "false"})[1]


@pytest.mark.parametrize(
    ("threshold", "expected"),
    [("", ["half", "sure"]), ("0.8", ["sure"]), ("0.1", ["doubtful", "half", "sure"]), ("1.0", [])],
)
def test_paddleocr_score_threshold_drops_lines_with_a_lower_score(
    client_with, as_task, png, threshold, expected
):
    reader = FakeReader(lambda image: [line("doubtful", 0.2), line("half", 0.5), line("sure", 0.9)])
    client = client_with({"PADDLEOCR_SCORE_THRESHOLD": threshold}, reader)
    (prediction,) = client.post("/predict", json=as_task(png)).json["results"]
    texts = [item["value"]["text"] for item in prediction["result"] if item["type"] == "textarea"]
    assert texts == [[text] for text in expected]
