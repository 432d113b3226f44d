"""The file of an image -> the upright image that a reader takes.

Knows nothing of where files come from. Sizes are checked in the file's header, before pixels take memory.
"""

import io
import struct
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Files
from PIL import ImageOps, UnidentifiedImageError

from ocr_backend.errors import ImageError
from ocr_backend.ocr_types import Image

FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "AVIF", "JPEG2000", "PPM")
"""What may be decoded. Others that Pillow knows start programs or hold no pixels (EPS, PDF, WMF)."""

# The limit of pixels is our own and a setting; Pillow's would turn into warnings and errors of its own.
Files.MAX_IMAGE_PIXELS = None

# What Pillow's decoders raise on broken files, beside OSError (found by decoding damaged files).
_BROKEN = (
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

# Between these, differences of float32 stay finite, and so does 255 divided by them.
_GREATEST_GREY = 1e38
_LEAST_CONTRAST = 1e-30


def decoded(content: bytes, max_pixels: int) -> Image:
    """The image as `(height, width, 3)` uint8 BGR: first frame, turned as its EXIF says, without alpha.

    Transparent parts get the background, white or black, that the visible parts stand out from.

    Raises:
        ImageError: the file is empty, no image, damaged, or has more than `max_pixels`.
    """
    if not content:
        raise ImageError("broken", "the file is empty")
    try:
        with Files.open(io.BytesIO(content), formats=FORMATS) as file:
            check_size(file.size, max_pixels)
            turned = ImageOps.exif_transpose(file)
            return cast(Image, cv2.cvtColor(_rgb(turned), cv2.COLOR_RGB2BGR))
    except UnidentifiedImageError as error:
        raise ImageError(
            "broken", f"the file is neither a PDF nor an image of these: {', '.join(FORMATS)}"
        ) from error
    except MemoryError as error:
        raise ImageError("refused", "there is not enough memory for the image") from error
    except _BROKEN as error:
        raise ImageError("broken", "the image's file is damaged or incomplete") from error


def check_size(size: tuple[int, int], max_pixels: int) -> None:
    """Lets an image of this width and height pass.

    Raises:
        ImageError: it has no pixels, or more than `max_pixels`.
    """
    width, height = size
    if width * height > max_pixels:
        raise ImageError(
            "refused",
            f"the image has {width} x {height} pixels; {max_pixels} are allowed (OCR_MAX_IMAGE_PIXELS)",
        )
    if width < 1 or height < 1:
        raise ImageError("broken", "the image has no pixels")


def _rgb(file: Files.Image) -> NDArray[np.uint8]:
    if file.mode.startswith(("I", "F")):
        return np.repeat(_stretched(np.asarray(file))[:, :, None], 3, axis=2)
    if file.has_transparency_data:
        return np.asarray(_without_alpha(file.convert("RGBA")))
    return np.asarray(file.convert("RGB"))


def _stretched(values: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Grey values of more than 8 bits as 0..255, from the least to the greatest in the image.

    Scanners keep 10 or 12 bits in 16, so cutting off the low ones would leave the page black.
    """
    grey = np.nan_to_num(values.astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    np.clip(grey, -_GREATEST_GREY, _GREATEST_GREY, out=grey)
    low, high = float(grey.min()), float(grey.max())
    if high - low < _LEAST_CONTRAST:
        return np.full(grey.shape, 255, np.uint8)
    return ((grey - low) * (255 / (high - low))).round().astype(np.uint8)


def _without_alpha(file: Files.Image) -> Files.Image:
    ground = Files.new("RGB", file.size, "black" if _is_light(np.asarray(file)) else "white")
    ground.paste(file, mask=file.getchannel("A"))
    return ground


def _is_light(pixels: NDArray[np.uint8]) -> bool:
    """Whether what is to be seen is light and scattered, as white letters without a page are."""
    visible = pixels[:, :, 3] > 127
    covered = float(visible.mean())
    # An image that is nearly all visible is a page with soft edges, whatever its colour.
    return 0 < covered < 0.9 and float(pixels[:, :, :3][visible].mean()) > 127
