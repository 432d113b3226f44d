"""Image or PDF file -> its pages as upright images.

Does not know where files come from.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from ocr_backend.config.settings import Settings
from ocr_backend.images import decoding
from ocr_backend.images.pdf_document import PdfDocument
from ocr_backend.ocr_types import Image

_PDF_SIGNATURE = b"%PDF-"
_HEADER_BYTES = 1024
"""Where the PDF signature must be; viewers accept other bytes before it (PDF 1.7, appendix H)."""


class Document(Protocol):
    """The pages of a file; most images have one."""

    @property
    def page_count(self) -> int:
        """The number of pages."""
        ...

    def page_bytes(self, index: int) -> int:
        """The memory that `page` takes at most.

        Raises:
            ImageError: the page is damaged or too large.
        """
        ...

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
        ImageError: the file is damaged, encrypted, or has too many pages.
    """
    # A comment in an image may hold the signature too.
    if _PDF_SIGNATURE not in content[:_HEADER_BYTES] or decoding.is_image(content):
        yield _ImageDocument(content, settings)
        return
    pdf = PdfDocument(content, settings)
    try:
        yield pdf
    finally:
        pdf.close()


class _ImageDocument:
    def __init__(self, content: bytes, settings: Settings) -> None:
        self._content = content
        self._max_pixels = settings.max_image_pixels
        self._frames = decoding.frames(content, settings.max_pages)

    @property
    def page_count(self) -> int:
        return len(self._frames)

    def page_bytes(self, index: int) -> int:
        frame = self._frames[index]
        decoding.check_size(frame.size, self._max_pixels)
        return math.prod(frame.size) * decoding.BYTES_PER_PIXEL[frame.format]

    def page(self, index: int) -> Image:
        return decoding.decode_image(self._content, self._max_pixels, self._frames[index].index)
