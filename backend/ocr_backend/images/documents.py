"""Image or PDF file -> its pages as upright images.

Does not know where files come from. PDFium renders PDF pages; it serves one thread at a time.
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
from ocr_backend.images.decoding import check_size, decode_image
from ocr_backend.ocr_types import Image

_POINTS_PER_INCH = 72
_HEADER_BYTES = 1024
"""Where the PDF signature must be; viewers accept other bytes before it (PDF 1.7, appendix H)."""

_pdfium_lock = threading.Lock()


class Document(Protocol):
    """The pages of a file; an image has one."""

    page_count: int

    def page(self, index: int) -> Image:
        """The page at an index from 0.

        Raises:
            ImageError: the page is damaged or too large.
        """
        ...


@contextmanager
def open_document(content: bytes, settings: Settings) -> Iterator[Document]:
    """Opens a file; the document is valid until the context ends.

    Raises:
        ImageError: the PDF is damaged, encrypted, or has too many pages.
    """
    if b"%PDF-" not in content[:_HEADER_BYTES]:
        yield _ImageDocument(content, settings.max_image_pixels)
        return
    pdf = _PdfDocument(content, settings)
    try:
        yield pdf
    finally:
        pdf.close()


class _ImageDocument:
    page_count = 1

    def __init__(self, content: bytes, max_pixels: int) -> None:
        self._decode = partial(decode_image, content, max_pixels)

    def page(self, _: int) -> Image:
        return self._decode()


class _PdfDocument:
    def __init__(self, content: bytes, settings: Settings) -> None:
        self._settings = settings
        with _pdfium_lock:
            try:
                self._pdf = pypdfium2.PdfDocument(content)
            except pypdfium2.PdfiumError as error:
                raise ImageError("broken", "the PDF is damaged, or needs a password") from error
            self.page_count = len(self._pdf)
        if not 0 < self.page_count <= settings.max_pages:
            self.close()
            raise ImageError(
                "refused",
                f"the PDF has {self.page_count} pages; 1 to {settings.max_pages} are allowed (OCR_MAX_PAGES)",
            )

    def page(self, index: int) -> Image:
        with _pdfium_lock:
            try:
                rendered = self._render(index)
            except pypdfium2.PdfiumError as error:
                raise ImageError("broken", f"page {index + 1} of the PDF is damaged") from error
        return _to_bgr(rendered)

    def _render(self, index: int) -> np.ndarray:
        scale = self._settings.pdf_dpi / _POINTS_PER_INCH
        page = self._pdf[index]
        width, height = (math.ceil(points * scale) for points in page.get_size())
        check_size((width, height), self._settings.max_image_pixels)
        return cast(np.ndarray, page.render(scale=scale).to_numpy().copy())

    def close(self) -> None:
        with _pdfium_lock:
            self._pdf.close()


def _to_bgr(rendered: np.ndarray) -> Image:
    """PDFium renders grey, BGR, or BGR with a fourth channel."""
    if rendered.ndim == 2 or rendered.shape[2] == 1:
        return cast(Image, cv2.cvtColor(rendered, cv2.COLOR_GRAY2BGR))
    return cast(Image, np.ascontiguousarray(rendered[:, :, :3]))
