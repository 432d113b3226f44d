"""Stand-ins for ModelScope and for AI Studio's Gitea: listings and files for their own clients."""

import base64
import hashlib
import json
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from loopback import LoopbackServer

_LARGE = (".onnx", ".pdiparams")


class _FolderServer(LoopbackServer):
    def __init__(self, handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(handler)
        self.folders: dict[str, Path] = {}
        self.authorizations: set[str | None] = set()

    def put(self, folder: Path) -> None:
        """Serves the folder's files from now on."""
        self.folders[folder.name] = folder


class _Handler(BaseHTTPRequestHandler):
    server: _FolderServer

    def log_message(self, format: str, *args: object) -> None:
        """Logs nothing."""

    def do_GET(self) -> None:  # noqa: D102, N802 - the library defines the name
        self.server.authorizations.add(self.headers.get("Authorization"))
        parts = urlsplit(self.path)
        path = [unquote(part) for part in parts.path.strip("/").split("/")]
        answer = self._answer(path, {key: values[0] for key, values in parse_qs(parts.query).items()})
        if answer is None:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _answer(self, path: list[str], query: dict[str, str]) -> Any:
        raise NotImplementedError

    def _files(self, name: str) -> list[Path]:
        return sorted(self.server.folders[name].iterdir()) if name in self.server.folders else []


class StandInModelScope(_FolderServer):
    """Serves folders as models `PaddlePaddle/<folder>`."""

    def __init__(self) -> None:
        super().__init__(_ModelScopeHandler)


class _ModelScopeHandler(_Handler):
    def _answer(self, path: list[str], query: dict[str, str]) -> Any:
        match path:
            case ["api", "v1", "models", "PaddlePaddle", name, "repo", "files"] if self._files(name):
                return {
                    "Code": 200,
                    "Success": True,
                    "Data": {"Files": list(map(_modelscope_entry, self._files(name)))},
                }
            case ["api", "v1", "models", "PaddlePaddle", name, "repo"] if self._files(name):
                return (self.server.folders[name] / query["FilePath"]).read_bytes()
            case _:
                return None


def _modelscope_entry(file: Path) -> dict[str, Any]:
    content = file.read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    return {"Path": file.name, "Name": file.name, "Type": "blob", "Size": len(content), "Sha256": sha256}


class StandInGitea(_FolderServer):
    """Serves folders as repositories `PaddleX/<folder>`, the weights in Git LFS."""

    def __init__(self) -> None:
        super().__init__(_GiteaHandler)


class _GiteaHandler(_Handler):
    def _answer(self, path: list[str], query: dict[str, str]) -> Any:
        match path:
            case ["api", "v1", "repos", "PaddleX", name, "git", "trees", "master"] if self._files(name):
                tree = [
                    {
                        "path": file.name,
                        "type": "blob",
                        "sha": _blob_digest(_in_git(file)),
                        "size": len(_in_git(file)),
                    }
                    for file in self._files(name)
                ]
                return {
                    "sha": "0" * 40,
                    "url": f"{self.server.url}/{'0' * 40}",
                    "tree": tree,
                    "truncated": False,
                    "total_count": len(tree),
                }
            case ["api", "v1", "repos", "PaddleX", name, "contents", file] if self._files(name):
                content = _in_git(self.server.folders[name] / file)
                encoded = base64.b64encode(content).decode()
                return {
                    "path": file,
                    "name": file,
                    "size": len(content),
                    "sha": _blob_digest(content),
                    "content": encoded,
                }
            case ["api", "v1", "repos", "PaddleX", name, "media", file] if self._files(name):
                return (self.server.folders[name] / file).read_bytes()
            case _:
                return None


def _in_git(file: Path) -> bytes:
    """The content in Git: for a file in Git LFS, the pointer."""
    content = file.read_bytes()
    if file.suffix not in _LARGE:
        return content
    sha256 = hashlib.sha256(content).hexdigest()
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {len(content)}\n".encode()


def _blob_digest(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
