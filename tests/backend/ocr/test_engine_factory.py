"""Which engine reads with which form of models, and what is said when none can."""

import logging

import pytest

from ocr_backend.config.settings import Settings
from ocr_backend.models.model_folder import ModelError
from ocr_backend.ocr import engine_factory
from ocr_backend.ocr.engine_factory import Installed, open_reader, plans


def installed(*names):
    fields = ("openvino", "onnxruntime", "onnxruntime_gpu", "paddleocr", "paddle", "paddle_gpu")
    return Installed(**{field: field in names for field in fields})


CPU = installed("openvino", "onnxruntime", "paddleocr", "paddle")
PADDLE_GPU = installed("onnxruntime", "paddleocr", "paddle", "paddle_gpu")
BOTH_GPU = installed("openvino", "onnxruntime", "onnxruntime_gpu", "paddleocr", "paddle", "paddle_gpu")
VINO, DIRECT = ("openvino", "onnx"), ("onnxruntime", "onnx")
PADDLE, PADDLE_ONNX = ("paddle", "paddle"), ("paddle", "onnx")


@pytest.mark.parametrize(
    ("values", "there", "ways"),
    [
        pytest.param({}, CPU, [VINO, DIRECT, PADDLE, PADDLE_ONNX], id="auto"),
        pytest.param({"engine": "openvino"}, CPU, [VINO], id="openvino"),
        pytest.param({"engine": "onnxruntime"}, CPU, [DIRECT], id="onnxruntime"),
        pytest.param({"engine": "paddle"}, CPU, [PADDLE, PADDLE_ONNX], id="paddle"),
        pytest.param({}, installed("onnxruntime", "paddleocr"), [DIRECT, PADDLE_ONNX], id="no paddlepaddle"),
        pytest.param({}, installed("paddleocr", "paddle"), [PADDLE], id="no onnxruntime"),
        pytest.param({"use_doc_unwarping": True}, CPU, [PADDLE, PADDLE_ONNX], id="only PaddleOCR unwarps"),
        pytest.param({"use_gpu": True}, PADDLE_GPU, [PADDLE], id="paddlepaddle-gpu"),
        pytest.param({"use_gpu": True}, BOTH_GPU, [DIRECT, PADDLE, PADDLE_ONNX], id="both on the GPU"),
        pytest.param({"use_gpu": True}, CPU, [], id="no GPU build, and no CPU instead"),
        pytest.param({"engine": "paddle"}, installed("onnxruntime"), [], id="nothing"),
    ],
)
def test_the_ways_to_read_follow_settings_and_what_is_installed(values, there, ways):
    assert [(plan.engine, plan.form) for plan in plans(Settings(**values), there)] == ways


@pytest.mark.parametrize(
    ("values", "said"),
    [
        pytest.param(
            {"use_gpu": True},
            "PADDLEOCR_USE_GPU=true, but nothing installed here can use a GPU for OCR_ENGINE=auto; install "
            "paddlepaddle-gpu or onnxruntime-gpu, or set it to false",
            id="gpu",
        ),
        pytest.param(
            {"engine": "paddle"},
            "OCR_ENGINE=paddle has nothing to run with here; install paddlepaddle and paddleocr",
            id="paddle",
        ),
        pytest.param(
            {"engine": "onnxruntime"},
            "OCR_ENGINE=onnxruntime has nothing to run with here; install onnxruntime",
            id="onnxruntime",
        ),
        pytest.param(
            {"engine": "openvino"},
            "OCR_ENGINE=openvino has nothing to run with here; install openvino",
            id="openvino",
        ),
        pytest.param(
            {"use_doc_unwarping": True},
            "OCR_ENGINE=auto has nothing to run with here; install paddlepaddle and paddleocr",
            id="unwarping",
        ),
    ],
)
def test_when_nothing_fits_the_error_says_what_to_install(monkeypatch, values, said):
    monkeypatch.setattr(engine_factory, "_installed", lambda _: installed())
    with pytest.raises(ModelError) as error:
        open_reader(Settings(**values))
    assert str(error.value) == said


def test_this_installation_has_no_gpu_and_does_not_fall_back_to_the_cpu():
    with pytest.raises(ModelError, match="PADDLEOCR_USE_GPU=true, but nothing installed here can use a GPU"):
        open_reader(Settings(use_gpu=True))


@pytest.mark.model
def test_the_choice_and_its_reason_are_logged(builtin, caplog):
    with caplog.at_level(logging.INFO, "ocr_backend.ocr.engine_factory"):
        open_reader(builtin()).close()
    chosen, precision = caplog.messages
    assert (
        chosen == "engine openvino, set by OCR_ENGINE=auto: the quickest on the CPU for models in onnx form"
    )
    assert precision in (
        f"openvino computes in {kind}, set by OCR_PRECISION=auto" for kind in ("bf16", "f32")
    )


def test_a_server_tier_with_a_mobile_recogniser_is_logged(tmp_path, caplog):
    settings = Settings(language="korean", model_source="dir", model_dir=str(tmp_path))
    with caplog.at_level(logging.INFO, "ocr_backend.ocr.engine_factory"), pytest.raises(ModelError):
        open_reader(settings)
    assert caplog.messages[0].startswith("PP-OCRv5 has no server recogniser for korean")


def test_the_models_of_a_folder_are_never_fetched(tmp_path):
    settings = Settings(model_source="dir", model_dir=str(tmp_path / "none"))
    with pytest.raises(ModelError, match="no model PP-OCRv5_server_det and no model PP-OCRv5_server_rec and"):
        open_reader(settings)
    assert not (tmp_path / "none").exists()
