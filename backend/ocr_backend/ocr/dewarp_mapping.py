"""Where on a bent page lines stand that were found on its flattened image.

The network that flattens a page keeps no record of where its px came from, so the two images are compared
(dense optical flow). Bends by more than the distance of rows that look alike may be mistaken for one another.
Pure; `paddle_reader` calls it.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr_backend.ocr_types import Image, Point, Polygon

_COMPARED_SIDE = 1000
"""Px of the longer side at which the images are compared: finer is slower and no better (measured)."""
_NEIGHBOURHOOD = 8
"""A corner moves as the middle one of so many px around it: letters are sure, white paper is not."""


class DewarpMapping:
    """How the px of a flattened page moved; measured once a page."""

    def __init__(self, flat: Image, bent: Image) -> None:
        """Compares the images, which show the same page; sizes may differ."""
        self._height, self._width = bent.shape[:2]
        self._scale = min(1.0, _COMPARED_SIDE / max(self._height, self._width))
        size = max(16, round(self._width * self._scale)), max(16, round(self._height * self._scale))
        self._from_flat = size[0] / flat.shape[1], size[1] / flat.shape[0]
        self._to_bent = self._width / size[0], self._height / size[1]
        flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        start = np.zeros((size[1], size[0], 2), np.float32)
        moved = flow.calc(_grey(flat, size), _grey(bent, size), start)
        self._moved: NDArray[np.float32] = np.asarray(moved, np.float32)

    def back(self, polygon: Polygon) -> Polygon:
        """Corners on the flattened page -> corners on the bent one, in px of each and within it."""
        first, second, third, fourth = (self._back(point) for point in polygon)
        return first, second, third, fourth

    def _back(self, point: Point) -> Point:
        x, y = point[0] * self._from_flat[0], point[1] * self._from_flat[1]
        tall, wide = self._moved.shape[:2]
        column, row = min(max(int(x), 0), wide - 1), min(max(int(y), 0), tall - 1)
        around = self._moved[
            max(0, row - _NEIGHBOURHOOD) : row + _NEIGHBOURHOOD + 1,
            max(0, column - _NEIGHBOURHOOD) : column + _NEIGHBOURHOOD + 1,
        ]
        right, down = np.median(around.reshape(-1, 2), axis=0)
        moved_x, moved_y = (x + float(right)) * self._to_bent[0], (y + float(down)) * self._to_bent[1]
        return min(max(moved_x, 0.0), float(self._width)), min(max(moved_y, 0.0), float(self._height))


def _grey(image: Image, size: tuple[int, int]) -> NDArray[np.uint8]:
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), np.uint8)
