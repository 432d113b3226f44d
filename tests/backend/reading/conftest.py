"""Real pictures and readers with real weights, loaded once."""

import json
import shutil
from pathlib import Path

import pytest

from loopback import Outside, serving
from ocr_backend import builtin_models, hub_http
from ocr_backend.decoding import decoded
from ocr_backend.engines import open_reader
from ocr_backend.settings import Settings
from stand_in_hub import StandInHub

SMALL_MODELS = {"detection": "PP-OCRv6_small_det", "recognition": "PP-OCRv6_small_rec"}
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


@pytest.fixture
def outside(monkeypatch):
    """Nothing but this machine answers; tells what was asked of others."""
    monkeypatch.setattr(hub_http, "PAUSE_SECONDS", 0)  # hubs that are not there are asked twice
    with serving(Outside()) as proxy:
        for name, text in proxy.variables.items():
            monkeypatch.setenv(name, text)
            monkeypatch.setenv(name.upper(), text)
        yield proxy


@pytest.fixture(scope="session")
def official(tmp_path_factory):
    """Folders named as the official ones, with the builtin weights."""
    root = tmp_path_factory.mktemp("official")
    with builtin_models.folders(SMALL_MODELS) as found:
        for model in found.values():
            shutil.copytree(model.folder, root / model.folder.name)
    return root


@pytest.fixture
def hub(official, outside):
    with serving(StandInHub()) as server:
        for folder in official.iterdir():
            server.put(folder)
        yield server
