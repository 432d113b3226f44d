"""Image file -> the upright images of its pages that a reader takes.

Does not know where files come from. The size is checked in the file's header, before the pixels take memory.
"""

import io
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import cast

import cv2
import numpy as np
from PIL import Image as PillowImage
from PIL import UnidentifiedImageError
from PIL.TiffImagePlugin import TiffImageFile

from ocr_backend.errors import ImageError
from ocr_backend.images.jpeg_end import with_end_marker
from ocr_backend.images.pixels import bgr_pixels
from ocr_backend.ocr_types import Image

FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "AVIF", "JPEG2000", "PPM")
"""Formats that may be decoded. Others that Pillow knows start programs or hold no pixels (EPS, PDF, WMF)."""

# `max_pixels` is the limit; Pillow's own limit would raise other warnings and errors.
PillowImage.MAX_IMAGE_PIXELS = None

# What Pillow's decoders raise on damaged files besides OSError (found by decoding damaged files).
_DECODE_ERRORS = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    RuntimeError,
    OverflowError,
    struct.error,
)

BYTES_PER_PIXEL = {
    "JPEG": 13,
    "MPO": 13,
    "PNG": 8,
    "WEBP": 17,
    "TIFF": 12,
    "BMP": 8,
    "GIF": 8,
    "AVIF": 14,
    "JPEG2000": 24,
    "PPM": 8,
}
"""Memory that decoding takes at most (measured with 25 megapixels of each mode)."""

_ORIENTATION_TAG = 0x0112  # EXIF 2.32
_SUBFILE_TYPE_TAG = 254  # TIFF 6.0
_NOT_A_PAGE = 0b101
"""Bits of a TIFF image that is a smaller copy or a mask of another one."""
_MAX_TIFF_IMAGES = 2000
"""Pages and small copies that are counted at most."""


@dataclass(frozen=True)
class Frame:
    """A page of an image file: its index among all images in the file, format, width and height."""

    index: int
    format: str
    size: tuple[int, int]


def decode_image(content: bytes, max_pixels: int, index: int = 0) -> Image:
    """The image as `(height, width, 3)` uint8 BGR: one frame, EXIF orientation applied, without alpha.

    Raises:
        ImageError: the file is empty, not an image, damaged, or has more than `max_pixels`.
    """
    with _image_errors():
        return _upright(*_decode_completed(content, max_pixels, index))


def frames(content: bytes, max_pages: int) -> list[Frame]:
    """The pages of an image file: all of a TIFF without small copies, else the first image.

    Raises:
        ImageError: the file is empty, not an image or damaged, or has more than `max_pages`.
    """
    with _image_errors(), _open(content) as file:
        first = _frame(file)
        if not isinstance(file, TiffImageFile):
            return [first]
        pages = [first, *islice(_further_pages(file), max_pages)]
    if len(pages) > max_pages:
        raise ImageError("refused", f"the TIFF has more than {max_pages} pages (OCR_MAX_PAGES)")
    return pages


def is_image(content: bytes) -> bool:
    """Whether a file begins like an image that may be decoded."""
    try:
        with _open(content):
            return True
    except (ImageError, *_DECODE_ERRORS):
        return False


def check_size(size: tuple[int, int], max_pixels: int) -> None:
    """Checks the width and height of an image.

    Raises:
        ImageError: the image has no pixels, or more than `max_pixels`.
    """
    width, height = size
    if width * height > max_pixels:
        raise ImageError(
            "refused",
            f"the image has {width} x {height} pixels; {max_pixels} are allowed (OCR_MAX_IMAGE_PIXELS)",
        )
    if width < 1 or height < 1:
        raise ImageError("broken", "the image has no pixels")


def _open(content: bytes) -> PillowImage.Image:
    if not content:
        raise ImageError("broken", "the file is empty")
    return PillowImage.open(io.BytesIO(content), formats=FORMATS)


def _frame(file: PillowImage.Image) -> Frame:
    return Frame(file.tell(), file.format or "", file.size)


def _further_pages(file: TiffImageFile) -> Iterator[Frame]:
    """The pages after the first image of a TIFF."""
    for index in range(1, _MAX_TIFF_IMAGES):
        try:
            file.seek(index)
        except EOFError:
            return
        if not file.tag_v2.get(_SUBFILE_TYPE_TAG, 0) & _NOT_A_PAGE:
            yield _frame(file)


def _decode_completed(content: bytes, max_pixels: int, index: int) -> tuple[Image, int]:
    try:
        return _decode(content, max_pixels, index)
    except OSError:
        complete = with_end_marker(content)
        if complete is None:
            raise
        return _decode(complete, max_pixels, index)


def _decode(content: bytes, max_pixels: int, index: int) -> tuple[Image, int]:
    """The pixels as they are stored, and their EXIF orientation."""
    with _open(content) as file:
        if index:
            file.seek(index)
        check_size(file.size, max_pixels)
        file.load()
        # Read after the pixels: Pillow itself turns TIFF images, and removes the entry.
        return bgr_pixels(file), file.getexif().get(_ORIENTATION_TAG, 1)


def _upright(pixels: Image, orientation: int) -> Image:
    """The image turned and mirrored as its EXIF orientation says."""
    match orientation:
        case 2:
            upright = cv2.flip(pixels, 1)
        case 3:
            upright = cv2.rotate(pixels, cv2.ROTATE_180)
        case 4:
            upright = cv2.flip(pixels, 0)
        case 5:
            upright = cv2.transpose(pixels)
        case 6:
            upright = cv2.rotate(pixels, cv2.ROTATE_90_CLOCKWISE)
        case 7:
            upright = cv2.flip(cv2.transpose(pixels), -1)
        case 8:
            upright = cv2.rotate(pixels, cv2.ROTATE_90_COUNTERCLOCKWISE)
        case _:
            upright = pixels
    return cast(Image, np.asarray(upright))


@contextmanager
def _image_errors() -> Iterator[None]:
    """Turns the errors of Pillow into image errors."""
    try:
        yield
    except UnidentifiedImageError as error:
        raise ImageError(
            "broken", f"the file is neither a PDF nor an image of these formats: {', '.join(FORMATS)}"
        ) from error
    except MemoryError as error:
        raise ImageError("refused", "there is not enough memory for the image") from error
    except _DECODE_ERRORS as error:
        raise ImageError("broken", "the image file is damaged or incomplete") from error
