"""Renders PDF pages in child processes, which are killed when they take too long or too much memory.

With a few bytes a file can make PDFium calculate for ever, and PDFium cannot be interrupted otherwise. A
child serves one file at a time, and then the next.
"""

import atexit
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

PROGRAM = Path(__file__).with_name("pdf_child.py")
REQUEST_SECONDS = 30.0
"""Time for opening a file or rendering a page: a guess, a scan takes less than a second."""
MEMORY_BYTES = 250_000_000
"""Address space of a child, beside the bitmap of a page. Measured: 26 MB when idle, 75 MB with a colour A4
scan of 600 dpi, 185 MB when it is rendered with 80 megapixels."""
_FILES_PER_CHILD = 50
_PREFIXES = ("PYTHON", "LD_", "LC_", "LANG")
_MAX_IDLE = 2

Json = dict[str, Any]


class PdfError(Exception):
    """PDFium cannot open the file or render the page."""


class PdfStoppedError(Exception):
    """The child process was killed or ended by itself; the message says why."""


class PdfProcess:
    """A child process that renders pages; it is not usable after a `PdfStoppedError`."""

    def __init__(self, seconds: float = REQUEST_SECONDS) -> None:
        """`seconds` is the time limit of each request."""
        self._seconds = seconds
        self._files_left = _FILES_PER_CHILD
        self._is_late = False
        arguments = [sys.executable, "-P", str(PROGRAM), str(MEMORY_BYTES), str(round(seconds) + 1)]
        self._process = subprocess.Popen(  # noqa: S603 - this package's own program
            arguments,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(os.environ),
            start_new_session=True,  # Ctrl-C is for the parent
        )

    @property
    def is_reusable(self) -> bool:
        """Whether it can serve another file."""
        return self._files_left > 0 and self._process.poll() is None

    def open(self, content: bytes, max_pages: int) -> Json:
        """`page_count`, and `sizes` in points unless there are more than `max_pages`.

        Raises:
            PdfError: the file is damaged or encrypted.
            PdfStoppedError: it took too long or too much memory.
        """
        self._files_left -= 1
        with self._time_limit():
            return self._request({"open": len(content), "max_pages": max_pages}, content)

    def render(self, index: int, scale: float, bitmap_bytes: int) -> NDArray[np.uint8]:
        """`(height, width, channels)` uint8; `bitmap_bytes` is the memory that the page takes.

        Raises:
            PdfError: the page is damaged.
            PdfStoppedError: it took too long or too much memory.
        """
        with self._time_limit():
            reply = self._request({"page": index, "scale": scale, "bitmap_bytes": bitmap_bytes})
            pixels = np.empty((reply["height"], reply["stride"]), np.uint8)
            if cast(Any, self._process.stdout).readinto(cast(Any, pixels.data).cast("B")) < pixels.nbytes:
                raise self._stopped()
        used = pixels[:, : reply["width"] * reply["channels"]]
        return used.reshape(reply["height"], reply["width"], reply["channels"])

    def close_file(self) -> None:
        """Frees the memory of the open file.

        Raises:
            PdfStoppedError: it took too long.
        """
        with self._time_limit():
            self._request({"close": True})

    def kill(self) -> None:
        """Ends the process."""
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):  # what was written cannot be sent any more
                cast(Any, pipe).close()
        self._process.wait()

    def _request(self, request: Json, content: bytes = b"") -> Json:
        stdin, stdout = cast(Any, self._process.stdin), cast(Any, self._process.stdout)
        try:
            stdin.write(json.dumps(request).encode() + b"\n" + content)
            stdin.flush()
        except OSError as error:
            raise self._stopped() from error
        line = stdout.readline()
        if not line.endswith(b"\n"):
            raise self._stopped()
        reply: Json = json.loads(line)
        if reply.get("error") == "MemoryError":
            raise PdfStoppedError("needs too much memory")
        if "error" in reply:
            raise PdfError(reply["error"])
        return reply

    def _stopped(self) -> PdfStoppedError:
        self.kill()
        if self._is_late:
            return PdfStoppedError(f"takes more than {self._seconds:g} s to render")
        return PdfStoppedError("needs too much memory, or is damaged")

    @contextmanager
    def _time_limit(self) -> Iterator[None]:
        timer = threading.Timer(self._seconds, self._stop_late)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _stop_late(self) -> None:
        self._is_late = True
        self._process.kill()


def _environment(variables: Mapping[str, str]) -> dict[str, str]:
    """What Python itself needs: a child that works on foreign files gets no tokens."""
    return {name: value for name, value in variables.items() if name == "PATH" or name.startswith(_PREFIXES)}


class PdfProcesses:
    """The idle child processes of this process; they are started when they are needed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[PdfProcess] = []

    def take(self) -> PdfProcess:
        """A child process that serves no file."""
        with self._lock:
            process = self._idle.pop() if self._idle else None
        if process is not None and process.is_reusable:
            return process
        if process is not None:
            process.kill()
        return self._start()

    def _start(self) -> PdfProcess:
        return PdfProcess()

    def give_back(self, process: PdfProcess) -> None:
        """Keeps a process for the next file, or ends it."""
        try:
            process.close_file()
        except (PdfError, PdfStoppedError):
            process.kill()
            return
        with self._lock:
            if process.is_reusable and len(self._idle) < _MAX_IDLE:
                self._idle.append(process)
                return
        process.kill()

    def kill_idle(self) -> None:
        """Ends the idle processes."""
        with self._lock:
            idle, self._idle = self._idle, []
        for process in idle:
            process.kill()


processes = PdfProcesses()
atexit.register(processes.kill_idle)
