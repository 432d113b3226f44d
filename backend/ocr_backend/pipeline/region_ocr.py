"""The lines at one spot of an image, such as a drawn box, upright and without their neighbours.

Arrays only; knows no regions and no engine. `pipeline` calls `lines_in_region` with a reader's `read`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, cast

import cv2
import numpy as np

from ocr_backend.labelstudio.geometry import upright
from ocr_backend.ocr_types import Image, Line, Polygon, RegionFilter, accept_all

# Measured on 37 lines of real images, in boxes drawn tightly to loosely: read with surroundings as wide as
# the box is high, all lines but one were right; the bare box, or one in a blank margin, garbled up to eight.
_MOST_AROUND = 64  # px: a line's height in common scans; a box of several lines needs no more (guess)
_LONGEST_SIDE = 32_766  # px: OpenCV turns no larger images, and no line of text is longer
_SHARE_INSIDE = 0.5
_BLANK_MARGIN = 0.5  # of the box's shorter side, which is its height but for lines that run down
_LEAST_BLANK_MARGIN = 16  # px


class Read(Protocol):
    """A reader's `read`."""

    def __call__(self, image: Image, wanted: RegionFilter = accept_all) -> Sequence[Line]: ...  # noqa: D102


@dataclass(frozen=True)
class _Cut:
    """A piece of an image, and where the spot is in it: left, top, right, bottom in px of the piece."""

    image: Image
    spot: tuple[float, float, float, float]


def lines_in_region(read: Read, image: Image, polygon: Polygon) -> list[Line]:
    """The lines of which at least half lies at the spot; their polygons are in px of a piece of the image.

    The polygon's first side is on top of the text. It is read with what is around it, which detectors need to
    tell a line's end; where that gives nothing, alone within a blank margin.
    """
    cut = _with_surroundings(image, polygon)
    found = read(cut.image, lambda place: _share_inside(place, cut.spot) >= _SHARE_INSIDE)
    if found or max(cut.image.shape[:2]) > _LONGEST_SIDE:
        return list(found)
    return list(read(_alone(cut)))


def _with_surroundings(image: Image, polygon: Polygon) -> _Cut:
    width = max(math.dist(polygon[0], polygon[1]), 1.0)
    height = max(math.dist(polygon[0], polygon[3]), 1.0)
    around = min(width, height, _MOST_AROUND)
    size = (math.ceil(width + 2 * around), math.ceil(height + 2 * around))
    if _is_level(polygon) or max(*size, *image.shape[:2]) > _LONGEST_SIDE:
        return _level_cut(image, upright(polygon, (image.shape[1], image.shape[0])), around)
    corners = np.array(polygon[:2] + polygon[3:], np.float32)
    target = np.array([(0, 0), (width, 0), (0, height)], np.float32) + np.float32(around)
    turned = cv2.warpAffine(
        image,
        cv2.getAffineTransform(corners, target),
        size,
        flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return _Cut(cast(Image, turned), (around, around, around + width, around + height))


def _level_cut(image: Image, polygon: Polygon, around: float) -> _Cut:
    (left, top), (right, bottom) = polygon[0], polygon[2]
    x, y = max(math.floor(left - around), 0), max(math.floor(top - around), 0)
    piece = image[y : math.ceil(bottom + around) + 1, x : math.ceil(right + around) + 1]
    return _Cut(np.ascontiguousarray(piece), (left - x, top - y, right - x, bottom - y))


def _alone(cut: _Cut) -> Image:
    """The spot inside a margin of the colour along its edge."""
    height, width = cut.image.shape[:2]
    left, top = min(int(cut.spot[0]), width - 1), min(int(cut.spot[1]), height - 1)
    right, bottom = max(math.ceil(cut.spot[2]), left + 1), max(math.ceil(cut.spot[3]), top + 1)
    spot = cut.image[top:bottom, left:right]
    edge = np.concatenate([spot[0], spot[-1], spot[:, 0], spot[:, -1]])
    colour = [int(value) for value in np.median(edge, axis=0)]
    margin = max(round(min(spot.shape[:2]) * _BLANK_MARGIN), _LEAST_BLANK_MARGIN)
    sides = (margin, margin, margin, margin)
    return cast(Image, cv2.copyMakeBorder(spot, *sides, cv2.BORDER_CONSTANT, value=colour))


def _share_inside(place: Polygon, spot: tuple[float, float, float, float]) -> float:
    across, down = [x for x, _ in place], [y for _, y in place]
    width = min(max(across), spot[2]) - max(min(across), spot[0])
    height = min(max(down), spot[3]) - max(min(down), spot[1])
    area = (max(across) - min(across)) * (max(down) - min(down))
    return max(width, 0.0) * max(height, 0.0) / area if area else 0.0


def _is_level(polygon: Polygon) -> bool:
    (left, top), (right, also_top), (_, bottom), (also_left, also_bottom) = polygon
    return top == also_top and bottom == also_bottom and left == also_left and left <= right and top <= bottom
