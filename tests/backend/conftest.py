"""Workers and apps with a fake reader, and web servers with scripted replies."""

import io
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from flask import Flask
from PIL import Image

from downloading import MakeDownloader
from fake_reader import FakeReader
from loopback import serving
from ocr_backend.config.settings import Settings
from ocr_backend.fetch.downloader import Downloader
from ocr_backend.pipeline.worker import Worker
from ocr_backend.web.app import create_app
from scripted_server import ScriptedServer

MakeApp = Callable[..., Flask]


@pytest.fixture
def web() -> Iterator[ScriptedServer]:
    with serving(ScriptedServer()) as server:
        yield server


@pytest.fixture
def other_web() -> Iterator[ScriptedServer]:
    """A server with another origin than `web`."""
    with serving(ScriptedServer()) as server:
        yield server


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def bundle(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file with the authority's certificate; REQUESTS_CA_BUNDLE names it."""
    file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(file))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(file))
    return file


@pytest.fixture
def secure(authority: trustme.CA) -> Iterator[tuple[ScriptedServer, str]]:
    """A server with a certificate for `localhost` from the authority, and its URL."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    server = ScriptedServer()
    server.socket = context.wrap_socket(server.socket, server_side=True)
    with serving(server):
        yield server, f"https://localhost:{server.server_port}"


@pytest.fixture
def settings() -> Callable[..., Settings]:
    """Makes settings that allow images from loopback, with changed fields."""

    def make(**changed: Any) -> Settings:
        return Settings(**{"allowed_hosts": ("127.0.0.0/8",), **changed})

    return make


@pytest.fixture
def make_downloader(settings: Callable[..., Settings]) -> Iterator[MakeDownloader]:
    downloaders = []

    def make(**changed: Any) -> Downloader:
        downloaders.append(Downloader(settings(**changed), threads=4))
        return downloaders[-1]

    yield make
    for downloader in downloaders:
        downloader.close()


@pytest.fixture
def dripping(web: ScriptedServer) -> Iterator[ScriptedServer]:
    """`web` with an event `pause` that scripts can wait for; it is set when the test ends."""
    web.pause = threading.Event()  # type: ignore[attr-defined]
    yield web
    web.pause.set()  # type: ignore[attr-defined]


@pytest.fixture
def make_worker(settings: Callable[..., Settings]) -> Iterator[Callable[..., Worker]]:
    """Makes a worker with a reader, loaded by default."""
    workers = []

    def make(reader: FakeReader, is_loaded: bool = True, max_requests: int = 100, **changed: Any) -> Worker:
        worker = Worker(settings(**changed), lambda _: reader, max_requests)
        if is_loaded:
            worker.load()
        workers.append(worker)
        return worker

    yield make
    for worker in workers:
        worker.stop()


@pytest.fixture
def make_client(make_worker: Callable[..., Worker]) -> Callable[..., Any]:
    """Makes a test client of an app with a reader and changed settings."""

    def make(reader: FakeReader | None = None, **changed: Any) -> Any:
        return create_app(make_worker(reader or FakeReader(), **changed)).test_client()

    return make


@pytest.fixture
def png() -> Callable[..., bytes]:
    """Makes the file of an image in one colour."""

    def make(
        width: int = 200, height: int = 100, colour: str = "white", kind: str = "PNG", **how: Any
    ) -> bytes:
        file = io.BytesIO()
        Image.new(how.pop("mode", "RGB"), (width, height), colour).save(file, kind, **how)
        return file.getvalue()

    return make
