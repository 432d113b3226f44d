"""A stand-in for a public hub of models, with the addresses and answers of Hugging Face, and faults to order.

It cannot be the real one here; what is real are its clients and the files that they are given. That it is
like the real one is shown by huggingface_hub itself, which downloads from it.
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
_LARGE = (".onnx", ".pdiparams")  # as .gitattributes has them in Git LFS
_BLOCK = 1 << 16
_DRIP_SECONDS = 0.05  # shorter than any client lets a hub be silent


@dataclass
class Faults:
    """What the hub does wrong; file names are those of the last part of an address."""

    other_content: set[str] = field(default_factory=set)
    """Files whose content differs in one byte from what the list says."""
    wrong_checksum: set[str] = field(default_factory=set)
    wrong_size: set[str] = field(default_factory=set)
    breaks_off: list[int] = field(default_factory=list)
    """Each time that a large file is sent, the connection is cut after the next of these bytes."""
    refusals: list[int] = field(default_factory=list)
    """Statuses that the next requests are answered with, whatever they ask for."""
    is_silent: threading.Event = field(default_factory=threading.Event)
    """While it is set, large files stop after their first block; who goes on there gets nothing."""
    is_mute: threading.Event = field(default_factory=threading.Event)
    """While it is set, connections are taken and nothing is answered."""
    drips_after: int | None = None
    """What is answered comes byte by byte from this byte of it on, with a moment between two."""


class StandInHub(LoopbackServer):
    """Serves folders as repositories `PaddlePaddle/<folder>`; `asked_for` grows by one path a request."""

    def __init__(self, address: str = "127.0.0.1", port: int = 0) -> None:
        super().__init__(_HubHandler, address, port)
        self.folders: dict[str, Path] = {}
        self.asked_for: list[str] = []
        self.authorizations: set[str | None] = set()
        self.ranges: list[str] = []
        self.faults = Faults()
        self.leads_to = ""
        """URL of another such hub that sends the large files, as Hugging Face leads to its own storage."""
        self.sent = 0
        """Bytes of large files."""
        self._stop_at: int | None = None
        self._cuts = False
        self._stopped = threading.Event()
        self._go_on = threading.Event()
        self._lock = threading.Lock()

    def put(self, folder: Path) -> None:
        """Serves the folder's files from now on."""
        self.folders[folder.name] = folder

    def put_all(self, above: Path) -> None:
        """Serves each folder in this one."""
        for folder in above.iterdir():
            self.put(folder)

    @property
    def downloads(self) -> list[str]:
        """The requests for content, without those for lists."""
        return [asked for asked in self.asked_for if asked.startswith("GET /PaddlePaddle/")]

    @contextmanager
    def stopping_after(self, count: int, then_cuts: bool = False) -> Iterator[threading.Event]:
        """Sends so many bytes of large files and then none until the end of the context; the event says when.

        Then it goes on, or cuts the connections that waited.
        """
        with self._lock:
            self._cuts = then_cuts
            self._stop_at = self.sent + count
        try:
            yield self._stopped
        finally:
            with self._lock:
                self._stop_at = None
            self._go_on.set()
            self._go_on, self._stopped = threading.Event(), threading.Event()

    def may_send(self, count: int) -> int:
        """How many of the next bytes may be sent now, 0 if none ever; waits where none may yet."""
        with self._lock:
            if self._stop_at is None or self.sent + count <= self._stop_at:
                self.sent += count
                return count
            left = self._stop_at - self.sent
            self.sent += left
            go_on = self._go_on
            if not left:
                self._stopped.set()
        if left:
            return left
        go_on.wait()
        return 0 if self._cuts else self.may_send(count)


class _HubHandler(BaseHTTPRequestHandler):
    server: StandInHub
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing: what was asked for is kept by the server."""

    def do_GET(self) -> None:  # noqa: D102, N802 - the name is the library's
        self._respond(with_content=True)

    def do_HEAD(self) -> None:  # noqa: D102, N802 - the name is the library's
        self._respond(with_content=False)

    def _respond(self, with_content: bool) -> None:
        self.server.asked_for.append(f"{self.command} {self.path}")
        self.server.authorizations.add(self.headers.get("Authorization"))
        if self.server.faults.is_mute.is_set():
            self.connection.recv(1)  # until the client has had enough
            self.close_connection = True
            return
        if self.server.faults.refusals:
            self._answer(b"", {}, with_content, status=self.server.faults.refusals.pop(0))
            return
        match self.path.split("?")[0].strip("/").split("/"):
            case [""]:
                self._answer(b"a hub", {}, with_content)
            case ["api", "models", "PaddlePaddle", name, "tree", _] if name in self.server.folders:
                self._answer(json.dumps(self._tree(name)).encode(), {}, with_content)
            case ["api", "models", "PaddlePaddle", name, *_] if name in self.server.folders:
                siblings = [{"rfilename": entry["path"]} for entry in self._tree(name)]
                said = {"id": f"PaddlePaddle/{name}", "sha": _COMMIT, "siblings": siblings}
                self._answer(json.dumps(said).encode(), {}, with_content)
            case ["PaddlePaddle", name, "resolve", _, file] if self.server.leads_to and file.endswith(_LARGE):
                leads_to = f"{self.server.leads_to}/storage/{name}/{file}?signature=secret"
                self._answer(b"", {"Location": leads_to}, with_content, status=HTTPStatus.FOUND)
            case ["storage", name, file] if self._file(name, file).is_file():
                self._send_file(self._file(name, file), with_content)
            case ["PaddlePaddle", name, "resolve", _, file] if self._file(name, file).is_file():
                self._send_file(self._file(name, file), with_content)
            case ["PaddlePaddle", name, "resolve", _, _] if name in self.server.folders:
                self._refuse("EntryNotFound")
            case _:
                self._refuse("RepoNotFound")

    def _refuse(self, code: str) -> None:
        # As the real one: who has no token must not learn whether a repository is there.
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
        self._answer(content, headers, with_content, file.suffix in _LARGE)

    def _answer(
        self,
        content: bytes,
        headers: dict[str, str],
        with_content: bool,
        is_large: bool = False,
        status: int = HTTPStatus.OK,
    ) -> None:
        begin = 0
        asked = self.headers.get("Range")
        if asked and status == HTTPStatus.OK:
            self.server.ranges.append(asked)
            begin = int(asked.removeprefix("bytes=").removesuffix("-"))
            self.send_response(HTTPStatus.PARTIAL_CONTENT)
            self.send_header("Content-Range", f"bytes {begin}-{len(content) - 1}/{len(content)}")
        else:
            self.send_response(status)
        for name, text in headers.items():
            self.send_header(name, text)
        self.send_header("Content-Length", str(len(content) - begin))
        self.end_headers()
        if with_content:
            self._send(content[begin:], is_large, begin)

    def _send(self, content: bytes, is_large: bool, begin: int) -> None:
        faults = self.server.faults
        ends = faults.breaks_off.pop(0) if is_large and faults.breaks_off else len(content)
        at = 0
        try:
            while at < ends:
                if is_large and faults.is_silent.is_set() and (at or begin):
                    self.connection.recv(1)  # until the client has had enough
                    break
                count = min(_BLOCK, ends - at)
                if faults.drips_after is not None and begin + at >= faults.drips_after:
                    time.sleep(_DRIP_SECONDS)
                    count = 1
                count = self.server.may_send(count) if is_large else count
                if not count:
                    break
                self.wfile.write(content[at : at + count])
                at += count
        except (BrokenPipeError, ConnectionResetError):
            pass
        if ends < len(content) or at < ends:
            self.close_connection = True
