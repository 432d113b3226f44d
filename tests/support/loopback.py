"""Small HTTP servers on loopback: one serves images, one forwards and records, one refuses.

They stand for the surroundings of Label Studio and the backend: hosts of images, the network between the two,
and all other machines.
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeVar

import requests

_SECONDS_TO_ANSWER = 110  # Label Studio waits 100


class LoopbackServer(ThreadingHTTPServer):
    """A server on loopback or another address of this machine, with one thread per request.

    Port 0 means a free port.
    """

    request_queue_size = 128
    """More than any test opens at once: with the library's default of five, a busy machine refuses some."""

    def __init__(
        self, handler: type[BaseHTTPRequestHandler], address: str = "127.0.0.1", port: int = 0
    ) -> None:
        super().__init__((address, port), handler)
        self._address = address

    @property
    def url(self) -> str:
        """Its URL, without a slash at the end."""
        return f"http://{self._address}:{self.server_port}"


Server = TypeVar("Server", bound=LoopbackServer)


@contextmanager
def serving(server: Server) -> Iterator[Server]:
    """The server, running until the end of the context."""
    with server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()


class _Quiet(BaseHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Logs nothing: the server records what tests need."""

    def _respond(self, status: int, reason: str | None, headers: Mapping[str, str], content: bytes) -> None:
        self.send_response(status, reason)
        for name, text in headers.items():
            self.send_header(name, text)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


class ImageFiles(LoopbackServer):
    """Serves the files that were put in; others are 404."""

    def __init__(self, address: str = "127.0.0.1") -> None:
        super().__init__(_ImageHandler, address)
        self._contents: dict[str, bytes] = {}
        self._released = threading.Event()
        self._arrived = threading.Event()
        self._held_path = ""

    def handle_error(self, request: object, client_address: object) -> None:
        """Logs nothing: clients may have stopped waiting for a held image."""

    def hold(self, name: str) -> str:
        """The URL of an image whose requests wait until `release`."""
        self._held_path = f"/{name}"
        return f"{self.url}/{name}"

    @property
    def is_waiting(self) -> bool:
        """Whether a request for the held image has arrived."""
        return self._arrived.is_set()

    def release(self) -> None:
        """Lets the waiting requests continue."""
        self._released.set()

    def put(self, name: str, content: bytes) -> str:
        """Serves the content from now on, and returns its URL; replaces previous content."""
        self._contents[f"/{name}"] = content
        return f"{self.url}/{name}"

    def content(self, path: str) -> bytes | None:
        """The content of a path; waits if it is held."""
        if path == self._held_path:
            self._arrived.set()
            self._released.wait()
        return self._contents.get(path)


class _ImageHandler(_Quiet):
    server: ImageFiles

    def do_GET(self) -> None:  # noqa: D102, N802 - the library defines the name
        content = self.server.content(self.path)
        if content is None:
            self.send_error(HTTPStatus.NOT_FOUND)
        else:
            self._respond(HTTPStatus.OK, None, {"Content-Type": "application/octet-stream"}, content)


@dataclass(frozen=True)
class Exchange:
    """A forwarded request and its response."""

    method: str
    path: str
    sent: bytes
    status: int
    answered: bytes


class Relay(LoopbackServer):
    """Forwards every request to a server and records it with its response, in order of the responses.

    With a prefix, it forwards only paths below it, without the prefix, as if Label Studio were under a path
    of a host. `target` may be set later.
    """

    def __init__(self, target: str, prefix: str = "") -> None:
        super().__init__(_RelayHandler)
        self.target = target
        self.prefix = prefix
        self.exchanges: list[Exchange] = []

    def to(self, path: str) -> list[Exchange]:
        """The exchanges with one path."""
        return [exchange for exchange in self.exchanges if exchange.path == path]


class _RelayHandler(_Quiet):
    server: Relay

    def _forward(self) -> None:
        sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        prefix = self.server.prefix
        if not self.path.startswith(f"{prefix}/"):
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        headers = {name: text for name, text in self.headers.items() if name.lower() != "host"}
        with requests.Session() as session:
            session.trust_env = False
            url = self.server.target + self.path.removeprefix(prefix)
            response = session.request(
                self.command,
                url,
                data=sent,
                headers=headers,
                timeout=_SECONDS_TO_ANSWER,
                allow_redirects=False,
            )
        self.server.exchanges.append(
            Exchange(self.command, self.path, sent, response.status_code, response.content)
        )
        headers = {"Content-Type": response.headers.get("Content-Type", "application/json")}
        if response.is_redirect:
            headers["Location"] = response.headers["Location"]
        self._respond(response.status_code, response.reason, headers, response.content)

    do_GET = do_POST = _forward  # noqa: N815 - the library defines the names


class RefusingProxy(LoopbackServer):
    """A proxy that refuses all requests to other machines, and records them in `requests` as "METHOD URL"."""

    def __init__(self) -> None:
        super().__init__(_RefusingHandler)
        self.requests: list[str] = []

    @property
    def variables(self) -> dict[str, str]:
        """Environment variables that direct a process's requests to other machines to this proxy."""
        return {"http_proxy": self.url, "https_proxy": self.url, "no_proxy": "127.0.0.1,localhost"}


class _RefusingHandler(_Quiet):
    server: RefusingProxy

    def _refuse(self) -> None:
        self.server.requests.append(f"{self.command} {self.path}")
        self.send_error(HTTPStatus.FORBIDDEN, "tests must not use other machines")

    do_GET = do_POST = do_HEAD = do_PUT = do_CONNECT = _refuse  # noqa: N815 - the library defines the names
