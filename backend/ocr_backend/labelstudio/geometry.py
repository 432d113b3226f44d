"""Polygons in pixels and the same shapes in Label Studio's percent, both ways.

Pure. Sizes are `(width, height)` px of the image as shown. Label Studio's rectangle: `x, y` are the corner
where the text begins, before turning; `rotation` is clockwise around that corner.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ocr_backend.ocr_types import Point, Polygon

Size = tuple[int, int]

_DIGITS = 4  # a ten-thousandth of a percent is below a tenth of a pixel up to 100,000 px


@dataclass(frozen=True)
class Rectangle:
    """`x y width height` in percent of the image, `rotation` in degrees, at least 0 and below 360."""

    x: float
    y: float
    width: float
    height: float
    rotation: float


def clipped(polygon: Sequence[Point], size: Size) -> tuple[Point, ...]:
    """The corners, moved onto the image's edge where they lie outside."""
    width, height = size
    return tuple((min(max(x, 0.0), width), min(max(y, 0.0), height)) for x, y in polygon)


def upright(polygon: Sequence[Point], size: Size) -> Polygon:
    """The upright box around what of a polygon is in the image, clockwise from the top left."""
    inside = clipped(polygon, size)
    left, right = min(x for x, _ in inside), max(x for x, _ in inside)
    top, bottom = min(y for _, y in inside), max(y for _, y in inside)
    return ((left, top), (right, top), (right, bottom), (left, bottom))


def polygon_to_rectangle(polygon: Polygon, size: Size) -> Rectangle:
    """The turned rectangle with the polygon's first, second and fourth corner.

    Width and height never exceed 100 percent: where a long line stands upright in a narrow image, the same
    rectangle is told from another corner, since Label Studio's check refuses more than 100.
    """
    corners = clipped(polygon, size)
    told = [_rectangle_from(corners[start:] + corners[:start], size) for start in range(4)]
    fitting = (shape for shape in told if max(shape.width, shape.height) <= 100)
    return next(fitting, None) or _shrunk(told[0])


def _shrunk(shape: Rectangle) -> Rectangle:
    # Only a line along the diagonal of a nearly square image is longer than both of its sides.
    return replace(shape, width=min(shape.width, 100.0), height=min(shape.height, 100.0))


def _rectangle_from(corners: tuple[Point, ...], size: Size) -> Rectangle:
    begin, along, _, down = corners
    turned = math.degrees(math.atan2(along[1] - begin[1], along[0] - begin[0]))
    return Rectangle(
        x=_percent(begin[0], size[0]),
        y=_percent(begin[1], size[1]),
        width=_percent(math.dist(begin, along), size[0]),
        height=_percent(math.dist(begin, down), size[1]),
        rotation=round(turned, _DIGITS) % 360,
    )


def rectangle_to_polygon(rectangle: Rectangle, size: Size) -> Polygon:
    """The four corners in px, clockwise from `x, y`; they may lie outside the image."""
    x, y = rectangle.x * size[0] / 100, rectangle.y * size[1] / 100
    along = rectangle.width * size[0] / 100
    down = rectangle.height * size[1] / 100
    cos, sin = math.cos(math.radians(rectangle.rotation)), math.sin(math.radians(rectangle.rotation))
    return (
        (x, y),
        (x + along * cos, y + along * sin),
        (x + along * cos - down * sin, y + along * sin + down * cos),
        (x - down * sin, y + down * cos),
    )


def polygon_to_points(polygon: Sequence[Point], size: Size) -> list[list[float]]:
    """The corners as `[x, y]` in percent, clipped to 0..100."""
    return [[_percent(x, size[0]), _percent(y, size[1])] for x, y in clipped(polygon, size)]


def points_to_polygon(points: Sequence[Point], size: Size) -> Polygon:
    """The upright box in px around points in percent, clockwise from the top left."""
    left, right = (pick(x for x, _ in points) * size[0] / 100 for pick in (min, max))
    top, bottom = (pick(y for _, y in points) * size[1] / 100 for pick in (min, max))
    return ((left, top), (right, top), (right, bottom), (left, bottom))


def _percent(length: float, whole: int) -> float:
    return round(length * 100 / whole, _DIGITS)
