"""The file of a task -> its pages as upright images: one of an image, several of a PDF.

Knows nothing of where files come from. Images are `decoding`'s; PDF pages are drawn by PDFium, which serves
one thread at a time.
"""

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Protocol, cast

import cv2
import numpy as np
import pypdfium2

from ocr_backend.config.settings import Settings
from ocr_backend.errors import ImageError
from ocr_backend.images.decoding import check_size, decoded
from ocr_backend.ocr_types import Image

_POINTS_PER_INCH = 72
_HEAD = 1024
"""Bytes within which a PDF says that it is one; viewers accept something before it (PDF 1.7, appendix H)."""

_pdfium = threading.Lock()


class Document(Protocol):
    """A file's pages."""

    pages: int

    def page(self, number: int) -> Image:
        """One page, from 0, as readers take it.

        Raises:
            ImageError: it is damaged or too large.
        """
        ...


@contextmanager
def opened(content: bytes, settings: Settings) -> Iterator[Document]:
    """The document in a file, until the end of the context.

    Raises:
        ImageError: a PDF is damaged, encrypted, or has too many pages.
    """
    if b"%PDF-" not in content[:_HEAD]:
        yield _Image(content, settings.max_image_pixels)
        return
    pdf = _Pdf(content, settings)
    try:
        yield pdf
    finally:
        pdf.close()


class _Image:
    pages = 1

    def __init__(self, content: bytes, max_pixels: int) -> None:
        self._decoded = partial(decoded, content, max_pixels)

    def page(self, _: int) -> Image:
        return self._decoded()


class _Pdf:
    def __init__(self, content: bytes, settings: Settings) -> None:
        self._settings = settings
        with _pdfium:
            try:
                self._file = pypdfium2.PdfDocument(content)
            except pypdfium2.PdfiumError as error:
                raise ImageError("broken", "the PDF is damaged, or needs a password") from error
            self.pages = len(self._file)
        if not 0 < self.pages <= settings.max_pages:
            self.close()
            raise ImageError(
                "refused",
                f"the PDF has {self.pages} pages; 1 to {settings.max_pages} are allowed (OCR_MAX_PAGES)",
            )

    def page(self, number: int) -> Image:
        scale = self._settings.pdf_dpi / _POINTS_PER_INCH
        with _pdfium:
            try:
                page = self._file[number]
                width, height = (math.ceil(points * scale) for points in page.get_size())
                check_size((width, height), self._settings.max_image_pixels)
                drawn = page.render(scale=scale).to_numpy().copy()
            except pypdfium2.PdfiumError as error:
                raise ImageError("broken", f"page {number + 1} of the PDF is damaged") from error
        return _three_channels(drawn)

    def close(self) -> None:
        with _pdfium:
            self._file.close()


def _three_channels(drawn: np.ndarray) -> Image:
    """What PDFium draws is BGR, with a fourth channel or grey alone."""
    if drawn.ndim == 2 or drawn.shape[2] == 1:
        return cast(Image, cv2.cvtColor(drawn, cv2.COLOR_GRAY2BGR))
    return cast(Image, np.ascontiguousarray(drawn[:, :, :3]))
