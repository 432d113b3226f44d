"""Fixtures for tests that read: real images, readers with real weights (loaded once), a stand-in hub."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from loopback import RefusingProxy, serving
from ocr_backend.config.settings import Settings
from ocr_backend.images.decoding import decode_image
from ocr_backend.models import builtin_models
from ocr_backend.models.hub import hub_client
from ocr_backend.ocr.engine_factory import open_reader
from ocr_backend.ocr_types import Image, Reader
from stand_in_hub import StandInHub

SMALL_MODELS = {"detection": "PP-OCRv6_small_det", "recognition": "PP-OCRv6_small_rec"}
IMAGES = Path(__file__).parents[1] / "data" / "images"

Truth = dict[str, dict[str, Any]]


@pytest.fixture(scope="session")
def truth() -> Truth:
    """File name -> language, lines, size and whether the builtin models can read the script."""
    text = (IMAGES / "ground_truth.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


@pytest.fixture(scope="session")
def images(truth: Truth) -> dict[str, Image]:
    """File name -> image in the form that readers take."""
    return {name: decode_image((IMAGES / name).read_bytes(), 10**8) for name in truth}


@pytest.fixture(scope="session")
def builtin() -> Callable[..., Settings]:
    """Makes settings for the builtin weights."""

    def settings(**values: Any) -> Settings:
        defaults: dict[str, Any] = {
            "ocr_version": "PP-OCRv6",
            "model_type": "mobile",
            "model_source": "builtin",
            "slots": 2,
        }
        return Settings(**(defaults | values))

    return settings


@pytest.fixture(scope="session")
def openvino_reader(builtin: Callable[..., Settings]) -> Iterator[Reader]:
    """A reader with OpenVINO, whose precision depends on this CPU."""
    reader = open_reader(builtin(engine="openvino"))
    yield reader
    reader.close()


@pytest.fixture(scope="session")
def onnxruntime_reader(builtin: Callable[..., Settings]) -> Iterator[Reader]:
    """A reader with ONNX Runtime."""
    reader = open_reader(builtin(engine="onnxruntime"))
    yield reader
    reader.close()


@pytest.fixture(params=["openvino_reader", "onnxruntime_reader"])
def builtin_reader(request: pytest.FixtureRequest) -> Reader:
    """A reader with each engine that supports all builtin weights."""
    reader: Reader = request.getfixturevalue(request.param)
    return reader


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch) -> Iterator[RefusingProxy]:
    """Blocks every other machine, and records the requests to them."""
    monkeypatch.setattr(hub_client, "RETRY_DELAY_SECONDS", 0)  # transient errors are retried
    with serving(RefusingProxy()) as proxy:
        for name, text in proxy.variables.items():
            monkeypatch.setenv(name, text)
            monkeypatch.setenv(name.upper(), text)
        yield proxy


@pytest.fixture(scope="session")
def official(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders with the names of official models and the builtin weights."""
    root = tmp_path_factory.mktemp("official")
    with builtin_models.folders(SMALL_MODELS) as models:
        for model in models.values():
            shutil.copytree(model.folder, root / model.folder.name)
    return root


@pytest.fixture
def hub(official: Path, outside: RefusingProxy) -> Iterator[StandInHub]:
    """A stand-in hub that serves these folders."""
    with serving(StandInHub()) as server:
        for folder in official.iterdir():
            server.put(folder)
        yield server
