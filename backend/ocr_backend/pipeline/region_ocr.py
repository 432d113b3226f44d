"""Reads the lines in one region of an image, such as a drawn box, upright and without its neighbours.

Arrays only; knows no Label Studio regions and no engine. `predictor` passes a reader's `read`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, cast

import cv2
import numpy as np

from ocr_backend.labelstudio.geometry import bounding_box
from ocr_backend.ocr_types import Image, Line, Polygon, RegionFilter, accept_all

Box = tuple[float, float, float, float]
"""Left, top, right, bottom in px."""

# Measured on 37 lines of real images, in boxes drawn tightly to loosely. With a margin of the image as wide
# as the box is high, all lines but one were read correctly; without it, or with a blank margin, up to eight
# were garbled.
_MAX_MARGIN = 64  # px: the line height in common scans; a box of several lines needs no more (guess)
_MAX_SIDE = 32_766  # px: OpenCV warps no larger images, and no line of text is longer
_MIN_SHARE_INSIDE = 0.5
_BLANK_MARGIN = 0.5  # of the box's shorter side, which is the line height unless the text is vertical
_MIN_BLANK_MARGIN = 16  # px


class ReadLines(Protocol):
    """The `read` method of a reader."""

    def __call__(self, image: Image, region_filter: RegionFilter = accept_all) -> Sequence[Line]: ...  # noqa: D102


@dataclass(frozen=True)
class _Crop:
    """A part of an image, and the box of the region in px of that part."""

    image: Image
    box: Box


def lines_in_region(read: ReadLines, image: Image, polygon: Polygon) -> list[Line]:
    """The lines with at least half of their area in the region; their polygons are in px of a crop.

    The polygon's first side is above the text. The region is read with a margin of the image around it,
    because detectors need it to find the end of a line. If that finds nothing, the region is read again with
    a blank margin.
    """
    crop = _crop_with_margin(image, polygon)
    lines = read(crop.image, lambda line: _share_inside(line, crop.box) >= _MIN_SHARE_INSIDE)
    if lines or max(crop.image.shape[:2]) > _MAX_SIDE:
        return list(lines)
    return list(read(_with_blank_margin(crop)))


def _crop_with_margin(image: Image, polygon: Polygon) -> _Crop:
    width = max(math.dist(polygon[0], polygon[1]), 1.0)
    height = max(math.dist(polygon[0], polygon[3]), 1.0)
    margin = min(width, height, _MAX_MARGIN)
    size = (math.ceil(width + 2 * margin), math.ceil(height + 2 * margin))
    if _is_upright(polygon) or max(*size, *image.shape[:2]) > _MAX_SIDE:
        return _upright_crop(image, bounding_box(polygon, (image.shape[1], image.shape[0])), margin)
    corners = np.array(polygon[:2] + polygon[3:], np.float32)
    target = np.array([(0, 0), (width, 0), (0, height)], np.float32) + np.float32(margin)
    warped = cv2.warpAffine(
        image,
        cv2.getAffineTransform(corners, target),
        size,
        flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return _Crop(cast(Image, warped), (margin, margin, margin + width, margin + height))


def _upright_crop(image: Image, polygon: Polygon, margin: float) -> _Crop:
    (left, top), (right, bottom) = polygon[0], polygon[2]
    x, y = max(math.floor(left - margin), 0), max(math.floor(top - margin), 0)
    part = image[y : math.ceil(bottom + margin) + 1, x : math.ceil(right + margin) + 1]
    return _Crop(np.ascontiguousarray(part), (left - x, top - y, right - x, bottom - y))


def _with_blank_margin(crop: _Crop) -> Image:
    """The region inside a margin in the median colour of its edge."""
    height, width = crop.image.shape[:2]
    left, top = min(int(crop.box[0]), width - 1), min(int(crop.box[1]), height - 1)
    right, bottom = max(math.ceil(crop.box[2]), left + 1), max(math.ceil(crop.box[3]), top + 1)
    region = crop.image[top:bottom, left:right]
    edge = np.concatenate([region[0], region[-1], region[:, 0], region[:, -1]])
    colour = [int(value) for value in np.median(edge, axis=0)]
    margin = max(round(min(region.shape[:2]) * _BLANK_MARGIN), _MIN_BLANK_MARGIN)
    sides = (margin, margin, margin, margin)
    return cast(Image, cv2.copyMakeBorder(region, *sides, cv2.BORDER_CONSTANT, value=colour))


def _share_inside(line: Polygon, box: Box) -> float:
    """The share of the area of a line's upright bounding box that is inside the box."""
    xs, ys = [x for x, _ in line], [y for _, y in line]
    width = min(max(xs), box[2]) - max(min(xs), box[0])
    height = min(max(ys), box[3]) - max(min(ys), box[1])
    area = (max(xs) - min(xs)) * (max(ys) - min(ys))
    return max(width, 0.0) * max(height, 0.0) / area if area else 0.0


def _is_upright(polygon: Polygon) -> bool:
    (left, top), (right, top_right_y), (_, bottom), (bottom_left_x, bottom_left_y) = polygon
    is_rectangle = top == top_right_y and bottom == bottom_left_y and left == bottom_left_x
    return is_rectangle and left <= right and top <= bottom
