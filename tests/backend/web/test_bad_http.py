"""Requests that are hardly HTTP: the server stays as it was, and reports no failure of its own."""

import os
import re
import socket
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from backend_process import BUILTIN, Backend, backend_process
from bad_http import bad_http
from generated_cases import cases

REQUESTS = 2000
SECONDS = 30
SERVER_FAILED = {500, 501, 502, 504}
"""503 is an answer of a server that is busy, 505 that to an unknown version of HTTP."""


def statuses(backend: Backend, request: bytes) -> list[int]:
    """The statuses of the responses to the bytes of a connection, which then ends."""
    url = urlsplit(backend.url)
    received = b""
    with socket.create_connection((url.hostname, url.port), SECONDS) as connection:
        try:
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            while block := connection.recv(65536):
                received += block
        except ConnectionError:  # the server has read enough
            pass
    return [int(status) for status in re.findall(rb"^HTTP/1\.[01] (\d+)", received, re.MULTILINE)]


def open_files_and_threads(backend: Backend) -> tuple[int, int]:
    pid = backend.process.pid
    (worker,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return len(os.listdir(f"/proc/{worker}/fd")), len(os.listdir(f"/proc/{worker}/task"))


@pytest.mark.model
def test_the_server_outlives_requests_that_are_hardly_http(tmp_path: Path, capsys) -> None:
    with backend_process(BUILTIN, tmp_path / "log") as backend:
        counts: Counter[int] = Counter()
        files, threads = open_files_and_threads(backend)
        for request in bad_http(cases(REQUESTS)):
            received = statuses(backend, request)
            assert not SERVER_FAILED & set(received), request[:1000]
            counts.update(received)
        health = b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        assert statuses(backend, health) == [200]
        files_after, threads_after = open_files_and_threads(backend)
    with capsys.disabled():
        print(f"{cases(REQUESTS)} bad HTTP requests:", dict(sorted(counts.items())))
    assert {200, 400, 404, 405, 414} <= set(counts)
    assert files_after <= files + 2, (files, files_after)
    assert threads_after <= threads + 2, (threads, threads_after)
    assert "Traceback" not in backend.log.read_text()
