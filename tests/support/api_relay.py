"""A relay on loopback in front of a cluster's API server: it records requests and injects faults.

It stands for networks, gateways and overloaded API servers. Watch events are forwarded as they come.
"""

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.client import HTTPResponse, HTTPSConnection
from http.server import BaseHTTPRequestHandler
from urllib.parse import urlsplit

from loopback import LoopbackServer

Fault = Callable[["RelayedRequest"], None]
"""Responds to a request instead of the API server, or does not respond."""

_SECONDS = 120


class ApiRelay(LoopbackServer):
    """Forwards requests to `server`, an https URL, unless `choose` returns a fault.

    `choose` is called with "METHOD path?query" of each request, in its thread; `requests` lists all of these.
    """

    def __init__(self, server: str) -> None:
        super().__init__(RelayedRequest)
        self.target = urlsplit(server).netloc
        self.requests: list[str] = []
        self.choose: Callable[[str], Fault | None] = lambda request: None
        self.closing = threading.Event()
        # Tests do not check the connection from the relay to the API server.
        self.tls = ssl._create_unverified_context()

    def shutdown(self) -> None:
        """Ends, and closes the connections that wait for a response."""
        self.closing.set()
        super().shutdown()

    def handle_error(self, request: object, client_address: object) -> None:
        """Logs nothing: tests kill clients on purpose."""


class RelayedRequest(BaseHTTPRequestHandler):
    """A request that the relay has received."""

    server: ApiRelay
    protocol_version = "HTTP/1.1"

    def body(self) -> bytes:
        """The request's body; it can be read once."""
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    @contextmanager
    def response(self) -> Iterator[HTTPResponse]:
        """The API server's response; the client does not get it."""
        connection = HTTPSConnection(self.server.target, context=self.server.tls, timeout=_SECONDS)
        with closing(connection):
            headers = {name: text for name, text in self.headers.items() if name.lower() != "host"}
            connection.request(self.command, self.path, self.body(), headers)
            yield connection.getresponse()

    def reply(self, status: int, content: Iterator[bytes], **headers: str) -> None:
        """Sends a response in chunks."""
        self.send_response(status)
        for name, text in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name.replace("_", "-"), text)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for chunk in content:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
        self.wfile.write(b"0\r\n\r\n")

    def hang_up(self) -> None:
        """Closes the connection."""
        self.close_connection = True

    def _relay(self) -> None:
        request = f"{self.command} {self.path}"
        self.server.requests.append(request)
        fault = self.server.choose(request)
        (fault or forward)(self)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _relay  # noqa: N815 - the library defines the names

    def log_message(self, format: str, *args: object) -> None:
        """Logs nothing: the server records the requests."""


def forward(request: RelayedRequest) -> None:
    """Not a fault: forwards the request, and its response."""
    with request.response() as response:
        chunks = iter(lambda: response.read1(65536), b"")
        request.reply(response.status, chunks, Content_Type=response.headers["Content-Type"])


def _status(code: int, message: str) -> bytes:
    return json.dumps({"kind": "Status", "apiVersion": "v1", "code": code, "message": message}).encode()


def internal_error(request: RelayedRequest) -> None:
    """Responds with 500 without asking the API server."""
    request.body()
    request.reply(500, iter([_status(500, "injected")]))


def too_many(request: RelayedRequest) -> None:
    """Responds with 429 and Retry-After of one second."""
    request.body()
    request.reply(429, iter([_status(429, "injected")]), Retry_After="1")


def reset(request: RelayedRequest) -> None:
    """Closes the connection without asking the API server."""
    request.body()
    request.hang_up()


def lost_response(request: RelayedRequest) -> None:
    """Lets the API server process the request, and closes the connection instead of sending its response."""
    with request.response() as response:
        response.read()
    request.hang_up()


def silence(request: RelayedRequest) -> None:
    """Accepts the request and never responds."""
    request.body()
    request.server.closing.wait(_SECONDS)
    request.hang_up()


def gone(request: RelayedRequest) -> None:
    """Responds to a watch with 410: the client must list again."""
    event = {"type": "ERROR", "object": json.loads(_status(410, "too old resource version"))}
    request.reply(200, iter([json.dumps(event).encode() + b"\n"]))


def mute(request: RelayedRequest) -> None:
    """Opens a watch without events."""

    def nothing() -> Iterator[bytes]:
        request.server.closing.wait(_SECONDS)
        yield b"\n"

    request.reply(200, nothing())


def until(cut: threading.Event) -> Fault:
    """Forwards until the cut; then the connection stays open without data."""

    def forward_until(request: RelayedRequest) -> None:
        with request.response() as response:

            def chunks() -> Iterator[bytes]:
                for chunk in iter(lambda: response.read1(65536), b""):
                    if cut.is_set():
                        request.server.closing.wait(_SECONDS)
                        return
                    yield chunk

            request.reply(response.status, chunks(), Content_Type=response.headers["Content-Type"])

    return forward_until
