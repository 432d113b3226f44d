"""Where lines of text stand: an image -> the network's input, and its answer -> boxes.

Pure, with the effective settings and the arithmetic of PaddleX 3.7's OCR pipeline (its OCR.yaml and
text_detection/processors.py), so that equal weights give equal boxes. `direct_reader` calls it.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import numpy as np
import pyclipper
from numpy.typing import NDArray

from ocr_backend.ocr_types import Image

Box = NDArray[np.int32]
"""`(4, 2)` corners x, y in px of the image, clockwise from the one nearest to the top left."""

LONGEST_SIDE = 4000
"""The network sees no more px than this on a side; larger images are shrunk for it."""
SHORTEST_SIDE = 64

_INK = 0.3
"""Probability from which a px of the answer counts as text."""
_BOX_SCORE = 0.6
_UNCLIP_RATIO = 1.5
"""The network answers with the cores of lines; a box is its core grown by area x this / circumference."""
_MOST_BOXES = 1000
_THINNEST_CORE = 3
_SAME_ROW_PX = 10
_ANSWER_AXES = 4
"""Images, one, height, width."""


def shape_problem(answer: Sequence[object]) -> str | None:
    """Why a network finds no text, or None; `answer` is the shape of its answer, empty where not known."""
    if answer and len(answer) != _ANSWER_AXES:
        return f"the network finds no text: its answer has {len(answer)} axes, a detector's {_ANSWER_AXES}"
    return None


def network_size(height: int, width: int) -> tuple[int, int]:
    """Height and width at which the network sees an image: multiples of 32, about the image's own."""
    if height + width < SHORTEST_SIDE:
        height, width = max(32, height), max(32, width)
    ratio = max(1.0, SHORTEST_SIDE / min(height, width))
    tall, wide = int(height * ratio), int(width * ratio)
    if max(tall, wide) > LONGEST_SIDE:
        ratio = LONGEST_SIDE / max(tall, wide)
        tall, wide = int(tall * ratio), int(wide * ratio)
    return max(round(tall / 32) * 32, 32), max(round(wide / 32) * 32, 32)


class Normalisation:
    """What the network wants of a px, from the model folder's inference.yml."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        steps = config.get("PreProcess", {}).get("transform_ops", [])
        step: dict[str, Any] = next(filter(None, (step.get("NormalizeImage") for step in steps)), {})
        mean = np.array(step.get("mean", [0.485, 0.456, 0.406]), np.float32)
        deviation = np.array(step.get("std", [0.229, 0.224, 0.225]), np.float32)
        levels = np.arange(256, dtype=np.float32)[:, None]
        table = levels * (np.float32(1 / 255) / deviation) - mean / deviation
        self._table: NDArray[np.float32] = table.astype(np.float32)

    def __call__(self, image: Image) -> NDArray[np.float32]:
        """`(1, 3, height, width)` float32 in the channel order of the image."""
        out = np.empty((1, 3, *image.shape[:2]), np.float32)
        for channel in range(3):
            out[0, channel] = cv2.LUT(image[:, :, channel], self._table[:, channel])
        return out


def network_image(image: Image) -> Image:
    """The image as the network sees it, before normalisation."""
    height, width = image.shape[:2]
    if height + width < SHORTEST_SIDE:
        padded = np.zeros((max(32, height), max(32, width), 3), np.uint8)
        padded[:height, :width] = image
        image = padded
    tall, wide = network_size(height, width)
    if (tall, wide) == image.shape[:2]:
        return image
    return np.asarray(cv2.resize(image, (wide, tall)), np.uint8)


def boxes(probabilities: NDArray[np.float32], height: int, width: int) -> list[Box]:
    """Boxes in an image of this size, in reading order, from the network's `(height', width')` answer."""
    ink = (probabilities > _INK).astype(np.uint8)
    contours, _ = cv2.findContours(ink, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    tall, wide = probabilities.shape
    found = []
    for contour in contours[:_MOST_BOXES]:
        grown = _grown_core(contour, probabilities)
        if grown is not None:
            scaled = np.rint(grown * (width / wide, height / tall))
            found.append(np.clip(scaled, 0, (width, height)).astype(np.int32))
    return reading_order(found)


def _grown_core(contour: NDArray[Any], probabilities: NDArray[np.float32]) -> NDArray[np.float32] | None:
    core, thickness = _smallest_box(contour)
    if thickness < _THINNEST_CORE or _mean_inside(probabilities, core) < _BOX_SCORE:
        return None
    outline = _unclipped(core)
    if outline is None:
        return None
    box, thickness = _smallest_box(outline)
    return None if thickness < _THINNEST_CORE + 2 else box


def _smallest_box(points: NDArray[Any]) -> tuple[NDArray[np.float32], float]:
    """Corners of the smallest rectangle around points, clockwise from top left, and its shorter side."""
    rectangle = cv2.minAreaRect(points)
    return clockwise(cv2.boxPoints(rectangle)), min(rectangle[1])


def clockwise(corners: NDArray[Any]) -> NDArray[np.float32]:
    """The four corners of a rectangle, clockwise, beginning with the upper one of the two at the left."""
    # Python's sort is stable: equal x keep OpenCV's order, as in PaddleX.
    first, second, third, fourth = sorted(corners.tolist(), key=lambda corner: corner[0])
    top_left, bottom_left = (first, second) if second[1] > first[1] else (second, first)
    top_right, bottom_right = (third, fourth) if fourth[1] > third[1] else (fourth, third)
    return np.array([top_left, top_right, bottom_right, bottom_left], np.float32)


def _mean_inside(probabilities: NDArray[np.float32], box: NDArray[np.float32]) -> float:
    tall, wide = probabilities.shape
    left, right = (
        max(0, min(x, wide - 1)) for x in (math.floor(box[:, 0].min()), math.ceil(box[:, 0].max()))
    )
    top, bottom = (
        max(0, min(y, tall - 1)) for y in (math.floor(box[:, 1].min()), math.ceil(box[:, 1].max()))
    )
    mask = np.zeros((bottom - top + 1, right - left + 1), np.uint8)
    cv2.fillPoly(mask, [(box - (left, top)).astype(np.int32)], (1,))
    return float(cv2.mean(probabilities[top : bottom + 1, left : right + 1], mask)[0])


def _unclipped(core: NDArray[np.float32]) -> NDArray[np.int32] | None:
    distance = cv2.contourArea(core) * _UNCLIP_RATIO / cv2.arcLength(core, True)
    offset = pyclipper.PyclipperOffset()
    offset.AddPath(core.tolist(), pyclipper.JT_ROUND, pyclipper.ET_CLOSEDPOLYGON)
    outlines = offset.Execute(distance)
    return np.array(outlines[0], np.int32) if outlines else None


def reading_order(found: list[Box]) -> list[Box]:
    """Boxes from top to bottom, and in a row (first corners under 10 px apart in height) left to right."""
    ordered = sorted(found, key=lambda box: (box[0][1], box[0][0]))
    for end in range(1, len(ordered)):
        for at in range(end, 0, -1):
            upper, lower = ordered[at - 1][0], ordered[at][0]
            if abs(lower[1] - upper[1]) >= _SAME_ROW_PX or lower[0] >= upper[0]:
                break
            ordered[at - 1], ordered[at] = ordered[at], ordered[at - 1]
    return ordered
