"""Text detection: an image -> the network's input, and the network's output -> boxes of text lines.

Pure, with the settings and the arithmetic of PaddleX 3.7's OCR pipeline (its OCR.yaml and
text_detection/processors.py), so that equal weights give equal boxes; only the margins are our own.
`native_reader` calls it.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import pyclipper
from numpy.typing import NDArray

from ocr_backend.models import inference_config
from ocr_backend.ocr_types import Image

Box = NDArray[Any]
"""`(4, 2)` corners x, y in px of the image, clockwise from the one nearest to the top left."""


@dataclass(frozen=True)
class TextBox:
    """The box around a text line, and the margin in px around it that some recognisers need."""

    box: Box
    margin: float


MAX_SIDE_PX = 4000
"""Longest side of the network's input; larger images are reduced."""
MIN_SIDE_PX = 64
_STEP_PX = 32
"""Sides of the network's input are multiples of this."""

_BINARY_THRESHOLD = 0.3
"""Probability from which a pixel of the output counts as text."""
_BOX_THRESHOLD = 0.6
"""Mean probability from which a box counts as a text line."""
_UNCLIP_RATIO = 1.5
"""The network marks shrunken cores of lines; each core grows by area * ratio / perimeter (DB)."""
_CROP_UNCLIP_RATIO = 1.8
"""The ratio for recognition: at 1.5, small print may lose accents and descenders (measured)."""
_MIN_THICKNESS_PX = 3
_OUTPUT_AXES = 4
"""Images, one, height, width."""


def shape_problem(output_shape: Sequence[object]) -> str | None:
    """Why a network is not a detector, or None; the shape is empty if it is unknown."""
    if output_shape and len(output_shape) != _OUTPUT_AXES:
        return f"the network is not a detector: its output has {len(output_shape)} axes, not {_OUTPUT_AXES}"
    return None


def network_size(height: int, width: int) -> tuple[int, int]:
    """Height and width of the network's input for an image: multiples of 32, about the image's own."""
    if height + width < MIN_SIDE_PX:
        height, width = max(_STEP_PX, height), max(_STEP_PX, width)
    ratio = max(1.0, MIN_SIDE_PX / min(height, width))
    scaled_height, scaled_width = int(height * ratio), int(width * ratio)
    if max(scaled_height, scaled_width) > MAX_SIDE_PX:
        ratio = MAX_SIDE_PX / max(scaled_height, scaled_width)
        scaled_height, scaled_width = int(scaled_height * ratio), int(scaled_width * ratio)
    return _whole_steps(scaled_height), _whole_steps(scaled_width)


def _whole_steps(side_px: int) -> int:
    return max(round(side_px / _STEP_PX) * _STEP_PX, _STEP_PX)


class Normalisation:
    """Turns pixels into the network's input, as the model's inference.yml describes."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        options = inference_config.transform(config, "NormalizeImage")
        mean = np.array(options.get("mean", [0.485, 0.456, 0.406]), np.float32)
        deviation = np.array(options.get("std", [0.229, 0.224, 0.225]), np.float32)
        levels = np.arange(256, dtype=np.float32)[:, None]
        table = levels * (np.float32(1 / 255) / deviation) - mean / deviation
        self._table: NDArray[np.float32] = table.astype(np.float32)

    def __call__(self, image: Image) -> NDArray[np.float32]:
        """`(1, 3, height, width)` float32 in the channel order of the image."""
        normalised = np.empty((1, 3, *image.shape[:2]), np.float32)
        for channel in range(3):
            normalised[0, channel] = cv2.LUT(image[:, :, channel], self._table[:, channel])
        return normalised


def network_image(image: Image) -> Image:
    """The image in the size of the network's input, before normalisation."""
    height, width = image.shape[:2]
    if height + width < MIN_SIDE_PX:
        padded = np.zeros((max(_STEP_PX, height), max(_STEP_PX, width), 3), np.uint8)
        padded[:height, :width] = image
        image = padded
    new_height, new_width = network_size(height, width)
    if (new_height, new_width) == image.shape[:2]:
        return image
    return np.asarray(cv2.resize(image, (new_width, new_height)), np.uint8)


def boxes(probabilities: NDArray[np.float32], height: int, width: int) -> list[TextBox]:
    """Boxes in an image of this size, in any order, from the network's `(height', width')` output."""
    binary = (probabilities > _BINARY_THRESHOLD).astype(np.uint8)
    contours, _ = cv2.findContours(binary, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    output_height, output_width = probabilities.shape
    scale = width / output_width, height / output_height
    text_boxes = []
    for contour in contours:
        text_box = _text_box(contour, probabilities)
        if text_box is not None:
            corners = np.clip(np.rint(text_box.box * scale), 0, (width, height)).astype(np.int32)
            text_boxes.append(TextBox(corners, text_box.margin * min(scale)))
    return text_boxes


def _text_box(contour: NDArray[Any], probabilities: NDArray[np.float32]) -> TextBox | None:
    """The box around the text line whose core has this contour; None if it is not a text line."""
    core, thickness = _smallest_box(contour)
    if thickness < _MIN_THICKNESS_PX or _mean_probability(probabilities, core) < _BOX_THRESHOLD:
        return None
    distance = cv2.contourArea(core) / cv2.arcLength(core, True)
    outline = _unclip(core, distance * _UNCLIP_RATIO)
    if outline is None:
        return None
    box, thickness = _smallest_box(outline)
    if thickness < _MIN_THICKNESS_PX + 2:
        return None
    return TextBox(box, distance * (_CROP_UNCLIP_RATIO - _UNCLIP_RATIO))


def _smallest_box(points: NDArray[Any]) -> tuple[NDArray[np.float32], float]:
    """Corners of the smallest rectangle around points, clockwise from top left, and its shorter side."""
    rectangle = cv2.minAreaRect(points)
    return clockwise(cv2.boxPoints(rectangle)), min(rectangle[1])


def clockwise(corners: NDArray[Any]) -> NDArray[np.float32]:
    """The four corners of a rectangle, clockwise from the upper one of the two left corners."""
    # Python's sort is stable: corners with equal x keep OpenCV's order, as in PaddleX.
    first, second, third, fourth = sorted(corners.tolist(), key=lambda corner: corner[0])
    top_left, bottom_left = (first, second) if second[1] > first[1] else (second, first)
    top_right, bottom_right = (third, fourth) if fourth[1] > third[1] else (fourth, third)
    return np.array([top_left, top_right, bottom_right, bottom_left], np.float32)


def _mean_probability(probabilities: NDArray[np.float32], box: NDArray[np.float32]) -> float:
    height, width = probabilities.shape
    left, right = _index_range(box[:, 0], width)
    top, bottom = _index_range(box[:, 1], height)
    mask = np.zeros((bottom - top + 1, right - left + 1), np.uint8)
    cv2.fillPoly(mask, [(box - (left, top)).astype(np.int32)], (1,))
    return float(cv2.mean(probabilities[top : bottom + 1, left : right + 1], mask)[0])


def _index_range(coordinates: NDArray[np.float32], size: int) -> tuple[int, int]:
    """The first and the last index on an axis of this size that the coordinates cover."""
    first, last = math.floor(coordinates.min()), math.ceil(coordinates.max())
    return max(0, min(first, size - 1)), max(0, min(last, size - 1))


def _unclip(core: NDArray[np.float32], distance: float) -> NDArray[np.int32] | None:
    offset = pyclipper.PyclipperOffset()
    offset.AddPath(core.tolist(), pyclipper.JT_ROUND, pyclipper.ET_CLOSEDPOLYGON)
    outlines = offset.Execute(distance)
    return np.array(outlines[0], np.int32) if outlines else None
