"""A server on loopback that passes requests on, except where a test asks for a fault; it counts what passes.

It stands for the network and the gateways between a client and its server.
"""

import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler

import requests

from loopback import LoopbackServer

_SECONDS_TO_ANSWER = 120
_OWN_HEADERS = ("host", "content-length")

Fault = Callable[["Passing"], None]
"""Answers a request in the server's place, or not at all."""


class FaultyRelay(LoopbackServer):
    """Passes on to `target`; `passed` are the requests that came, each as "METHOD path", in order.

    Listens on loopback, or on the `address` that those have who are not on this machine.
    """

    def __init__(self, target: str, address: str = "127.0.0.1") -> None:
        super().__init__(_Handler, address)
        self.target = target
        self.passed: list[str] = []
        self._faults: list[tuple[str, Fault]] = []
        self._lock = threading.Lock()

    def once(self, request: str, fault: Fault) -> None:
        """Has the next request that begins with "METHOD path" meet a fault; may be said several times."""
        with self._lock:
            self._faults.append((request, fault))

    def fault(self, request: str) -> Fault | None:
        """The fault that a request meets, which is then used up; counts the request."""
        with self._lock:
            self.passed.append(request)
            for place, (prefix, fault) in enumerate(self._faults):
                if request.startswith(prefix):
                    del self._faults[place]
                    return fault
        return None

    def handle_error(self, request: object, client_address: object) -> None:
        """Says nothing: clients are killed on purpose."""


class Passing(BaseHTTPRequestHandler):
    """One request on its way."""

    server: FaultyRelay
    protocol_version = "HTTP/1.1"

    def body(self) -> bytes:
        """What the client has sent; can be had once."""
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def ask(self, body: bytes | None = None) -> requests.Response:
        """The server's answer, to another body if one is given; the client does not see it."""
        body = self.body() if body is None else body
        headers = {name: text for name, text in self.headers.items() if name.lower() not in _OWN_HEADERS}
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
        """Answers."""
        self.send_response(status)
        for name, text in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name.replace("_", "-"), text)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def hang_up(self) -> None:
        """Breaks the connection off."""
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)


class _Handler(Passing):
    def _pass_on(self) -> None:
        fault = self.server.fault(f"{self.command} {self.path.partition('?')[0]}")
        (fault or pass_on)(self)

    do_GET = do_POST = do_PATCH = do_DELETE = _pass_on  # noqa: N815 - the names are the library's

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing: what matters is kept by the server."""


def pass_on(passing: Passing) -> None:
    """Is no fault: passes the request on and its answer back."""
    answer = passing.ask()
    passing.reply(answer.status_code, answer.content)


def unavailable(passing: Passing) -> None:
    """Answers 503 without asking the server."""
    passing.body()
    passing.reply(503, b'{"detail": "it is being started"}')


def too_many(passing: Passing) -> None:
    """Answers 429 with the wish to wait for two seconds."""
    passing.body()
    passing.reply(429, b'{"detail": "throttled"}', Retry_After="2")


def done_but_not_told(passing: Passing) -> None:
    """Lets the server carry the request out, and breaks the connection off in place of its answer."""
    passing.ask()
    passing.hang_up()
