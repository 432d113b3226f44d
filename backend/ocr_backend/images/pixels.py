"""A loaded Pillow image of any mode -> its pixels as BGR, strip by strip to save memory.

Does not know files.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from ocr_backend.ocr_types import Image

_STRIP_PIXELS = 2**20

# Within these limits, differences of float32 values stay finite, and so does 255 divided by them.
_MAX_GREY = 1e38
_MIN_CONTRAST = 1e-30

_MIN_VISIBLE_ALPHA = 128
_MAX_VISIBLE_SHARE = 0.9
"""An image that is visible in a larger part is a page with soft edges, whatever its colour."""
_MIN_LIGHT_LEVEL = 127


def bgr_pixels(image: PillowImage.Image) -> Image:
    """`(height, width, 3)` uint8 BGR, without alpha.

    Transparent parts become white or black, whichever contrasts with the visible parts. Grey values of more
    than 8 bits are scaled so that the darkest is 0 and the lightest 255: scanners store 10 or 12 bits in 16,
    so dropping the low bits would turn the page black.
    """
    pixels = np.empty((image.height, image.width, 3), np.uint8)
    if image.mode.startswith(("I", "F")):
        low, high = _grey_range(image)
        for top, strip in _strips(image):
            pixels[top : top + strip.height] = _stretch_contrast(strip, low, high)[:, :, None]
        return pixels
    background = _background(image) if image.has_transparency_data else None
    for top, strip in _strips(image):
        opaque = strip.convert("RGB") if background is None else _on_background(strip, background)
        pixels[top : top + strip.height] = cv2.cvtColor(np.asarray(opaque), cv2.COLOR_RGB2BGR)
    return pixels


def _strips(image: PillowImage.Image) -> Iterator[tuple[int, PillowImage.Image]]:
    """The image in horizontal strips, each with its y."""
    height = max(1, _STRIP_PIXELS // image.width)
    for top in range(0, image.height, height):
        yield top, image.crop((0, top, image.width, min(image.height, top + height)))


def _grey_values(strip: PillowImage.Image) -> NDArray[np.float32]:
    grey = np.nan_to_num(np.asarray(strip).astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    return np.clip(grey, -_MAX_GREY, _MAX_GREY, out=grey)


def _grey_range(image: PillowImage.Image) -> tuple[float, float]:
    """The darkest and the lightest value."""
    ranges = [
        (float(grey.min()), float(grey.max()))
        for _, strip in _strips(image)
        for grey in [_grey_values(strip)]
    ]
    return min(low for low, _ in ranges), max(high for _, high in ranges)


def _stretch_contrast(strip: PillowImage.Image, low: float, high: float) -> NDArray[np.uint8]:
    if high - low < _MIN_CONTRAST:
        return np.full((strip.height, strip.width), 255, np.uint8)
    return ((_grey_values(strip) - low) * (255 / (high - low))).round().astype(np.uint8)


@dataclass
class _Visible:
    """What is visible of an image with alpha."""

    pixels: int = 0
    total_level: float = 0.0
    max_alpha: int = 0

    def add(self, pixels: NDArray[np.uint8]) -> None:
        """Adds RGBA pixels."""
        is_visible = pixels[:, :, 3] >= _MIN_VISIBLE_ALPHA
        self.pixels += int(is_visible.sum())
        self.total_level += float(pixels[:, :, :3][is_visible].sum()) / 3
        self.max_alpha = max(self.max_alpha, int(pixels[:, :, 3].max()))

    def is_light_part(self, pixels: int) -> bool:
        """Whether it is light and covers only a part of so many, like white letters without a page."""
        if not 0 < self.pixels < _MAX_VISIBLE_SHARE * pixels:
            return False
        return self.total_level / self.pixels > _MIN_LIGHT_LEVEL


def _background(image: PillowImage.Image) -> str | None:
    """The colour of the transparent parts; None if the alpha is not used."""
    visible = _Visible()
    for _, strip in _strips(image):
        visible.add(np.asarray(strip.convert("RGBA")))
    if visible.max_alpha == 0 and image.format == "BMP":
        return None  # browsers show it, as many programs leave the fourth byte empty
    return "black" if visible.is_light_part(image.width * image.height) else "white"


def _on_background(strip: PillowImage.Image, colour: str) -> PillowImage.Image:
    with_alpha = strip.convert("RGBA")
    opaque = PillowImage.new("RGB", strip.size, colour)
    opaque.paste(with_alpha, mask=with_alpha.getchannel("A"))
    return opaque
