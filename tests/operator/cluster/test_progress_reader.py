"""The progress of a download: shown in steps, and only if its pod reports any."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from loopback import LoopbackServer, serving
from ocr_operator.api.names import MODELS_LABEL, NamespacedName
from ocr_operator.cluster import progress_reader
from ocr_operator.cluster.progress_reader import ProgressReader
from ocr_operator.observed.download_progress import ModelProgress, Progress, progress_for_status, progress_of
from ocr_operator.observed.pods import ObservedPod

KEY = NamespacedName("labs", "ocr")


def _progress(percent: int, state: str = "Downloading", name: str = "det") -> Progress:
    return Progress((ModelProgress(name, state, percent, 100),), percent, 100, percent)


@pytest.fixture
def downloading_pod(pod: Callable[..., ObservedPod]) -> ObservedPod:
    return replace(pod({MODELS_LABEL: "abc"}, name="one", ready=True), address="10.0.0.1")


def _read(reader: ProgressReader, *pods: ObservedPod) -> dict[str, Progress]:
    return dict(asyncio.run(reader.progress(KEY, pods)))


def test_progress_is_shown_in_steps(downloading_pod: ObservedPod) -> None:
    responses = iter([_progress(10), _progress(12), _progress(15), _progress(15, "Verifying")])

    async def fetch(address: str) -> Progress:
        assert address == "10.0.0.1"
        return next(responses)

    reader = ProgressReader(fetch)
    progresses = [_read(reader, downloading_pod)["one"] for _ in range(4)]
    assert [(progress.percent, progress.state) for progress in progresses] == [
        (10, "Downloading"),
        (10, "Downloading"),
        (15, "Downloading"),
        (15, "Verifying"),
    ]
    assert [progress.gained for progress in progresses] == [0, 2, 5, 5]


def test_slow_progress_is_shown_once_a_minute(downloading_pod: ObservedPod) -> None:
    sizes, times = iter([100, 101, 102, 102]), iter([0.0, 59.0, 60.0, 120.0])

    async def fetch(_: str) -> Progress:
        return replace(_progress(1), size=next(sizes))

    reader = ProgressReader(fetch, clock=lambda: next(times))
    assert [_read(reader, downloading_pod)["one"].size for _ in range(4)] == [100, 100, 102, 102]


def test_progress_stays_without_a_response_and_starts_again_with_another_attempt(
    downloading_pod: ObservedPod,
) -> None:
    responses = iter([_progress(10), None, None])

    async def fetch(_: str) -> Progress | None:
        return next(responses)

    reader = ProgressReader(fetch)
    assert _read(reader, downloading_pod)["one"].percent == 10
    assert _read(reader, downloading_pod)["one"].percent == 10
    assert _read(reader, replace(downloading_pod, restarts=1)) == {}


@pytest.mark.parametrize(
    "facts", [{"model_set": ""}, {"is_ready": False}, {"is_terminating": True}, {"address": ""}]
)
def test_only_pods_that_download_are_asked(downloading_pod: ObservedPod, facts: dict[str, Any]) -> None:
    async def fetch(_: str) -> Progress:
        raise AssertionError("no pod must be asked")

    assert _read(ProgressReader(fetch), replace(downloading_pod, **facts)) == {}


def test_a_small_change_is_not_shown() -> None:
    previous = _progress(40)
    assert progress_for_status(previous, _progress(44)) == previous
    assert progress_for_status(previous, _progress(45)).percent == 45
    assert progress_for_status(previous, _progress(41, name="rec")).percent == 41


@pytest.mark.parametrize(
    "response", [{}, [], {"models": [{}], "bytes": 1, "totalBytes": 1, "percent": 1}, "text"]
)
def test_a_response_without_progress_is_refused(response: Any) -> None:
    with pytest.raises(ValueError, match="no progress"):
        progress_of(response)


class _Pod(BaseHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Logs nothing."""

    def do_GET(self) -> None:  # noqa: N802 - the name is the library's
        body = {
            "/progress": b'{"models": [{"name": "det", "format": "onnx", "state": "Downloading", "bytes": 5, '
            b'"totalBytes": null}], "bytes": 5, "totalBytes": null, "percent": null}'
        }.get(self.path, b"no")
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackServer]:
    with serving(LoopbackServer(_Pod)) as pod_server:
        monkeypatch.setattr(progress_reader, "PORT", pod_server.server_port)
        yield pod_server


def test_a_pod_is_asked_over_http(server: LoopbackServer) -> None:
    progress = asyncio.run(progress_reader.fetch_progress("127.0.0.1"))
    assert progress == Progress((ModelProgress("det", "Downloading", 5, 0),), 5, 0, 0)
    assert str(progress.active) == "det, 0 MB so far"


def test_an_unreachable_pod_reports_no_progress(server: LoopbackServer) -> None:
    assert asyncio.run(progress_reader.fetch_progress("127.0.0.2")) is None
