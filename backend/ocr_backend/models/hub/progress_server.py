"""Answers `GET /progress` while models are fetched, for whoever watches: a probe, an operator, a person.

Only the standard library's server: it tells numbers and official names to few, and ends with the fetch.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from ocr_backend.models.hub.download_progress import Progress

PATH = "/progress"


@contextmanager
def serving(progress: Progress, host: str, port: int) -> Iterator[None]:
    """Answers until the end of the context.

    Raises:
        OSError: the port is taken, or the address is none of this machine.
    """
    with _Server((host, port), _Handler) as server:
        server.progress = progress
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield
        finally:
            server.shutdown()


class _Server(ThreadingHTTPServer):
    progress: Progress


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing: probes ask every few seconds."""

    def do_GET(self) -> None:  # noqa: N802 - the name is the library's
        """The progress as JSON; anything else is not there."""
        if self.path != PATH:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        content = json.dumps(self.server.progress.told()).encode()
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
