"""Tiles of images whose text would get too small in the size that detection takes, and the boxes of tiles.

Pure. `native_reader` detects text in one tile after the other, so a large image takes no more memory.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr_backend.ocr.detection import MAX_SIDE_PX, TextBox, clockwise
from ocr_backend.ocr_types import Image

_OVERLAP_PX = 320
"""More than the height of a line in most images of this size."""
_MAX_REDUCTION = 2.0
"""Scans and photos are reduced by up to this factor instead: their print is large enough (guess)."""
_LONG_ASPECT_RATIO = 2.0
"""Longer images are screenshots, receipts or strips, whose print does not grow with their length (guess)."""
_SAME_LINE_OVERLAP = 0.5
_MAX_ANGLE = math.radians(10)


@dataclass(frozen=True)
class Tile:
    """A part of an image in px."""

    left: int
    top: int
    width: int
    height: int

    def of(self, image: Image) -> Image:
        """This part of an image."""
        return image[self.top : self.top + self.height, self.left : self.left + self.width]


def tiles(height: int, width: int, max_pixels: int) -> list[Tile]:
    """Overlapping tiles from top left to bottom right, or one for the whole image."""
    longer, shorter = max(height, width), min(height, width)
    is_long = longer > _LONG_ASPECT_RATIO * shorter
    if longer <= MAX_SIDE_PX * (1 if is_long else _MAX_REDUCTION):
        return [Tile(0, 0, width, height)]
    # A small memory budget makes the tiles shorter, not coarser.
    longest = max(MAX_SIDE_PX // 4, min(MAX_SIDE_PX, max_pixels // min(shorter, MAX_SIDE_PX)))
    rows = _parts(height, longest if height >= width else MAX_SIDE_PX)
    columns = _parts(width, longest if width > height else MAX_SIDE_PX)
    return [Tile(left, top, right - left, bottom - top) for top, bottom in rows for left, right in columns]


def _parts(length: int, longest: int) -> list[tuple[int, int]]:
    """Start and end of parts of about equal length that overlap."""
    count = max(1, math.ceil((length - _OVERLAP_PX) / (longest - _OVERLAP_PX)))
    step = (length - _OVERLAP_PX) / count
    return [
        (round(step * index), min(length, round(step * (index + 1)) + _OVERLAP_PX)) for index in range(count)
    ]


def merged(boxes_by_tile: Sequence[tuple[Tile, Sequence[TextBox]]]) -> list[TextBox]:
    """The boxes of all tiles, in px of the image; the pieces of a line in several tiles are one box."""
    result: list[TextBox] = []
    for tile, boxes in boxes_by_tile:
        earlier, result = result, []
        for box in boxes:
            shifted = replace(box, box=box.box + (tile.left, tile.top))
            pieces = [index for index in _nearby(earlier, shifted) if _is_same_line(earlier[index], shifted)]
            result.append(_union([shifted, *(earlier[index] for index in pieces)]))
            earlier = [each for index, each in enumerate(earlier) if index not in pieces]
        result = [*earlier, *result]
    return result


def _nearby(boxes: Sequence[TextBox], box: TextBox) -> Iterator[int]:
    """Indices of the boxes whose bounds intersect those of a box."""
    left, top = box.box.min(axis=0)
    right, bottom = box.box.max(axis=0)
    for index, other in enumerate(boxes):
        (other_left, other_top), (other_right, other_bottom) = other.box.min(axis=0), other.box.max(axis=0)
        if other_left < right and left < other_right and other_top < bottom and top < other_bottom:
            yield index


def _is_same_line(box: TextBox, other: TextBox) -> bool:
    """Whether two boxes hold pieces of one line: parallel, beside each other and overlapping."""
    angle, other_angle = _angle(box), _angle(other)
    if abs(math.remainder(angle - other_angle, math.pi)) > _MAX_ANGLE:
        return False
    spans, other_spans = _spans(box, angle), _spans(other, angle)
    along, across = (
        min(end, other_end) - max(start, other_start)
        for (start, end), (other_start, other_end) in zip(spans, other_spans, strict=True)
    )
    lower = min(end - start for start, end in (spans[1], other_spans[1]))
    return along > 0 and across >= _SAME_LINE_OVERLAP * lower


def _angle(box: TextBox) -> float:
    """Radians of the longer sides."""
    first, second = box.box[1] - box.box[0], box.box[3] - box.box[0]
    x, y = first if np.linalg.norm(first) >= np.linalg.norm(second) else second
    return math.atan2(y, x)


def _spans(box: TextBox, angle: float) -> tuple[tuple[float, float], tuple[float, float]]:
    """From where to where a box reaches along an angle, and across it."""
    cos, sin = math.cos(angle), math.sin(angle)
    along, across = box.box @ np.array([cos, sin]), box.box @ np.array([-sin, cos])
    return (along.min(), along.max()), (across.min(), across.max())


def _union(pieces: Sequence[TextBox]) -> TextBox:
    if len(pieces) == 1:
        return pieces[0]
    corners: NDArray[np.float32] = np.concatenate([piece.box for piece in pieces]).astype(np.float32)
    box = np.rint(clockwise(cv2.boxPoints(cv2.minAreaRect(corners)))).astype(np.int32)
    return TextBox(box, max(piece.margin for piece in pieces))
