"""A stand-in for a public hub of models, with Hugging Face's URLs and responses, and with faults on demand.

Tests have no access to the real hub. The clients and the files are real: huggingface_hub itself downloads
from this server.
"""

import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from loopback import LoopbackServer

_COMMIT = "0" * 39 + "1"
_LARGE = (".onnx", ".pdiparams")  # in Git LFS, as .gitattributes says
_BLOCK = 1 << 16
_DRIP_SECONDS = 0.05  # shorter than the read timeout of any client


@dataclass
class Faults:
    """The hub's faults; file names are the last part of a URL."""

    other_content: set[str] = field(default_factory=set)
    """Files whose content differs in one byte from the listing."""
    wrong_checksum: set[str] = field(default_factory=set)
    wrong_size: set[str] = field(default_factory=set)
    breaks_off: list[int] = field(default_factory=list)
    """Each time a large file is sent, the connection breaks after the next of these numbers of bytes."""
    refusals: list[int] = field(default_factory=list)
    """Statuses of the responses to the next requests."""
    is_silent: threading.Event = field(default_factory=threading.Event)
    """While set, large files stop after their first block, and resumed ones send nothing."""
    is_mute: threading.Event = field(default_factory=threading.Event)
    """While set, connections are accepted, but there is no response."""
    drips_after: int | None = None
    """From this byte on, responses are sent byte by byte, with a pause between two."""


class StandInHub(LoopbackServer):
    """Serves folders as repositories `PaddlePaddle/<folder>`, and records the requests in `requests`."""

    def __init__(self, address: str = "127.0.0.1", port: int = 0) -> None:
        super().__init__(_HubHandler, address, port)
        self.folders: dict[str, Path] = {}
        self.requests: list[str] = []
        self.authorizations: set[str | None] = set()
        self.ranges: list[str] = []
        self.faults = Faults()
        self.storage_url = ""
        """URL of another such hub to redirect to for large files, as Hugging Face does."""
        self.sent = 0
        """Sent bytes of large files."""
        self._stop_at: int | None = None
        self._breaks_connections = False
        self._stopped = threading.Event()
        self._resumed = threading.Event()
        self._lock = threading.Lock()

    def put(self, folder: Path) -> None:
        """Serves the folder's files from now on."""
        self.folders[folder.name] = folder

    def put_all(self, parent: Path) -> None:
        """Serves each folder in this one."""
        for folder in parent.iterdir():
            self.put(folder)

    @property
    def downloads(self) -> list[str]:
        """The requests for files, without those for listings."""
        return [request for request in self.requests if request.startswith("GET /PaddlePaddle/")]

    @contextmanager
    def stopping_after(self, count: int, then_cuts: bool = False) -> Iterator[threading.Event]:
        """Sends so many bytes of large files, sets the event, and sends no more until the end of the context.

        Then it continues, or breaks the waiting connections.
        """
        with self._lock:
            self._breaks_connections = then_cuts
            self._stop_at = self.sent + count
        try:
            yield self._stopped
        finally:
            with self._lock:
                self._stop_at = None
            self._resumed.set()
            self._resumed, self._stopped = threading.Event(), threading.Event()

    def may_send(self, count: int) -> int:
        """How many of the next bytes may be sent; waits while none may; 0 breaks the connection."""
        with self._lock:
            if self._stop_at is None or self.sent + count <= self._stop_at:
                self.sent += count
                return count
            allowed = self._stop_at - self.sent
            self.sent += allowed
            resumed = self._resumed
            if not allowed:
                self._stopped.set()
        if allowed:
            return allowed
        resumed.wait()
        return 0 if self._breaks_connections else self.may_send(count)


class _HubHandler(BaseHTTPRequestHandler):
    server: StandInHub
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """Logs nothing: the server records the requests."""

    def do_GET(self) -> None:  # noqa: D102, N802 - the library defines the name
        self._respond(with_content=True)

    def do_HEAD(self) -> None:  # noqa: D102, N802 - the library defines the name
        self._respond(with_content=False)

    def _respond(self, with_content: bool) -> None:
        self.server.requests.append(f"{self.command} {self.path}")
        self.server.authorizations.add(self.headers.get("Authorization"))
        if self.server.faults.is_mute.is_set():
            self.connection.recv(1)  # until the client closes the connection
            self.close_connection = True
            return
        if self.server.faults.refusals:
            self._send_response(b"", {}, with_content, status=self.server.faults.refusals.pop(0))
            return
        match self.path.split("?")[0].strip("/").split("/"):
            case [""]:
                self._send_response(b"a hub", {}, with_content)
            case ["api", "models", "PaddlePaddle", name, "tree", _] if name in self.server.folders:
                self._send_response(json.dumps(self._tree(name)).encode(), {}, with_content)
            case ["api", "models", "PaddlePaddle", name, *_] if name in self.server.folders:
                siblings = [{"rfilename": entry["path"]} for entry in self._tree(name)]
                info = {"id": f"PaddlePaddle/{name}", "sha": _COMMIT, "siblings": siblings}
                self._send_response(json.dumps(info).encode(), {}, with_content)
            case ["PaddlePaddle", name, "resolve", _, file] if self.server.storage_url and file.endswith(
                _LARGE
            ):
                location = f"{self.server.storage_url}/storage/{name}/{file}?signature=secret"
                self._send_response(b"", {"Location": location}, with_content, status=HTTPStatus.FOUND)
            case ["storage", name, file] if self._file(name, file).is_file():
                self._send_file(self._file(name, file), with_content)
            case ["PaddlePaddle", name, "resolve", _, file] if self._file(name, file).is_file():
                self._send_file(self._file(name, file), with_content)
            case ["PaddlePaddle", name, "resolve", _, _] if name in self.server.folders:
                self._refuse("EntryNotFound")
            case _:
                self._refuse("RepoNotFound")

    def _refuse(self, code: str) -> None:
        # As the real hub: without a token, a client must not learn whether a repository exists.
        has_token = self.headers.get("Authorization") is not None or code == "EntryNotFound"
        self.send_response(HTTPStatus.NOT_FOUND if has_token else HTTPStatus.UNAUTHORIZED)
        self.send_header("X-Error-Code", code)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _file(self, name: str, file: str) -> Path:
        return self.server.folders.get(name, Path("/nowhere")) / file

    def _tree(self, name: str) -> list[dict[str, Any]]:
        folder = self.server.folders[name]
        return [self._entry(file) for file in sorted(folder.iterdir()) if file.name != "manifest.json"]

    def _entry(self, file: Path) -> dict[str, Any]:
        content = file.read_bytes()
        faults = self.server.faults
        size = len(content) + (file.name in faults.wrong_size)
        checked = content + b"!" if file.name in faults.wrong_checksum else content
        oid = hashlib.sha1(b"blob %d\0" % len(checked) + checked, usedforsecurity=False).hexdigest()
        entry: dict[str, Any] = {"type": "file", "path": file.name, "size": size, "oid": oid}
        if file.suffix in _LARGE:
            sha256 = hashlib.sha256(checked).hexdigest()
            entry["lfs"] = {"oid": sha256, "size": size, "pointerSize": 134}
        return entry

    def _send_file(self, file: Path, with_content: bool) -> None:
        content = file.read_bytes()
        if file.name in self.server.faults.other_content:
            content = content[:-1] + bytes([content[-1] ^ 1])
        tag = self._entry(file).get("lfs", {}).get("oid") or self._entry(file)["oid"]
        headers = {"ETag": f'"{tag}"', "X-Repo-Commit": _COMMIT, "Accept-Ranges": "bytes"}
        self._send_response(content, headers, with_content, file.suffix in _LARGE)

    def _send_response(
        self,
        content: bytes,
        headers: dict[str, str],
        with_content: bool,
        is_large: bool = False,
        status: int = HTTPStatus.OK,
    ) -> None:
        start = 0
        requested_range = self.headers.get("Range")
        if requested_range and status == HTTPStatus.OK:
            self.server.ranges.append(requested_range)
            start = int(requested_range.removeprefix("bytes=").removesuffix("-"))
            self.send_response(HTTPStatus.PARTIAL_CONTENT)
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        else:
            self.send_response(status)
        for name, text in headers.items():
            self.send_header(name, text)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        if with_content:
            self._send(content[start:], is_large, start)

    def _send(self, content: bytes, is_large: bool, start: int) -> None:
        faults = self.server.faults
        end = faults.breaks_off.pop(0) if is_large and faults.breaks_off else len(content)
        position = 0
        try:
            while position < end:
                if is_large and faults.is_silent.is_set() and (position or start):
                    self.connection.recv(1)  # until the client closes the connection
                    break
                count = min(_BLOCK, end - position)
                if faults.drips_after is not None and start + position >= faults.drips_after:
                    time.sleep(_DRIP_SECONDS)
                    count = 1
                count = self.server.may_send(count) if is_large else count
                if not count:
                    break
                self.wfile.write(content[position : position + count])
                position += count
        except (BrokenPipeError, ConnectionResetError):
            pass
        if end < len(content) or position < end:
            self.close_connection = True
