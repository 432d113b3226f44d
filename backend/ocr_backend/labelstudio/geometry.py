"""Converts polygons in pixels to Label Studio's shapes in percent, and back.

Pure. Sizes are `(width, height)` px of the upright image. In Label Studio's rectangle, `x, y` is the corner
where the text begins, before rotation; `rotation` is clockwise around that corner.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ocr_backend.ocr_types import Point, Polygon

Size = tuple[int, int]

_DIGITS = 4  # 0.0001 percent is less than a tenth of a pixel in images of up to 100,000 px


@dataclass(frozen=True)
class Rectangle:
    """`x y width height` in percent of the image, `rotation` in degrees, at least 0 and below 360."""

    x: float
    y: float
    width: float
    height: float
    rotation: float


def clip(polygon: Sequence[Point], size: Size) -> tuple[Point, ...]:
    """The corners; those outside the image are moved to its edge."""
    width, height = size
    return tuple((min(max(x, 0.0), width), min(max(y, 0.0), height)) for x, y in polygon)


def bounding_box(polygon: Sequence[Point], size: Size) -> Polygon:
    """The upright box around the part of a polygon inside the image, clockwise from the top left."""
    corners = clip(polygon, size)
    left, right = min(x for x, _ in corners), max(x for x, _ in corners)
    top, bottom = min(y for _, y in corners), max(y for _, y in corners)
    return ((left, top), (right, top), (right, bottom), (left, bottom))


def polygon_to_rectangle(polygon: Polygon, size: Size) -> Rectangle:
    """The rotated rectangle through the polygon's first, second and fourth corner.

    Upside-down text has a rectangle that is not upside down, which is easier to edit. Width and height are at
    most 100 percent where they can be, because Label Studio's validation of predictions refuses more: a long
    vertical line in a narrow image is described from another corner. Only a line along the diagonal of a
    nearly square image is longer than both sides; its whole length matters more, since the validation is off
    by default (Label Studio 1.23).
    """
    corners = clip(polygon, size)
    candidates = [_rectangle_from(corners[start:] + corners[:start], size) for start in range(4)]
    if abs(candidates[0].rotation - 180) < 45:
        candidates = candidates[2:] + candidates[:2]
    fitting = (rectangle for rectangle in candidates if max(rectangle.width, rectangle.height) <= 100)
    return next(fitting, candidates[0])


def _rectangle_from(corners: tuple[Point, ...], size: Size) -> Rectangle:
    start, end, _, below = corners
    angle = math.degrees(math.atan2(end[1] - start[1], end[0] - start[0]))
    return Rectangle(
        x=_percent(start[0], size[0]),
        y=_percent(start[1], size[1]),
        width=_percent(math.dist(start, end), size[0]),
        height=_percent(math.dist(start, below), size[1]),
        rotation=round(angle, _DIGITS) % 360,
    )


def rectangle_to_polygon(rectangle: Rectangle, size: Size) -> Polygon:
    """The four corners in px, clockwise from `x, y`; they may lie outside the image."""
    x, y = rectangle.x * size[0] / 100, rectangle.y * size[1] / 100
    width = rectangle.width * size[0] / 100
    height = rectangle.height * size[1] / 100
    cos, sin = math.cos(math.radians(rectangle.rotation)), math.sin(math.radians(rectangle.rotation))
    return (
        (x, y),
        (x + width * cos, y + width * sin),
        (x + width * cos - height * sin, y + width * sin + height * cos),
        (x - height * sin, y + height * cos),
    )


def polygon_to_points(polygon: Sequence[Point], size: Size) -> list[list[float]]:
    """The corners as `[x, y]` in percent, clipped to 0..100."""
    return [[_percent(x, size[0]), _percent(y, size[1])] for x, y in clip(polygon, size)]


def points_to_polygon(points: Sequence[Point], size: Size) -> Polygon:
    """The upright box in px around points in percent, clockwise from the top left."""
    left, right = (limit(x for x, _ in points) * size[0] / 100 for limit in (min, max))
    top, bottom = (limit(y for _, y in points) * size[1] / 100 for limit in (min, max))
    return ((left, top), (right, top), (right, bottom), (left, bottom))


def _percent(length: float, total: int) -> float:
    return round(length * 100 / total, _DIGITS)
