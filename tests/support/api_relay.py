"""Plain HTTP on loopback before a cluster's API server: it counts, and does to requests what a test asks.

It stands for networks, gateways and overloaded API servers. Watches are passed on as they come.
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

Fault = Callable[["Asked"], None]
"""Answers a request in the API server's place, or not at all."""

_SECONDS = 120


class ApiRelay(LoopbackServer):
    """Passes on to `server`, an https URL, what `choose` gives no fault for.

    `choose` is asked with "METHOD path?query" of each request, in its thread; `passed` are all of these.
    """

    def __init__(self, server: str) -> None:
        super().__init__(Asked)
        self.target = urlsplit(server).netloc
        self.passed: list[str] = []
        self.choose: Callable[[str], Fault | None] = lambda request: None
        self.closing = threading.Event()
        # The way from relay to server is not what is tested.
        self.tls = ssl._create_unverified_context()

    def shutdown(self) -> None:
        """Ends; whoever waits for an answer is hung up on."""
        self.closing.set()
        super().shutdown()

    def handle_error(self, request: object, client_address: object) -> None:
        """Says nothing: clients are killed on purpose."""


class Asked(BaseHTTPRequestHandler):
    """One request on its way."""

    server: ApiRelay
    protocol_version = "HTTP/1.1"

    def body(self) -> bytes:
        """What the client has sent; can be had once."""
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    @contextmanager
    def answered(self) -> Iterator[HTTPResponse]:
        """The API server's answer; the client does not see it."""
        there = HTTPSConnection(self.server.target, context=self.server.tls, timeout=_SECONDS)
        with closing(there):
            headers = {name: text for name, text in self.headers.items() if name.lower() != "host"}
            there.request(self.command, self.path, self.body(), headers)
            yield there.getresponse()

    def reply(self, status: int, content: Iterator[bytes], **headers: str) -> None:
        """Answers piece by piece."""
        self.send_response(status)
        for name, text in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name.replace("_", "-"), text)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for piece in content:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")

    def hang_up(self) -> None:
        """Breaks the connection off."""
        self.close_connection = True

    def _pass_on(self) -> None:
        request = f"{self.command} {self.path}"
        self.server.passed.append(request)
        fault = self.server.choose(request)
        (fault or pass_on)(self)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _pass_on  # noqa: N815 - the names are the library's

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing: what matters is kept by the server."""


def pass_on(asked: Asked) -> None:
    """Is no fault: passes the request on and its answer back."""
    with asked.answered() as answer:
        pieces = iter(lambda: answer.read1(65536), b"")
        asked.reply(answer.status, pieces, Content_Type=answer.headers["Content-Type"])


def _status(code: int, message: str) -> bytes:
    return json.dumps({"kind": "Status", "apiVersion": "v1", "code": code, "message": message}).encode()


def internal_error(asked: Asked) -> None:
    """Answers 500 without asking."""
    asked.body()
    asked.reply(500, iter([_status(500, "injected")]))


def too_many(asked: Asked) -> None:
    """Answers 429 with the wish to wait for a second."""
    asked.body()
    asked.reply(429, iter([_status(429, "injected")]), Retry_After="1")


def reset(asked: Asked) -> None:
    """Breaks the connection off without asking."""
    asked.body()
    asked.hang_up()


def lost_answer(asked: Asked) -> None:
    """Lets the API server carry the request out, and breaks the connection off in place of its answer."""
    with asked.answered() as answer:
        answer.read()
    asked.hang_up()


def silence(asked: Asked) -> None:
    """Takes the request and never answers."""
    asked.body()
    asked.server.closing.wait(_SECONDS)
    asked.hang_up()


def gone(asked: Asked) -> None:
    """Answers a watch with 410: it has to list anew."""
    event = {"type": "ERROR", "object": json.loads(_status(410, "too old resource version"))}
    asked.reply(200, iter([json.dumps(event).encode() + b"\n"]))


def mute(asked: Asked) -> None:
    """Opens a watch in which nothing ever comes."""

    def nothing() -> Iterator[bytes]:
        asked.server.closing.wait(_SECONDS)
        yield b"\n"

    asked.reply(200, nothing())


def until(cut: threading.Event) -> Fault:
    """Passes on until the cut; then the connection stays open and nothing comes any more."""

    def pass_on_until(asked: Asked) -> None:
        with asked.answered() as answer:

            def pieces() -> Iterator[bytes]:
                for piece in iter(lambda: answer.read1(65536), b""):
                    if cut.is_set():
                        asked.server.closing.wait(_SECONDS)
                        return
                    yield piece

            asked.reply(answer.status, pieces(), Content_Type=answer.headers["Content-Type"])

    return pass_on_until
