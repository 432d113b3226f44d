"""A web server on loopback whose answers a test writes down, path by path; it remembers what it was asked.

It stands for hosts of images, for Label Studio's paths of files, and for hosts that misbehave.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler

from loopback import LoopbackServer

Script = Callable[[BaseHTTPRequestHandler], None]


@dataclass(frozen=True)
class Asked:
    """One request: path with query, headers, body."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Reply:
    """A plain answer."""

    content: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, handler: BaseHTTPRequestHandler) -> None:
        """Sends it."""
        handler.send_response(self.status)
        for name, text in self.headers.items():
            handler.send_header(name, text)
        if "Content-Length" not in self.headers:
            handler.send_header("Content-Length", str(len(self.content)))
        handler.end_headers()
        handler.wfile.write(self.content)


class ScriptedServer(LoopbackServer):
    """Answers each path, without its query, as it was told; others with 404."""

    def __init__(self) -> None:
        super().__init__(_Handler)
        self.asked: list[Asked] = []
        self._scripts: dict[str, Script] = {}

    def on(self, path: str, script: Script) -> str:
        """The URL of a path that is answered so from now on."""
        self._scripts[path] = script
        return self.url + path

    def serve(self, path: str, content: bytes) -> str:
        """The URL of a path that has this content from now on."""
        return self.on(path, Reply(content))

    def redirect(self, path: str, target: str, status: int = 302) -> str:
        """The URL of a path that leads elsewhere from now on."""
        return self.on(path, Reply(b"", status, {"Location": target}))

    def script(self, path: str) -> Script:
        """What is done about a path."""
        return self._scripts.get(path.partition("?")[0], Reply(b"not here", 404))

    def handle_error(self, request: object, client_address: object) -> None:
        """Says nothing: clients of these tests leave early on purpose."""


class _Handler(BaseHTTPRequestHandler):
    server: ScriptedServer
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.asked.append(Asked(self.command, self.path, dict(self.headers), body))
        self.server.script(self.path)(self)

    do_GET = do_POST = do_PATCH = do_DELETE = _answer  # noqa: N815 - the names are the library's

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing: what matters is kept by the server."""
