"""Maps points on a flattened page back to the warped original.

The network that flattens a page does not report how it moved the pixels, so the two images are compared
(dense optical flow). If a page is warped by more than the distance between two similar rows, they may be
confused. Pure; `paddle_reader` calls it.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr_backend.ocr_types import Image, Point, Polygon

_COMPARED_SIDE_PX = 1000
"""Longer side of the images that are compared: larger ones are slower and not better (measured)."""
_NEIGHBOURHOOD_PX = 8
"""A corner moves by the median of the pixels so far around it: the flow is exact on letters, not on white
paper."""


class DewarpMapping:
    """How the pixels of a flattened page moved; computed once per page."""

    def __init__(self, flattened: Image, original: Image) -> None:
        """Compares two images of the same page; their sizes may differ."""
        self._height, self._width = original.shape[:2]
        scale = min(1.0, _COMPARED_SIDE_PX / max(self._height, self._width))
        size = max(16, round(self._width * scale)), max(16, round(self._height * scale))
        self._from_flattened = size[0] / flattened.shape[1], size[1] / flattened.shape[0]
        self._to_original = self._width / size[0], self._height / size[1]
        optical_flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        start = np.zeros((size[1], size[0], 2), np.float32)
        flow = optical_flow.calc(_grey(flattened, size), _grey(original, size), start)
        self._flow: NDArray[np.float32] = np.asarray(flow, np.float32)

    def to_original(self, polygon: Polygon) -> Polygon:
        """Corners on the flattened page -> corners on the original, in px of each and inside the image."""
        first, second, third, fourth = (self._point_to_original(point) for point in polygon)
        return first, second, third, fourth

    def _point_to_original(self, point: Point) -> Point:
        x, y = point[0] * self._from_flattened[0], point[1] * self._from_flattened[1]
        height, width = self._flow.shape[:2]
        column, row = min(max(int(x), 0), width - 1), min(max(int(y), 0), height - 1)
        neighbourhood = self._flow[
            max(0, row - _NEIGHBOURHOOD_PX) : row + _NEIGHBOURHOOD_PX + 1,
            max(0, column - _NEIGHBOURHOOD_PX) : column + _NEIGHBOURHOOD_PX + 1,
        ]
        dx, dy = np.median(neighbourhood.reshape(-1, 2), axis=0)
        moved_x, moved_y = (x + float(dx)) * self._to_original[0], (y + float(dy)) * self._to_original[1]
        return min(max(moved_x, 0.0), float(self._width)), min(max(moved_y, 0.0), float(self._height))


def _grey(image: Image, size: tuple[int, int]) -> NDArray[np.uint8]:
    resized = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(resized, cv2.COLOR_BGR2GRAY), np.uint8)
