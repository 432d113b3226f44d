"""Clients that send half a request do not keep the server from answering probes."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from backend_process import BUILTIN, backend_process
from fake_reader import FakeReader
from ocr_backend.web import health_server
from ocr_backend.web.app import create_health_app
from server_process import free_port

PROBES = ("/livez", "/readyz", "/health", "/metrics")
CONNECTIONS = 90
SECONDS = 4
"""The time that a probe has."""

HALF_A_HEAD = b"POST /predict HTTP/1.1\r\nHost: x\r\nX: y"
NO_BODY = (
    b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
)


def half_open(stack: ExitStack, port: int, data: bytes) -> None:
    for _ in range(CONNECTIONS):
        connection = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
        connection.sendall(data)


@pytest.fixture
def health_url(make_worker) -> Iterator[str]:
    with health_server.open_socket("127.0.0.1", 0) as listener:
        health_server.start(listener, create_health_app(make_worker(FakeReader())))
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_the_health_port_answers_the_probes_and_nothing_else(health_url) -> None:
    for path in PROBES:
        assert requests.get(health_url + path, timeout=SECONDS).status_code == 200
    assert requests.post(f"{health_url}/predict", json={}, timeout=SECONDS).status_code == 404


@pytest.mark.parametrize("data", [b"", HALF_A_HEAD, NO_BODY], ids=["nothing", "half a head", "no body"])
def test_slow_clients_of_the_health_port_do_not_delay_probes(health_url, data) -> None:
    with ExitStack() as stack:
        half_open(stack, urlsplit(health_url).port or 0, data)
        for path in PROBES:
            assert requests.get(health_url + path, timeout=SECONDS).status_code == 200


@pytest.mark.model
@pytest.mark.parametrize("workers", ["1", "2"])
def test_slow_clients_of_the_main_port_do_not_delay_probes(tmp_path: Path, workers: str) -> None:
    port = free_port()
    settings = {**BUILTIN, "OCR_HEALTH_PORT": str(port), "WORKERS": workers, "OCR_SLOTS": "1"}
    with backend_process(settings, tmp_path / "log") as backend, ExitStack() as stack:
        half_open(stack, urlsplit(backend.url).port or 0, HALF_A_HEAD)
        half_open(stack, urlsplit(backend.url).port or 0, NO_BODY)
        for path in PROBES:
            assert requests.get(f"http://127.0.0.1:{port}{path}", timeout=SECONDS).status_code == 200
        # The slow clients are given up, so the main port recovers while they are still connected.
        assert requests.get(f"{backend.url}/health", timeout=120).status_code == 200


@pytest.mark.model
def test_predict_requests_without_a_body_do_not_delay_the_main_port(tmp_path: Path) -> None:
    with backend_process({**BUILTIN, "OCR_SLOTS": "1"}, tmp_path / "log") as backend, ExitStack() as stack:
        half_open(stack, urlsplit(backend.url).port or 0, NO_BODY)
        refused = requests.post(f"{backend.url}/predict", json={}, timeout=30)
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
        assert requests.get(f"{backend.url}/health", timeout=30).status_code == 200
    assert "Traceback" not in backend.log.read_text()


def test_a_port_in_use_is_an_error() -> None:
    with health_server.open_socket("127.0.0.1", 0) as listener, pytest.raises(OSError, match="in use"):
        health_server.open_socket("127.0.0.1", listener.getsockname()[1])
