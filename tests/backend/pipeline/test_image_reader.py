"""Reading of files: credentials, broken files and the image cache."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fake_reader import FakeReader, line
from ocr_backend.config.settings import Settings
from ocr_backend.errors import DeadlineExceededError, ImageError
from ocr_backend.ocr import memory_budget
from ocr_backend.ocr_types import Line
from ocr_backend.pipeline.image_reader import ImageReader, ImageRequest
from ocr_backend.system import cgroup_memory
from ocr_backend.telemetry.metrics import Metrics
from predict_requests import box, tasks_body
from scripted_server import Reply, ScriptedServer


def body(url: str, **params: Any) -> dict[str, Any]:
    return {**tasks_body(url), "params": params}


@pytest.mark.parametrize("context", [None, {"result": [box()]}], ids=["whole image", "interactive"])
def test_the_projects_credentials_are_sent_to_the_images_host(
    make_client: Callable[..., Any], web: ScriptedServer, png: Callable[..., bytes], context: object
) -> None:
    content = png()

    def reply_if_authorized(handler: BaseHTTPRequestHandler) -> None:
        is_authorized = handler.headers.get("Authorization") == "Basic bWU6cEBzcw=="
        (Reply(content) if is_authorized else Reply(b"no", 401))(handler)

    url = web.on("/a.png", reply_if_authorized)
    response = (
        make_client().post("/predict", json=body(url, login="me", password="p@ss", context=context)).json
    )
    assert response["unread"] == []
    assert response["results"][0]["result"]
    assert make_client().post("/predict", json=body(url, context=context)).json["unread"]


def test_a_broken_image_that_was_repaired_is_fetched_again(
    make_client: Callable[..., Any], web: ScriptedServer, png: Callable[..., bytes], tmp_path: Path
) -> None:
    client = make_client(image_cache_dir=str(tmp_path))
    url = web.serve("/a.png", png()[:60])
    assert client.post("/predict", json=body(url)).json["unread"][0]["outcome"] == "broken"
    web.serve("/a.png", png())
    for _ in range(2):
        assert client.post("/predict", json=body(url)).json["unread"] == []
    assert len(web.requests) == 2


def test_lookups_in_the_image_cache_are_counted(
    make_client: Callable[..., Any], web: ScriptedServer, png: Callable[..., bytes], tmp_path: Path
) -> None:
    client = make_client(image_cache_dir=str(tmp_path))
    url = web.serve("/a.png", png())
    for _ in range(3):
        client.post("/predict", json=body(url))
    metrics = client.get("/metrics").text
    assert 'ocr_image_cache_requests_total{outcome="miss"} 1.0' in metrics
    assert 'ocr_image_cache_requests_total{outcome="hit"} 2.0' in metrics


def test_images_are_read_although_the_cache_is_unusable(
    make_client: Callable[..., Any], web: ScriptedServer, png: Callable[..., bytes], tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    client = make_client(image_cache_dir=str(tmp_path / "file"))
    url = web.serve("/a.png", png())
    for _ in range(2):
        assert client.post("/predict", json=body(url)).json["unread"] == []
    assert len(web.requests) == 2


def test_an_image_that_needs_more_memory_than_there_is_for_images_is_refused(
    make_client: Callable[..., Any],
    png: Callable[..., bytes],
    web: ScriptedServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cgroup_memory, "limit_bytes", lambda: 2**20)
    monkeypatch.setattr(memory_budget, "_MIN_DECODE_BYTES", 2_000_000)
    client = make_client()
    small, large = web.serve("/small.png", png(100, 100)), web.serve("/large.png", png(1000, 1000))
    assert client.post("/predict", json=body(small)).json["unread"] == []
    (unread,) = client.post("/predict", json=body(large)).json["unread"]
    assert unread["outcome"] == "refused"
    assert unread["reason"].startswith("the image takes 8 MB of memory when it is opened; 2 MB are available")


def _image_reader(reader: FakeReader, fetch: Callable[..., bytes]) -> ImageReader:
    fetcher: Any = SimpleNamespace(fetch=fetch)
    return ImageReader(Settings(), reader, fetcher, Metrics(), "v")


def _request(seconds: float) -> ImageRequest:
    return ImageRequest("https://web.example/a.png", 1, time.monotonic() + seconds)


@pytest.mark.parametrize(("seconds", "outcome"), [(-1.0, "late"), (60.0, "unreachable")])
def test_a_host_that_had_no_time_left_to_answer_is_not_unreachable(seconds: float, outcome: str) -> None:
    def fetch(*_: object) -> bytes:
        raise ImageError("unreachable", "took too long")

    error = _image_reader(FakeReader(), fetch).read_pages(_request(seconds))
    assert isinstance(error, ImageError)
    assert error.outcome == outcome


def test_an_image_waits_for_a_slot_until_its_deadline_only(png: Callable[..., bytes]) -> None:
    """Else it would be read for nobody, before the images of the next request."""
    gate, started = threading.Event(), threading.Event()

    def read(_: object) -> list[Line]:
        started.set()
        gate.wait(30)
        return [line("t")]

    images = iter([png(30), png(40)])
    reader = _image_reader(FakeReader(read, slots=1), lambda *_: next(images))
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(reader.read_pages, _request(30))
        assert started.wait(30)
        release = threading.Timer(20, gate.set)
        release.start()
        second = reader.read_pages(_request(0.05))
        is_first_running = not gate.is_set()
        release.cancel()
        gate.set()
        assert isinstance(second, DeadlineExceededError)
        assert is_first_running
        assert isinstance(first.result(30), list)
