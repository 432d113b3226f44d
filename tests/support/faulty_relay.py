"""A relay on loopback that forwards and records requests, and injects the faults that a test sets.

It stands for the network and the gateways between a client and a server.
"""

import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler

import requests

from loopback import LoopbackServer

_SECONDS_TO_ANSWER = 120
_HOP_HEADERS = ("host", "content-length")

Fault = Callable[["RelayedRequest"], None]
"""Responds to a request instead of the server, or does not respond."""


class FaultyRelay(LoopbackServer):
    """Forwards to `target`; `requests` lists the received requests as "METHOD path", in order.

    Listens on loopback, or on an `address` that pods can reach.
    """

    def __init__(self, target: str, address: str = "127.0.0.1") -> None:
        super().__init__(_Handler, address)
        self.target = target
        self.requests: list[str] = []
        self._faults: list[tuple[str, Fault]] = []
        self._lock = threading.Lock()

    def once(self, request: str, fault: Fault) -> None:
        """Injects a fault into the next request that begins with "METHOD path"; can be repeated."""
        with self._lock:
            self._faults.append((request, fault))

    def fault(self, request: str) -> Fault | None:
        """The fault of a request, which is then removed; records the request."""
        with self._lock:
            self.requests.append(request)
            for position, (prefix, fault) in enumerate(self._faults):
                if request.startswith(prefix):
                    del self._faults[position]
                    return fault
        return None

    def handle_error(self, request: object, client_address: object) -> None:
        """Logs nothing: tests kill clients on purpose."""


class RelayedRequest(BaseHTTPRequestHandler):
    """A request that the relay has received."""

    server: FaultyRelay
    protocol_version = "HTTP/1.1"

    def body(self) -> bytes:
        """The request's body; it can be read once."""
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def ask(self, body: bytes | None = None) -> requests.Response:
        """The server's response, to another body if given; the client does not get it."""
        body = self.body() if body is None else body
        headers = {name: text for name, text in self.headers.items() if name.lower() not in _HOP_HEADERS}
        with requests.Session() as session:
            session.trust_env = False
            return session.request(
                self.command,
                self.server.target + self.path,
                data=body,
                headers=headers,
                timeout=_SECONDS_TO_ANSWER,
                allow_redirects=False,
            )

    def reply(self, status: int, content: bytes, **headers: str) -> None:
        """Sends a response."""
        self.send_response(status)
        for name, text in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name.replace("_", "-"), text)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def hang_up(self) -> None:
        """Closes the connection."""
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)


class _Handler(RelayedRequest):
    def _relay(self) -> None:
        fault = self.server.fault(f"{self.command} {self.path.partition('?')[0]}")
        (fault or forward)(self)

    do_GET = do_POST = do_PATCH = do_DELETE = _relay  # noqa: N815 - the library defines the names

    def log_message(self, format: str, *args: object) -> None:
        """Logs nothing: the server records the requests."""


def forward(request: RelayedRequest) -> None:
    """Not a fault: forwards the request, and its response."""
    response = request.ask()
    request.reply(response.status_code, response.content)


def unavailable(request: RelayedRequest) -> None:
    """Responds with 503 without asking the server."""
    request.body()
    request.reply(503, b'{"detail": "it is being started"}')


def too_many(request: RelayedRequest) -> None:
    """Responds with 429 and Retry-After of two seconds."""
    request.body()
    request.reply(429, b'{"detail": "throttled"}', Retry_After="2")


def lost_response(request: RelayedRequest) -> None:
    """Lets the server process the request, and closes the connection instead of sending its response."""
    request.ask()
    request.hang_up()
