import shutil

import pytest

from model_configs import change_config
from ocr_backend.config.settings import Settings


@pytest.fixture
def custom_root(official, tmp_path):
    """MODEL_DIR with two custom models; their descriptions name no official model, as in PaddleOCR."""
    for name, folder in (
        ("PP-OCRv6_small_det_onnx", "receipts/det"),
        ("PP-OCRv6_small_rec_onnx", "receipts/rec"),
    ):
        shutil.copytree(official / name, tmp_path / folder)
        change_config(tmp_path / folder, Global=None)
    return tmp_path


@pytest.fixture
def custom_settings(custom_root):
    """Creates settings for the two custom models."""

    def create(**changed):
        defaults = {
            "ocr_version": "PP-OCRv6",
            "model_type": "mobile",
            "model_source": "dir",
            "model_dir": str(custom_root),
            "detection_model": "receipts/det",
            "recognition_model": "receipts/rec",
            "use_textline_orientation": False,
            "slots": 1,
        }
        return Settings(**(defaults | changed))

    return create
