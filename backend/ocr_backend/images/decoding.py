"""Image file -> the upright image that a reader takes.

Does not know where files come from. The size is checked in the file's header, before the pixels take memory.
"""

import io
import struct
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import ImageOps, UnidentifiedImageError

from ocr_backend.errors import ImageError
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

# Within these limits, differences of float32 values stay finite, and so does 255 divided by them.
_MAX_GREY = 1e38
_MIN_CONTRAST = 1e-30


def decode_image(content: bytes, max_pixels: int) -> Image:
    """The image as `(height, width, 3)` uint8 BGR: first frame, EXIF orientation applied, without alpha.

    Transparent parts become white or black, whichever contrasts with the visible parts.

    Raises:
        ImageError: the file is empty, not an image, damaged, or has more than `max_pixels`.
    """
    if not content:
        raise ImageError("broken", "the file is empty")
    try:
        with PillowImage.open(io.BytesIO(content), formats=FORMATS) as file:
            check_size(file.size, max_pixels)
            upright = ImageOps.exif_transpose(file)
            return cast(Image, cv2.cvtColor(_to_rgb(upright), cv2.COLOR_RGB2BGR))
    except UnidentifiedImageError as error:
        raise ImageError(
            "broken", f"the file is neither a PDF nor an image of these formats: {', '.join(FORMATS)}"
        ) from error
    except MemoryError as error:
        raise ImageError("refused", "there is not enough memory for the image") from error
    except _DECODE_ERRORS as error:
        raise ImageError("broken", "the image file is damaged or incomplete") from error


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


def _to_rgb(file: PillowImage.Image) -> NDArray[np.uint8]:
    if file.mode.startswith(("I", "F")):
        return np.repeat(_stretch_contrast(np.asarray(file))[:, :, None], 3, axis=2)
    if file.has_transparency_data:
        return np.asarray(_remove_alpha(file.convert("RGBA")))
    return np.asarray(file.convert("RGB"))


def _stretch_contrast(values: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Grey values of more than 8 bits, scaled so that the darkest is 0 and the lightest 255.

    Scanners store 10 or 12 bits in 16, so dropping the low bits would turn the page black.
    """
    grey = np.nan_to_num(values.astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    np.clip(grey, -_MAX_GREY, _MAX_GREY, out=grey)
    low, high = float(grey.min()), float(grey.max())
    if high - low < _MIN_CONTRAST:
        return np.full(grey.shape, 255, np.uint8)
    return ((grey - low) * (255 / (high - low))).round().astype(np.uint8)


def _remove_alpha(file: PillowImage.Image) -> PillowImage.Image:
    background = "black" if _is_light_on_transparent(np.asarray(file)) else "white"
    opaque = PillowImage.new("RGB", file.size, background)
    opaque.paste(file, mask=file.getchannel("A"))
    return opaque


def _is_light_on_transparent(pixels: NDArray[np.uint8]) -> bool:
    """Whether the visible pixels are light and cover only a part, like white letters without a page."""
    visible = pixels[:, :, 3] > 127
    covered = float(visible.mean())
    # An almost fully visible image is a page with soft edges, whatever its colour.
    return 0 < covered < 0.9 and float(pixels[:, :, :3][visible].mean()) > 127
