"""Cuts a drawn place out of an image, upright and with a margin, so that a reader finds the text in it.

Pure arrays; knows no regions. `pipeline` reads the pieces.
"""

import math
from typing import cast

import cv2
import numpy as np

from ocr_backend.reading import Image, Polygon

_MARGIN = 0.5  # of the piece's height, on each side: detectors find little that touches the edge (measured)
_LEAST_MARGIN = 16  # px


def piece(image: Image, polygon: Polygon) -> Image:
    """What the polygon holds, its first side on top, inside a margin of the colour along its edge.

    Of a polygon without area the piece is one pixel wide or high.
    """
    width = max(round(math.dist(polygon[0], polygon[1])), 1)
    height = max(round(math.dist(polygon[0], polygon[3])), 1)
    cut = _upright(image, polygon) if _is_level(polygon) else _turned(image, polygon, width, height)
    margin = max(round(cut.shape[0] * _MARGIN), _LEAST_MARGIN)
    edge = np.concatenate([cut[0], cut[-1], cut[:, 0], cut[:, -1]])
    colour = [int(value) for value in np.median(edge, axis=0)]
    return cast(
        Image,
        cv2.copyMakeBorder(cut, margin, margin, margin, margin, cv2.BORDER_CONSTANT, value=colour),
    )


def _is_level(polygon: Polygon) -> bool:
    (left, top), (right, also_top), (_, bottom), (also_left, also_bottom) = polygon
    return top == also_top and bottom == also_bottom and left == also_left and left <= right and top <= bottom


def _upright(image: Image, polygon: Polygon) -> Image:
    height, width = image.shape[:2]
    left, top = min(int(polygon[0][0]), width - 1), min(int(polygon[0][1]), height - 1)
    right, bottom = math.ceil(polygon[2][0]), math.ceil(polygon[2][1])
    return image[top : max(bottom, top + 1), left : max(right, left + 1)]


def _turned(image: Image, polygon: Polygon, width: int, height: int) -> Image:
    corners = np.array(polygon, np.float32)
    target = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    turning = cv2.getPerspectiveTransform(corners, target)
    flags, border = cv2.INTER_CUBIC, cv2.BORDER_REPLICATE
    return cast(Image, cv2.warpPerspective(image, turning, (width, height), flags=flags, borderMode=border))
