"""A web server on loopback with a scripted response for each path; it records the requests.

It stands for hosts of images, for Label Studio's file URLs, and for hosts that misbehave.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler

from loopback import LoopbackServer

Script = Callable[[BaseHTTPRequestHandler], None]


@dataclass(frozen=True)
class RecordedRequest:
    """A request: method, path with query, headers, body."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Reply:
    """A plain response."""

    content: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, handler: BaseHTTPRequestHandler) -> None:
        """Sends the response."""
        handler.send_response(self.status)
        for name, text in self.headers.items():
            handler.send_header(name, text)
        if "Content-Length" not in self.headers:
            handler.send_header("Content-Length", str(len(self.content)))
        handler.end_headers()
        handler.wfile.write(self.content)


class ScriptedServer(LoopbackServer):
    """Responds to each path, without its query, with its script; to others with 404."""

    def __init__(self) -> None:
        super().__init__(_Handler)
        self.requests: list[RecordedRequest] = []
        self._scripts: dict[str, Script] = {}

    def on(self, path: str, script: Script) -> str:
        """Sets the script of a path, and returns its URL."""
        self._scripts[path] = script
        return self.url + path

    def serve(self, path: str, content: bytes) -> str:
        """Sets the content of a path, and returns its URL."""
        return self.on(path, Reply(content))

    def redirect(self, path: str, target: str, status: int = 302) -> str:
        """Redirects a path, and returns its URL."""
        return self.on(path, Reply(b"", status, {"Location": target}))

    def script(self, path: str) -> Script:
        """The script of a path."""
        return self._scripts.get(path.partition("?")[0], Reply(b"not here", 404))

    def handle_error(self, request: object, client_address: object) -> None:
        """Logs nothing: in these tests, clients disconnect early on purpose."""


class _Handler(BaseHTTPRequestHandler):
    server: ScriptedServer
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.requests.append(RecordedRequest(self.command, self.path, dict(self.headers), body))
        self.server.script(self.path)(self)

    do_GET = do_POST = do_PATCH = do_DELETE = _answer  # noqa: N815 - the library defines the names

    def log_message(self, format: str, *args: object) -> None:
        """Logs nothing: the server records the requests."""
