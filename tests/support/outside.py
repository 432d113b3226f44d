"""A proxy that stands for everything outside of this machine: it refuses and remembers what was asked for."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Outside(ThreadingHTTPServer):
    """The proxy, on loopback; `asked_for` grows by one "METHOD address" per request."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Refusal)
        self.asked_for: list[str] = []

    @property
    def variables(self) -> dict[str, str]:
        """Environment of a process whose requests to other machines shall come here."""
        url = f"http://127.0.0.1:{self.server_port}"
        return {"http_proxy": url, "https_proxy": url, "no_proxy": "127.0.0.1,localhost"}


class _Refusal(BaseHTTPRequestHandler):
    server: Outside

    def _refuse(self) -> None:
        self.server.asked_for.append(f"{self.command} {self.path}")
        self.send_error(403, "nothing outside of this machine is part of the tests")

    do_GET = do_POST = do_HEAD = do_PUT = do_CONNECT = _refuse  # noqa: N815 - the names are the library's

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing: what was asked for is kept."""


@contextmanager
def refused_outside() -> Iterator[Outside]:
    """The proxy, answering until the end of the context."""
    with Outside() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()
