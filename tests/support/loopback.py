"""Small HTTP servers on loopback: one serves images, one passes on and remembers, one refuses.

They stand for what lies around Label Studio and the backend: hosts of images, the wire between the two,
and every other machine.
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
    """A server on a port of loopback, or of another address of this machine, one thread per request.

    Port 0 stands for one that is free.
    """

    request_queue_size = 128
    """More than any test opens at once: beyond the library's five, a busy machine refuses connections."""

    def __init__(
        self, handler: type[BaseHTTPRequestHandler], address: str = "127.0.0.1", port: int = 0
    ) -> None:
        super().__init__((address, port), handler)
        self._address = address

    @property
    def url(self) -> str:
        """Where it answers, without a slash at the end."""
        return f"http://{self._address}:{self.server_port}"


Server = TypeVar("Server", bound=LoopbackServer)


@contextmanager
def serving(server: Server) -> Iterator[Server]:
    """The server, answering until the end of the context."""
    with server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()


class _Quiet(BaseHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Says nothing: what matters is kept by the server."""

    def _answer(self, status: int, reason: str | None, headers: Mapping[str, str], content: bytes) -> None:
        self.send_response(status, reason)
        for name, text in headers.items():
            self.send_header(name, text)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


class ImageFiles(LoopbackServer):
    """Serves the bytes that were put in; what is not there is 404."""

    def __init__(self, address: str = "127.0.0.1") -> None:
        super().__init__(_ImageHandler, address)
        self._contents: dict[str, bytes] = {}
        self._released = threading.Event()
        self._arrived = threading.Event()
        self._held = ""

    def handle_error(self, request: object, client_address: object) -> None:
        """Says nothing: those who waited for a held image may have gone."""

    def hold(self, name: str) -> str:
        """URL whose requests wait until `release`."""
        self._held = f"/{name}"
        return f"{self.url}/{name}"

    @property
    def is_waiting(self) -> bool:
        """Whether a held request has come."""
        return self._arrived.is_set()

    def release(self) -> None:
        """Lets the held requests go on."""
        self._released.set()

    def put(self, name: str, content: bytes) -> str:
        """URL under which the content is served from now on, also in place of an earlier one."""
        self._contents[f"/{name}"] = content
        return f"{self.url}/{name}"

    def content(self, path: str) -> bytes | None:
        """What is served there, once it is not held."""
        if path == self._held:
            self._arrived.set()
            self._released.wait()
        return self._contents.get(path)


class _ImageHandler(_Quiet):
    server: ImageFiles

    def do_GET(self) -> None:  # noqa: D102, N802 - the name is the library's
        content = self.server.content(self.path)
        if content is None:
            self.send_error(HTTPStatus.NOT_FOUND)
        else:
            self._answer(HTTPStatus.OK, None, {"Content-Type": "application/octet-stream"}, content)


@dataclass(frozen=True)
class Exchange:
    """One request that was passed on, and what came back."""

    method: str
    path: str
    sent: bytes
    status: int
    answered: bytes


class Relay(LoopbackServer):
    """Passes every request on to a server and remembers it with its answer, in order of the answers.

    With a prefix, only paths below it, which it takes off: so Label Studio is put under a path of a host.
    `target` may be set later.
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

    def _pass_on(self) -> None:
        sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        prefix = self.server.prefix
        if not self.path.startswith(f"{prefix}/"):
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        headers = {name: text for name, text in self.headers.items() if name.lower() != "host"}
        with requests.Session() as session:
            session.trust_env = False
            url = self.server.target + self.path.removeprefix(prefix)
            answer = session.request(
                self.command,
                url,
                data=sent,
                headers=headers,
                timeout=_SECONDS_TO_ANSWER,
                allow_redirects=False,
            )
        self.server.exchanges.append(
            Exchange(self.command, self.path, sent, answer.status_code, answer.content)
        )
        kind = answer.headers.get("Content-Type", "application/json")
        leads_to = {"Location": answer.headers["Location"]} if answer.is_redirect else {}
        self._answer(answer.status_code, answer.reason, {"Content-Type": kind, **leads_to}, answer.content)

    do_GET = do_POST = _pass_on  # noqa: N815 - the names are the library's


class Outside(LoopbackServer):
    """A proxy for all other machines; it refuses, and `asked_for` grows by one "METHOD address" each time."""

    def __init__(self) -> None:
        super().__init__(_OutsideHandler)
        self.asked_for: list[str] = []

    @property
    def variables(self) -> dict[str, str]:
        """Environment of a process whose requests to other machines shall come here."""
        return {"http_proxy": self.url, "https_proxy": self.url, "no_proxy": "127.0.0.1,localhost"}


class _OutsideHandler(_Quiet):
    server: Outside

    def _refuse(self) -> None:
        self.server.asked_for.append(f"{self.command} {self.path}")
        self.send_error(HTTPStatus.FORBIDDEN, "nothing outside of this machine is part of the tests")

    do_GET = do_POST = do_HEAD = do_PUT = do_CONNECT = _refuse  # noqa: N815 - the names are the library's
