"""An image with text lines at known positions and angles, and the shapes that a screenshot shows over it.

Knows only pixels, not the page. Tests of the labeling page use it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

Pixels = npt.NDArray[np.uint8]
"""`(height, width, 3)`, RGB."""

WIDTH, HEIGHT = 1100, 900
_MARK = "magenta"
_MARK_PX = 16
_MARKS = ((10, 10), (WIDTH - 10 - _MARK_PX, HEIGHT - 10 - _MARK_PX))
"""Top left corners of two squares that mark the image in a screenshot."""

_MIN_AREA = 1000  # px; a text line has ten times as much
_MIN_TINT = 12  # of 255; Label Studio's fill of a green label has 26 on white
_MAX_INK = 100  # of 255; text is darker than this, and the label's green is not


@dataclass(frozen=True)
class Line:
    """Centre in px of the image, and angle clockwise."""

    centre: tuple[float, float]
    degrees: float


@dataclass(frozen=True)
class Shape:
    """The smallest rectangle around a shape; `degrees`: clockwise angle of the long side, 0 to 180."""

    centre: tuple[float, float]
    degrees: float
    long: float
    short: float


def drawn(lines: Mapping[str, Line]) -> Image.Image:
    """The image: black text lines on white, and the two marks."""
    image = Image.new("RGB", (WIDTH, HEIGHT), "white")
    font = ImageFont.load_default(size=44)
    for text, line in lines.items():
        left, top, right, bottom = font.getbbox(text)
        flat = Image.new("L", (round(right - left), round(bottom - top)))
        ImageDraw.Draw(flat).text((-left, -top), text, fill=255, font=font)
        ink = flat.rotate(-line.degrees, Image.Resampling.BICUBIC, expand=True)
        corner = (round(line.centre[0] - ink.width / 2), round(line.centre[1] - ink.height / 2))
        image.paste("black", corner, ink)
    for left, top in _MARKS:
        image.paste(_MARK, (left, top, left + _MARK_PX, top + _MARK_PX))
    return image


def image_in(screenshot: Pixels) -> Pixels:
    """The image with everything over it, from a screenshot, in px of the image.

    Raises:
        ValueError: the screenshot does not show exactly the two marks.
    """
    colors = screenshot.astype(int)
    red, green, blue = colors[..., 0], colors[..., 1], colors[..., 2]
    centres = _centres((np.minimum(red, blue) > 200) & (green < 60))
    if len(centres) != len(_MARKS):
        raise ValueError(f"the screenshot shows {len(centres)} marks, not {len(_MARKS)}")
    (left, top), (right, bottom) = sorted(centres)
    marks = [(x + (_MARK_PX - 1) / 2, y + (_MARK_PX - 1) / 2) for x, y in _MARKS]
    across = (right - left) / (marks[1][0] - marks[0][0])
    down = (bottom - top) / (marks[1][1] - marks[0][1])
    from_screen = np.array(
        [[across, 0, left - across * marks[0][0]], [0, down, top - down * marks[0][1]]], dtype=float
    )
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(screenshot, from_screen, (WIDTH, HEIGHT), flags=flags), np.uint8)


def shapes_over(image: Pixels) -> list[Shape]:
    """All shapes that are filled or outlined in green."""
    tint = _tint(image).astype(np.uint8)
    outlines, _ = cv2.findContours(tint, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return [_shape(cv2.minAreaRect(outline)) for outline in outlines if cv2.contourArea(outline) >= _MIN_AREA]


def covered_ink(image: Pixels) -> float:
    """Part (0..1) of the text's black px that is under the tint."""
    ink = image.max(axis=2) < _MAX_INK
    return float((ink & _tint(image)).sum() / ink.sum())


def _tint(image: Pixels) -> npt.NDArray[np.bool_]:
    colors = image.astype(int)
    return np.asarray(colors[..., 1] - np.maximum(colors[..., 0], colors[..., 2]) >= _MIN_TINT)


def _shape(rectangle: cv2.typing.RotatedRect) -> Shape:
    centre, (width, height), degrees = rectangle
    along = degrees if width >= height else degrees + 90
    return Shape((centre[0], centre[1]), along % 180, max(width, height), min(width, height))


def _centres(mask: npt.NDArray[np.bool_]) -> list[tuple[float, float]]:
    count, _, _, centres = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    return [(float(x), float(y)) for x, y in centres[1:count]]
