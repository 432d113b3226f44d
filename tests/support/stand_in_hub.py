"""A stand-in for a public hub of models: as much of Hugging Face's interface as PaddleX's download uses.

It cannot be the real one here; what is real is the client, from PaddleX down, and the files that it is given.
"""

import hashlib
import json
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from loopback import LoopbackServer

_COMMIT = "0" * 39 + "1"


class StandInHub(LoopbackServer):
    """Serves folders as repositories `PaddlePaddle/<folder>`; `asked_for` grows by one path a request."""

    def __init__(self) -> None:
        super().__init__(_HubHandler)
        self.folders: dict[str, Path] = {}
        self.asked_for: list[str] = []

    def put(self, folder: Path) -> None:
        """Serves the folder's files from now on."""
        self.folders[folder.name] = folder


class _HubHandler(BaseHTTPRequestHandler):
    server: StandInHub

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing: what was asked for is kept by the server."""

    def do_GET(self) -> None:  # noqa: D102, N802 - the name is the library's
        self._respond(with_content=True)

    def do_HEAD(self) -> None:  # noqa: D102, N802 - the name is the library's
        self._respond(with_content=False)

    def _respond(self, with_content: bool) -> None:
        self.server.asked_for.append(f"{self.command} {self.path}")
        content = self._content(self.path.split("?")[0].strip("/").split("/"))
        if content is None:
            content = b'{"error": "Repository not found"}'
            self.send_response(HTTPStatus.NOT_FOUND)
            self.send_header("X-Error-Code", "RepoNotFound")
        else:
            self.send_response(HTTPStatus.OK)
            self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
            self.send_header("X-Repo-Commit", _COMMIT)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if with_content:
            self.wfile.write(content)

    def _content(self, path: list[str]) -> bytes | None:
        match path:
            case [""]:
                return b"a hub"
            case ["api", "models", "PaddlePaddle", name, *_] if name in self.server.folders:
                return self._listing(name)
            case ["PaddlePaddle", name, "resolve", _, file] if name in self.server.folders:
                return (self.server.folders[name] / file).read_bytes()
            case _:
                return None

    def _listing(self, name: str) -> bytes:
        files = sorted(file.name for file in self.server.folders[name].iterdir())
        siblings = [{"rfilename": file} for file in files]
        said = {"id": f"PaddlePaddle/{name}", "sha": _COMMIT, "siblings": siblings}
        tree = [
            {
                "type": "file",
                "path": file,
                "size": (self.server.folders[name] / file).stat().st_size,
                "oid": "0" * 40,
            }
            for file in files
        ]
        return json.dumps(tree if "/tree/" in self.path else said).encode()
