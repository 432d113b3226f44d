"""Text recognition: boxes -> upright crops -> batches for the network, and its output -> text and score.

Pure, with the arithmetic of PaddleX 3.7 (text_recognition/processors.py, crop_image_regions.py) except for
the batches: crops of similar width share one, instead of being padded to 320 px or more. `native_reader`
calls it.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr_backend.models import inference_config
from ocr_backend.models.model_folder import Model
from ocr_backend.ocr.detection import Box, TextBox, clockwise
from ocr_backend.ocr.logical_order import logical_order
from ocr_backend.ocr_types import Image, Polygon

HEIGHT = 48
MIN_WIDTH = 48
MAX_WIDTH = 3200
"""Width of a crop at the network's height, in px; a longer line is squeezed, as in PaddleX."""

_MIN_SURE_SCORE = 0.98
"""Lines with lower scores are read from their other crop, too: of print of 9 to 18 px an eighth (Latin) to
two fifths (Japanese), and nearly all the errors that it avoids (measured)."""

_MAX_BATCH_WIDTH = 6400
"""Sum of the widths of a batch in px: eight of the widest crops would take 700 MB and not be faster
(measured)."""
_SIMILAR_WIDTH_RATIO = 1.1
"""Widest to narrowest crop of a batch: beyond it, padding costs more than another run (measured)."""
_WIDTH_STEP = 8
"""Widths of batches are multiples of this: the networks' own step, and runtimes prepare once for each
width."""
_OUTPUT_AXES = 3
"""Lines, steps along the line, classes."""
_TALL_RATIO = 1.5
"""From this height / width on, a box holds a vertical line (PaddleX)."""


@dataclass(frozen=True)
class Crop:
    """A line cut out and made horizontal; `corners` are the positions of its corners in the image."""

    image: Image
    corners: Polygon
    other: Image | None = None
    """The same line without the margin, for recognisers that need one."""


@dataclass(frozen=True)
class Batch:
    """Indices of the crops that are read together, and the width in px to which they are padded."""

    indices: tuple[int, ...]
    width: int


def needs_margin(model: Model) -> bool:
    """Whether a recogniser reads better with a margin; those of PP-OCRv5 read worse (measured)."""
    return model.official_name.startswith("PP-OCRv6")


def crop_line(image: Image, line: TextBox, needs_margin: bool) -> Crop | None:
    """The line with its margin, and without as the other crop; None if its box has no area."""
    if not needs_margin:
        return crop(image, line.box)
    wide, tight = (crop(image, line.box, margin) for margin in (line.margin, 0.0))
    return None if wide is None or tight is None else replace(wide, other=tight.image)


def crop(image: Image, box: Box, margin: float = 0.0) -> Crop | None:
    """The line in a box and a margin around it, rotated if it is vertical; None if the box has no area."""
    centre, size, angle = cv2.minAreaRect(box)
    width, height = _side_lengths(clockwise(cv2.boxPoints((centre, size, angle))))
    if width < 1 or height < 1:
        return None
    is_vertical = height / width >= _TALL_RATIO
    enlarged = (size[0] + 2 * margin, size[1] + 2 * margin)
    corners = clockwise(cv2.boxPoints((centre, enlarged, angle)))
    if margin:
        corners = np.clip(corners, 0, image.shape[1::-1]).astype(np.float32)
    width, height = _side_lengths(corners)
    target = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    upright = cv2.warpPerspective(
        image,
        cv2.getPerspectiveTransform(corners, target),
        (width, height),
        flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )
    horizontal = np.rot90(upright) if is_vertical else upright
    return Crop(np.asarray(horizontal, np.uint8), corners_as_read(box))


def other_crops(lines: Sequence[Crop], results: Sequence[tuple[str, float]]) -> dict[int, Image]:
    """Index -> other crop of each line that has one, and whose score is too low to be sure of its text."""
    return {
        index: line.other
        for index, (line, (_, score)) in enumerate(zip(lines, results, strict=True))
        if score < _MIN_SURE_SCORE and line.other is not None
    }


def corners_as_read(box: Box) -> Polygon:
    """Corners of a box clockwise from the start of its line: top left, or top right for a vertical line."""
    corners = clockwise(cv2.boxPoints(cv2.minAreaRect(box)))
    width, height = _side_lengths(corners)
    nearest_top_left = int(np.linalg.norm(box - corners[0], axis=1).argmin())
    is_vertical = width > 0 and height / width >= _TALL_RATIO
    rolled = np.roll(box, -nearest_top_left - is_vertical, axis=0)
    first, second, third, fourth = ((float(x), float(y)) for x, y in rolled)
    return first, second, third, fourth


def _side_lengths(corners: NDArray[np.float32]) -> tuple[int, int]:
    """Width and height of a rectangle in whole px, as PaddleX rounds them."""
    sides = np.linalg.norm(corners - np.roll(corners, -1, axis=0), axis=1)
    return int(max(sides[0], sides[2])), int(max(sides[1], sides[3]))


def flipped(line: Crop) -> Crop:
    """The same line, rotated by 180 degrees."""
    other = None if line.other is None else np.rot90(line.other, 2)
    return Crop(np.rot90(line.image, 2), flipped_corners(line.corners), other)


def flipped_corners(corners: Polygon) -> Polygon:
    """Corners of a line that is read from the other end."""
    first, second, third, fourth = corners
    return third, fourth, first, second


def batches(crops: Sequence[Image], max_size: int) -> list[Batch]:
    """Crops grouped by width, at most `max_size` in one batch, narrow ones first; each is in one batch."""
    widths = [_width(crop) for crop in crops]
    by_width = sorted(range(len(crops)), key=lambda index: crops[index].shape[1] / crops[index].shape[0])
    groups: list[list[int]] = []
    for index in by_width:
        group = groups[-1] if groups else []
        is_similar = bool(group) and widths[index] <= _SIMILAR_WIDTH_RATIO * widths[group[0]]
        if is_similar and len(group) < max_size and (len(group) + 1) * widths[index] <= _MAX_BATCH_WIDTH:
            group.append(index)
        else:
            groups.append([index])
    return [Batch(tuple(group), _batch_width(max(widths[index] for index in group))) for group in groups]


def _batch_width(width: int) -> int:
    return min(MAX_WIDTH, math.ceil(width / _WIDTH_STEP) * _WIDTH_STEP)


def _width(crop: Image) -> int:
    height, width = crop.shape[:2]
    return max(MIN_WIDTH, min(MAX_WIDTH, int(HEIGHT * width / height)))


def network_input(crops: Sequence[Image], width: int) -> NDArray[np.float32]:
    """`(crops, 3, 48, width)` float32 in -1..1, padded on the right with 0."""
    batch = np.zeros((len(crops), 3, HEIGHT, width), np.float32)
    for row, image in zip(batch, crops, strict=True):
        image_width = min(width, max(1, math.ceil(HEIGHT * image.shape[1] / image.shape[0])))
        resized = np.asarray(cv2.resize(image, (image_width, HEIGHT)), np.float32)
        row[:, :, :image_width] = (resized * np.float32(2 / 255) - 1).transpose(2, 0, 1)
    return batch


class Decoder:
    """Decodes the network's output to text (CTC: a blank, the dictionary, a space)."""

    def __init__(self, model: Model) -> None:
        dictionary: list[str] = model.config["PostProcess"]["character_dict"]
        self._characters = np.array(["", *dictionary, " "], object)
        # These networks read a line from left to right as it is drawn; text is stored as it is written.
        self._is_right_to_left = model.official_name.startswith("arabic_")

    @property
    def classes(self) -> int:
        """How many probabilities the network must output for each step."""
        return len(self._characters)

    def __call__(self, probabilities: NDArray[np.float32]) -> list[tuple[str, float]]:
        """Text and mean probability of its characters (0 without any), for `(lines, steps, classes)`."""
        labels = probabilities.argmax(axis=-1)
        label_probabilities = np.take_along_axis(probabilities, labels[..., None], axis=-1)[..., 0]
        return [self._decode_line(*line) for line in zip(labels, label_probabilities, strict=True)]

    def _decode_line(self, labels: NDArray[np.intp], probabilities: NDArray[np.float32]) -> tuple[str, float]:
        is_character = labels != 0
        is_character[1:] &= labels[1:] != labels[:-1]
        if not is_character.any():
            return "", 0.0
        text = "".join(self._characters[labels[is_character]])
        text = logical_order(text) if self._is_right_to_left else text
        return text, float(probabilities[is_character].mean())


def shape_problem(config: Mapping[str, Any], classes: int, output_shape: Sequence[object]) -> str | None:
    """Why a network is not a recogniser that fits its description, or None.

    Unknown or variable sizes of the output are not checked.
    """
    input_shape = inference_config.transform(config, "RecResizeImg").get("image_shape")
    if input_shape is not None and list(input_shape[:2]) != [3, HEIGHT]:
        return f"the network needs images of {input_shape}, not of 3 x {HEIGHT} x any width"
    if output_shape and len(output_shape) != _OUTPUT_AXES:
        return f"the network is not a recogniser: its output has {len(output_shape)} axes, not {_OUTPUT_AXES}"
    if output_shape and isinstance(output_shape[-1], int) and output_shape[-1] != classes:
        return f"the network has {output_shape[-1]} classes, but its dictionary has {classes}"
    return None
