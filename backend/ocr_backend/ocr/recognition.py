"""What a line says: boxes -> upright crops -> batches for the network, and its answer -> text and score.

Pure, with the arithmetic of PaddleX 3.7 (text_recognition/processors.py, crop_image_regions.py) save for the
batches: crops of like width share one, instead of being padded to 320 px or more. `direct_reader` calls it.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from bidi.algorithm import get_display
from numpy.typing import NDArray

from ocr_backend.models.model_folder import Model
from ocr_backend.ocr.detection import Box, clockwise
from ocr_backend.ocr_types import Image, Polygon

HEIGHT = 48
NARROWEST = 48
WIDEST = 3200
"""Width of a crop at the network's height, in px; a longer line is squeezed, as PaddleX does."""

_WIDEST_BATCH = 6400
"""Px of all crops of a batch: eight of the widest would take 700 MB and be no quicker (measured)."""
_LIKE_WIDTH = 1.1
"""Widest to narrowest crop of a batch: measured; padding costs more than another call beyond it."""
_WIDTH_STEP = 8
"""Px to which a batch is widened: the networks' own step, and runtimes prepare for each new width once."""
_ANSWER_AXES = 3
"""Lines, steps along the line, classes."""
_TALL = 1.5
"""From this height / width on, a crop is a line that runs downwards (PaddleX)."""


@dataclass(frozen=True)
class Crop:
    """A line cut out and laid flat; `corners` are where its own corners are in the image."""

    image: Image
    corners: Polygon


@dataclass(frozen=True)
class Batch:
    """Which crops are read together, by index, and the width in px to which they are padded."""

    indices: tuple[int, ...]
    width: int


def crop(image: Image, box: Box) -> Crop | None:
    """The line in a box, or None where the box has no area; a tall one is turned to lie as it is read."""
    corners = clockwise(cv2.boxPoints(cv2.minAreaRect(box)))
    along, down = _extent(corners)
    if along < 1 or down < 1:
        return None
    flat = np.array([(0, 0), (along, 0), (along, down), (0, down)], np.float32)
    cut = cv2.warpPerspective(
        image,
        cv2.getPerspectiveTransform(corners, flat),
        (along, down),
        flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )
    lying = np.rot90(cut) if down / along >= _TALL else cut
    return Crop(np.asarray(lying, np.uint8), corners_as_read(box))


def corners_as_read(box: Box) -> Polygon:
    """Corners of a box clockwise, from where a line in it begins: top left, or top right of a tall box."""
    corners = clockwise(cv2.boxPoints(cv2.minAreaRect(box)))
    along, down = _extent(corners)
    first = int(np.linalg.norm(box - corners[0], axis=1).argmin())
    is_tall = along > 0 and down / along >= _TALL
    start, second, third, fourth = ((float(x), float(y)) for x, y in np.roll(box, -first - is_tall, axis=0))
    return start, second, third, fourth


def _extent(corners: NDArray[np.float32]) -> tuple[int, int]:
    """Whole px along the first side of a rectangle and down its second, as PaddleX rounds them."""
    sides = np.linalg.norm(corners - np.roll(corners, -1, axis=0), axis=1)
    return int(max(sides[0], sides[2])), int(max(sides[1], sides[3]))


def upside_down(line: Crop) -> Crop:
    """The same line the other way up."""
    return Crop(np.rot90(line.image, 2), from_the_end(line.corners))


def from_the_end(corners: Polygon) -> Polygon:
    """Corners of a line that turned out to begin where it seemed to end."""
    first, second, third, fourth = corners
    return third, fourth, first, second


def batches(crops: Sequence[Image], most: int) -> list[Batch]:
    """Crops grouped by width, at most so many in one, narrow ones first; each is in one batch."""
    widths = [_width(crop) for crop in crops]
    by_width = sorted(range(len(crops)), key=lambda index: crops[index].shape[1] / crops[index].shape[0])
    groups: list[list[int]] = []
    for index in by_width:
        last = groups[-1] if groups else []
        is_like = bool(last) and widths[index] <= _LIKE_WIDTH * widths[last[0]]
        if is_like and len(last) < most and (len(last) + 1) * widths[index] <= _WIDEST_BATCH:
            last.append(index)
        else:
            groups.append([index])
    return [Batch(tuple(group), _widened(max(widths[index] for index in group))) for group in groups]


def _widened(width: int) -> int:
    return min(WIDEST, math.ceil(width / _WIDTH_STEP) * _WIDTH_STEP)


def _width(crop: Image) -> int:
    height, width = crop.shape[:2]
    return max(NARROWEST, min(WIDEST, int(HEIGHT * width / height)))


def network_input(crops: Sequence[Image], width: int) -> NDArray[np.float32]:
    """`(crops, 3, 48, width)` float32 in -1..1, padded on the right with 0."""
    out = np.zeros((len(crops), 3, HEIGHT, width), np.float32)
    for place, image in zip(out, crops, strict=True):
        wide = min(width, max(1, math.ceil(HEIGHT * image.shape[1] / image.shape[0])))
        small = np.asarray(cv2.resize(image, (wide, HEIGHT)), np.float32)
        place[:, :, :wide] = (small * np.float32(2 / 255) - 1).transpose(2, 0, 1)
    return out


class Decoder:
    """Turns the network's probabilities into text (CTC: a blank, the dictionary, a space)."""

    def __init__(self, model: Model) -> None:
        dictionary: list[str] = model.config["PostProcess"]["character_dict"]
        self._characters = np.array(["", *dictionary, " "], object)
        # These networks see the line as drawn, from left to right; text is stored in the order of reading.
        self._is_right_to_left = model.official_name.startswith("arabic_")

    @property
    def classes(self) -> int:
        """How many probabilities the network must give for each step."""
        return len(self._characters)

    def __call__(self, probabilities: NDArray[np.float32]) -> list[tuple[str, float]]:
        """Text and mean probability of its characters (0 without any), for `(lines, steps, classes)`."""
        best = probabilities.argmax(axis=-1)
        sure = np.take_along_axis(probabilities, best[..., None], axis=-1)[..., 0]
        return [self._line(*pair) for pair in zip(best, sure, strict=True)]

    def _line(self, best: NDArray[np.intp], sure: NDArray[np.float32]) -> tuple[str, float]:
        is_character = best != 0
        is_character[1:] &= best[1:] != best[:-1]
        if not is_character.any():
            return "", 0.0
        text = "".join(self._characters[best[is_character]])
        return self._logical(text), float(sure[is_character].mean())

    def _logical(self, text: str) -> str:
        return str(get_display(text)) if self._is_right_to_left else text


def shape_problem(config: Mapping[str, Any], classes: int, answer: Sequence[object]) -> str | None:
    """Why a network is no recogniser for its description, or None; `answer` is the shape of its answer.

    What that leaves open (no axes, sizes that are no numbers) is not judged.
    """
    steps = config.get("PreProcess", {}).get("transform_ops", [])
    shape = next((step["RecResizeImg"]["image_shape"] for step in steps if step.get("RecResizeImg")), None)
    if shape is not None and list(shape[:2]) != [3, HEIGHT]:
        return f"it wants images of {shape}, not of 3 x {HEIGHT} x any width"
    if answer and len(answer) != _ANSWER_AXES:
        return f"the network reads no lines: its answer has {len(answer)} axes, a recogniser's {_ANSWER_AXES}"
    if answer and isinstance(answer[-1], int) and answer[-1] != classes:
        return f"the network knows {answer[-1]} classes, its dictionary {classes}"
    return None
