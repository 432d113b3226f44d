"""Real pictures and readers with real weights, loaded once."""

import json
from pathlib import Path

import pytest

from ocr_backend.decoding import decoded
from ocr_backend.engines import open_reader
from ocr_backend.settings import Settings

PICTURES = Path(__file__).parents[2] / "data" / "images"


@pytest.fixture(scope="session")
def truth():
    """File name -> language, lines, size and whether the builtin models can read the script."""
    return json.loads((PICTURES / "ground_truth.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def pictures(truth):
    """File name -> picture as a reader takes it."""
    return {name: decoded((PICTURES / name).read_bytes(), 10**8) for name in truth}


@pytest.fixture(scope="session")
def builtin():
    """Makes settings for the builtin weights."""

    def settings(**values):
        given = {"generation": "PP-OCRv6", "tier": "mobile", "model_source": "builtin", "slots": 2}
        return Settings(**(given | values))

    return settings


@pytest.fixture(scope="session")
def openvino_reader(builtin):
    """It computes as it likes on this CPU."""
    reader = open_reader(builtin(engine="openvino"))
    yield reader
    reader.close()


@pytest.fixture(scope="session")
def onnxruntime_reader(builtin):
    reader = open_reader(builtin(engine="onnxruntime"))
    yield reader
    reader.close()


@pytest.fixture(params=["openvino_reader", "onnxruntime_reader"])
def builtin_reader(request):
    """Each of the engines that read the builtin weights whole."""
    return request.getfixturevalue(request.param)
