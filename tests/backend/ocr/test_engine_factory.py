"""Which engine reads with which model format, and the error if none can."""

import logging

import pytest

from ocr_backend.config.settings import Settings
from ocr_backend.models.model_folder import ModelError
from ocr_backend.ocr import engine_factory
from ocr_backend.ocr.engine_factory import InstalledPackages, engine_plans, open_reader


def installed(*names):
    fields = ("openvino", "onnxruntime", "onnxruntime_gpu", "paddleocr", "paddle", "paddle_gpu")
    return InstalledPackages(**{field: field in names for field in fields})


CPU = installed("openvino", "onnxruntime", "paddleocr", "paddle")
PADDLE_GPU = installed("onnxruntime", "paddleocr", "paddle", "paddle_gpu")
BOTH_GPU = installed("openvino", "onnxruntime", "onnxruntime_gpu", "paddleocr", "paddle", "paddle_gpu")
OPENVINO, ONNXRUNTIME = ("openvino", "onnx"), ("onnxruntime", "onnx")
PADDLE, PADDLE_ONNX = ("paddle", "paddle"), ("paddle", "onnx")


@pytest.mark.parametrize(
    ("values", "packages", "expected"),
    [
        pytest.param({}, CPU, [OPENVINO, ONNXRUNTIME, PADDLE, PADDLE_ONNX], id="auto"),
        pytest.param({"engine": "openvino"}, CPU, [OPENVINO], id="openvino"),
        pytest.param({"engine": "onnxruntime"}, CPU, [ONNXRUNTIME], id="onnxruntime"),
        pytest.param({"engine": "paddle"}, CPU, [PADDLE, PADDLE_ONNX], id="paddle"),
        pytest.param(
            {}, installed("onnxruntime", "paddleocr"), [ONNXRUNTIME, PADDLE_ONNX], id="no paddlepaddle"
        ),
        pytest.param({}, installed("paddleocr", "paddle"), [PADDLE], id="no onnxruntime"),
        pytest.param({"use_doc_unwarping": True}, CPU, [PADDLE, PADDLE_ONNX], id="only PaddleOCR unwarps"),
        pytest.param({"use_gpu": True}, PADDLE_GPU, [PADDLE], id="paddlepaddle-gpu"),
        pytest.param({"use_gpu": True}, BOTH_GPU, [ONNXRUNTIME, PADDLE, PADDLE_ONNX], id="both on the GPU"),
        pytest.param({"use_gpu": True}, CPU, [], id="no GPU build, and no CPU instead"),
        pytest.param({"engine": "paddle"}, installed("onnxruntime"), [], id="nothing"),
    ],
)
def test_the_plans_follow_from_settings_and_installed_packages(values, packages, expected):
    assert [
        (plan.engine, plan.model_format) for plan in engine_plans(Settings(**values), packages)
    ] == expected


@pytest.mark.parametrize(
    ("values", "message"),
    [
        pytest.param(
            {"use_gpu": True},
            "PADDLEOCR_USE_GPU=true, but nothing installed here can use a GPU for OCR_ENGINE=auto; install "
            "paddlepaddle-gpu or onnxruntime-gpu, or set PADDLEOCR_USE_GPU=false",
            id="gpu",
        ),
        pytest.param(
            {"engine": "paddle"},
            "no installed engine can be used with OCR_ENGINE=paddle; install paddlepaddle and paddleocr",
            id="paddle",
        ),
        pytest.param(
            {"engine": "onnxruntime"},
            "no installed engine can be used with OCR_ENGINE=onnxruntime; install onnxruntime",
            id="onnxruntime",
        ),
        pytest.param(
            {"engine": "openvino"},
            "no installed engine can be used with OCR_ENGINE=openvino; install openvino",
            id="openvino",
        ),
        pytest.param(
            {"use_doc_unwarping": True},
            "no installed engine can be used with OCR_ENGINE=auto; install paddlepaddle and paddleocr",
            id="unwarping",
        ),
    ],
)
def test_without_a_usable_engine_the_error_says_what_to_install(monkeypatch, values, message):
    monkeypatch.setattr(engine_factory, "_installed_packages", lambda _: installed())
    with pytest.raises(ModelError) as error:
        open_reader(Settings(**values))
    assert str(error.value) == message


def test_this_installation_has_no_gpu_and_does_not_fall_back_to_the_cpu():
    with pytest.raises(ModelError, match="PADDLEOCR_USE_GPU=true, but nothing installed here can use a GPU"):
        open_reader(Settings(use_gpu=True))


@pytest.mark.model
def test_the_engine_and_the_reason_are_logged(builtin, caplog):
    with caplog.at_level(logging.INFO, "ocr_backend.ocr.engine_factory"):
        open_reader(builtin()).close()
    engine, precision = caplog.messages
    assert engine == "engine openvino (OCR_ENGINE=auto): fastest on the CPU for models in onnx format"
    assert precision in (
        f"openvino computes in {number_format} (OCR_PRECISION=auto)" for number_format in ("bf16", "f32")
    )


def test_server_models_with_a_mobile_recogniser_are_logged(tmp_path, caplog):
    settings = Settings(language="korean", model_source="dir", model_dir=str(tmp_path))
    with caplog.at_level(logging.INFO, "ocr_backend.ocr.engine_factory"), pytest.raises(ModelError):
        open_reader(settings)
    assert caplog.messages[0].startswith("PP-OCRv5 has no server model for the recognition of korean")


def test_with_a_folder_as_source_nothing_is_downloaded(tmp_path):
    settings = Settings(model_source="dir", model_dir=str(tmp_path / "none"))
    with pytest.raises(ModelError, match="no model PP-OCRv5_server_det and no model PP-OCRv5_server_rec and"):
        open_reader(settings)
    assert not (tmp_path / "none").exists()
