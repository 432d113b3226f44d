"""Serves `GET /progress` while models are downloaded, for probes, the operator and people.

Uses the standard library's server: it has few clients, shows only numbers and official names, and ends with
the download.
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
def serve_progress(progress: Progress, host: str, port: int) -> Iterator[None]:
    """Serves until the end of the context.

    Raises:
        OSError: the port is in use, or the address does not belong to this machine.
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
        """Logs nothing: probes send a request every few seconds."""

    def do_GET(self) -> None:  # noqa: N802 - the library defines the name
        """Sends the progress as JSON; any other path is 404."""
        if self.path != PATH:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        content = json.dumps(self.server.progress.snapshot()).encode()
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
