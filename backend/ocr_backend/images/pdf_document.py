"""A PDF file as pages, rendered in a child process.

A page that kills its child process costs only itself: the next page gets another process. For a while it is
not tried again.
"""

import hashlib
import math
from threading import Lock
from typing import Any

import cv2
import numpy as np
from cachetools import TTLCache
from numpy.typing import NDArray

from ocr_backend.config.settings import Settings
from ocr_backend.errors import ImageError
from ocr_backend.images import pdf_process
from ocr_backend.images.decoding import check_size
from ocr_backend.images.pdf_process import PdfError, PdfProcess, PdfProcesses, PdfStoppedError
from ocr_backend.ocr_types import Image

_POINTS_PER_INCH = 72
_GIVEN_UP_SECONDS = 3600.0
_GIVEN_UP_PAGES = 1000
_BITMAP_BYTES_PER_PIXEL = 3
_BITMAPS = 3
"""The bitmap of the child, what this process receives, and its copy."""
_damaged = "the PDF is damaged, or needs a password"


class GivenUp:
    """Remembers for a while why files and pages were given up."""

    def __init__(self, seconds: float = _GIVEN_UP_SECONDS) -> None:
        self._lock = Lock()
        self._reasons: TTLCache[tuple[bytes, int | None], str] = TTLCache(_GIVEN_UP_PAGES, seconds)

    def check(self, digest: bytes, index: int | None) -> None:
        """Checks a page, or the opening of a file if there is no index.

        Raises:
            ImageError: it was given up.
        """
        with self._lock:
            reason = self._reasons.get((digest, index))
        if reason is not None:
            raise ImageError("refused", reason)

    def add(self, digest: bytes, index: int | None, reason: str) -> ImageError:
        """Remembers the reason for a page; the error for it."""
        with self._lock:
            self._reasons[digest, index] = reason
        return ImageError("refused", reason)


_given_up = GivenUp()


class PdfDocument:
    """The pages of a PDF file; used by one thread at a time."""

    def __init__(
        self,
        content: bytes,
        settings: Settings,
        processes: PdfProcesses = pdf_process.processes,
        given_up: GivenUp = _given_up,
    ) -> None:
        """Opens the file in a child process.

        Raises:
            ImageError: the PDF is damaged, encrypted, has too many pages, or cannot be opened in time.
        """
        self._content = content
        self._settings = settings
        self._processes = processes
        self._given_up = given_up
        self._digest = hashlib.sha256(content).digest()
        self._process: PdfProcess | None = None
        self._sizes: list[tuple[float, float] | None] = self._open()["sizes"]

    @property
    def page_count(self) -> int:
        """The number of pages."""
        return len(self._sizes)

    def page_bytes(self, index: int) -> int:
        """The memory that `page` takes at most, in this process and in its child.

        Raises:
            ImageError: the page is damaged or too large.
        """
        return _BITMAPS * self._bitmap_bytes(index) + pdf_process.MEMORY_BYTES

    def page(self, index: int) -> Image:
        """The page at an index from 0.

        Raises:
            ImageError: the page is damaged or too large, or takes too much time or memory.
        """
        bitmap_bytes = self._bitmap_bytes(index)
        self._given_up.check(self._digest, index)
        try:
            if self._process is None:
                self._open()
            assert self._process is not None
            return _to_bgr(self._process.render(index, self._scale, bitmap_bytes))
        except PdfError as error:
            raise _damaged_page(index) from error
        except PdfStoppedError as error:
            self._kill()
            raise self._given_up.add(self._digest, index, f"page {index + 1} of the PDF {error}") from error

    def close(self) -> None:
        """Frees the file."""
        if self._process is not None:
            self._processes.give_back(self._process)
            self._process = None

    @property
    def _scale(self) -> float:
        return self._settings.pdf_dpi / _POINTS_PER_INCH

    def _bitmap_bytes(self, index: int) -> int:
        return math.prod(self._page_size(index)) * _BITMAP_BYTES_PER_PIXEL

    def _page_size(self, index: int) -> tuple[int, int]:
        """Width and height in px."""
        points = self._sizes[index]
        if points is None:
            raise _damaged_page(index)
        size = math.ceil(points[0] * self._scale), math.ceil(points[1] * self._scale)
        check_size(size, self._settings.max_image_pixels)
        return size

    def _open(self) -> dict[str, Any]:
        self._given_up.check(self._digest, None)
        self._process = self._processes.take()
        try:
            reply = self._process.open(self._content, self._settings.max_pages)
        except PdfError as error:
            self.close()
            raise ImageError("broken", _damaged) from error
        except PdfStoppedError as error:
            self._kill()
            raise self._given_up.add(self._digest, None, f"the PDF {error}") from error
        if not 0 < reply["page_count"] <= self._settings.max_pages:
            self.close()
            raise ImageError(
                "refused",
                f"the PDF has {reply['page_count']} pages; 1 to {self._settings.max_pages} are allowed "
                "(OCR_MAX_PAGES)",
            )
        return reply

    def _kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process = None


def _damaged_page(index: int) -> ImageError:
    return ImageError("broken", f"page {index + 1} of the PDF is damaged")


def _to_bgr(rendered: NDArray[np.uint8]) -> Image:
    """PDFium renders grey, BGR, or BGR with a fourth channel."""
    if rendered.shape[2] == 1:
        return np.asarray(cv2.cvtColor(rendered, cv2.COLOR_GRAY2BGR), np.uint8)
    return np.ascontiguousarray(rendered[:, :, :3])
