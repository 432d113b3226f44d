"""The backend as the guide's reader has it: made from variables only."""

import base64
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from fake_reader import FakeReader
from loopback import serving
from ocr_backend.config.settings import from_env
from ocr_backend.pipeline.worker import Worker
from ocr_backend.web.app import create_app
from scripted_server import ScriptedServer

ROOT = Path(__file__).parents[2]
MakeClient = Callable[..., Any]


@pytest.fixture(scope="session")
def guide() -> Path:
    return ROOT / "docs" / "guide.md"


@pytest.fixture
def client_with() -> Iterator[MakeClient]:
    """`client_with(variables, reader)`: the app that these variables make, with a reader without networks."""
    workers = []

    def made(variables: dict[str, str], reader: FakeReader | None = None) -> Any:
        settings = from_env({"OCR_FETCH_ALLOW": "127.0.0.1", **variables})
        worker = Worker(settings, lambda _: reader or FakeReader(), most_requests=10)
        worker.load()
        workers.append(worker)
        return create_app(worker).test_client()

    yield made
    for worker in workers:
        worker.stop()


@pytest.fixture
def web() -> Iterator[ScriptedServer]:
    """Hosts of images, Label Studio among them."""
    with serving(ScriptedServer()) as server:
        yield server


@pytest.fixture(scope="session")
def png() -> bytes:
    """The file of an empty image."""
    file = io.BytesIO()
    Image.new("RGB", (200, 100), "white").save(file, "PNG")
    return file.getvalue()


@pytest.fixture(scope="session")
def inline(png: bytes) -> str:
    """The same as the address of an image."""
    return _inline(png)


@pytest.fixture(scope="session")
def real_image() -> Path:
    """An image that says TEST."""
    return ROOT / "tests" / "data" / "images" / "issue_170.png"


@pytest.fixture(scope="session")
def sign() -> Path:
    """An image with several lines, among them "Kenapa Harus Punya IMB?"."""
    return ROOT / "tests" / "data" / "images" / "ls_image.jpeg"


@pytest.fixture(scope="session")
def as_task() -> Callable[[bytes], dict[str, Any]]:
    """A request for the prediction of one image, by its content."""
    return lambda content: {"tasks": [{"id": 1, "data": {"image": _inline(content)}}]}


def _inline(content: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(content).decode()
