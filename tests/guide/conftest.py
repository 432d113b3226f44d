"""A backend that is configured as in the guide: with environment variables only."""

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
    """`client_with(variables, reader)`: a test client of an app with these variables and a fake reader."""
    workers = []

    def make_client(variables: dict[str, str], reader: FakeReader | None = None) -> Any:
        settings = from_env({"OCR_FETCH_ALLOW": "127.0.0.1", **variables})
        worker = Worker(settings, lambda _: reader or FakeReader(), max_requests=10)
        worker.load()
        workers.append(worker)
        return create_app(worker).test_client()

    yield make_client
    for worker in workers:
        worker.stop()


@pytest.fixture
def web() -> Iterator[ScriptedServer]:
    """A server that stands in for image hosts and Label Studio."""
    with serving(ScriptedServer()) as server:
        yield server


@pytest.fixture(scope="session")
def png() -> bytes:
    """An empty image as a PNG file."""
    file = io.BytesIO()
    Image.new("RGB", (200, 100), "white").save(file, "PNG")
    return file.getvalue()


@pytest.fixture(scope="session")
def data_uri(png: bytes) -> str:
    """The same image as a data URI."""
    return _data_uri(png)


@pytest.fixture(scope="session")
def real_image() -> Path:
    """An image with the text TEST."""
    return ROOT / "tests" / "data" / "images" / "issue_170.png"


@pytest.fixture(scope="session")
def sign() -> Path:
    """An image with several lines, among them "Kenapa Harus Punya IMB?"."""
    return ROOT / "tests" / "data" / "images" / "ls_image.jpeg"


@pytest.fixture(scope="session")
def as_task() -> Callable[[bytes], dict[str, Any]]:
    """`as_task(content)`: the body of a predict request for one image."""
    return lambda content: {"tasks": [{"id": 1, "data": {"image": _data_uri(content)}}]}


def _data_uri(content: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(content).decode()
