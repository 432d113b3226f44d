"""What is shown of a pod's progress: what it tells, in steps, and nothing where it tells nothing."""

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
from ocr_operator.observed.download_progress import ModelProgress, Progress, progress_of, to_show
from ocr_operator.observed.observation import ObservedPod

KEY = NamespacedName("labs", "ocr")


def _progress(percent: int, state: str = "Fetching", name: str = "det") -> Progress:
    return Progress((ModelProgress(name, state, percent, 100),), percent, 100, percent)


@pytest.fixture
def fetcher(pod: Callable[..., ObservedPod]) -> ObservedPod:
    return replace(pod({MODELS_LABEL: "abc"}, name="one", ready=True), address="10.0.0.1")


def _read(reader: ProgressReader, *pods: ObservedPod) -> dict[str, Progress]:
    return dict(asyncio.run(reader.progress(KEY, pods)))


def test_it_is_shown_in_steps(fetcher: ObservedPod) -> None:
    told = iter([_progress(10), _progress(12), _progress(15), _progress(15, "Verifying")])

    async def ask(address: str) -> Progress:
        assert address == "10.0.0.1"
        return next(told)

    reader = ProgressReader(ask)
    shown = [_read(reader, fetcher)["one"] for _ in range(4)]
    assert [(one.percent, one.state) for one in shown] == [
        (10, "Fetching"),
        (10, "Fetching"),
        (15, "Fetching"),
        (15, "Verifying"),
    ]
    assert [one.gained for one in shown] == [0, 2, 5, 5]


def test_silence_leaves_what_is_shown_and_another_attempt_begins_anew(fetcher: ObservedPod) -> None:
    told = iter([_progress(10), None, None])

    async def ask(_: str) -> Progress | None:
        return next(told)

    reader = ProgressReader(ask)
    assert _read(reader, fetcher)["one"].percent == 10
    assert _read(reader, fetcher)["one"].percent == 10
    assert _read(reader, replace(fetcher, restarts=1)) == {}


@pytest.mark.parametrize(
    "facts", [{"models": ""}, {"is_ready": False}, {"is_terminating": True}, {"address": ""}]
)
def test_only_pods_that_fetch_are_asked(fetcher: ObservedPod, facts: dict[str, Any]) -> None:
    async def ask(_: str) -> Progress:
        raise AssertionError("nobody is to be asked")

    assert _read(ProgressReader(ask), replace(fetcher, **facts)) == {}


def test_what_changes_little_is_shown_as_it_was() -> None:
    before = _progress(40)
    assert to_show(before, _progress(44)) == before
    assert to_show(before, _progress(45)).percent == 45
    assert to_show(before, _progress(41, name="rec")).percent == 41


@pytest.mark.parametrize(
    "answer", [{}, [], {"models": [{}], "bytes": 1, "totalBytes": 1, "percent": 1}, "text"]
)
def test_what_is_no_progress_is_refused(answer: Any) -> None:
    with pytest.raises(ValueError, match="no progress"):
        progress_of(answer)


class _Pod(BaseHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""

    def do_GET(self) -> None:  # noqa: N802 - the name is the library's
        body = {
            "/progress": b'{"models": [{"name": "det", "form": "onnx", "state": "Fetching", "bytes": 5, '
            b'"totalBytes": null}], "bytes": 5, "totalBytes": null, "percent": null}'
        }.get(self.path, b"no")
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackServer]:
    with serving(LoopbackServer(_Pod)) as found:
        monkeypatch.setattr(progress_reader, "PORT", found.server_port)
        yield found


def test_a_pod_is_asked_over_http(server: LoopbackServer) -> None:
    found = asyncio.run(progress_reader.ask("127.0.0.1"))
    assert found == Progress((ModelProgress("det", "Fetching", 5, 0),), 5, 0, 0)
    assert str(found.active) == "det, 0 MB so far"


def test_a_pod_that_cannot_be_reached_tells_nothing(server: LoopbackServer) -> None:
    assert asyncio.run(progress_reader.ask("127.0.0.2")) is None
