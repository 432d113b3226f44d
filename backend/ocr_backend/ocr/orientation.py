"""Which way up: images of lines or pages -> the classifier's input, and its answer -> turns.

Pure, with the arithmetic of PaddleX 3.7 (image_classification/processors.py) for the official networks, and
of RapidOCR 3.10 for the older one among the builtin weights. Both readers use it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr_backend.config import model_catalog
from ocr_backend.models.model_folder import Model, ModelError
from ocr_backend.ocr_types import Image, Point, Polygon

_OLD_LINE_THRESHOLD = 0.9
"""The older network is often unsure about upright lines; RapidOCR believes it only above this."""


@dataclass(frozen=True)
class Classifier:
    """How a classifier wants its images, and from which probability on it is believed."""

    size: tuple[int, int] | None
    """Width and height to which an image is brought, or None: see `short`."""
    short: int
    """Px of the shorter side, of which the middle `short`-by-`crop` square is taken."""
    crop: int
    table: NDArray[np.float32]
    """`(256, 3)`: normalised level of each channel."""
    is_rgb: bool
    keeps_ratio: bool
    threshold: float
    labels: tuple[str, ...]

    def network_input(self, images: Sequence[Image]) -> NDArray[np.float32]:
        """`(images, 3, height, width)` float32."""
        return np.stack([self._prepared(image) for image in images])

    def _prepared(self, image: Image) -> NDArray[np.float32]:
        if self.is_rgb:
            image = image[:, :, ::-1]
        if self.size is None:
            levels = self._levels(_middle(image, self.short, self.crop))
        elif self.keeps_ratio:
            width, height = self.size
            wide = min(width, max(1, math.ceil(height * image.shape[1] / image.shape[0])))
            levels = np.zeros((3, height, width), np.float32)
            levels[:, :, :wide] = self._levels(cv2.resize(image, (wide, height)))
        else:
            levels = self._levels(cv2.resize(image, self.size))
        return levels

    def _levels(self, image: NDArray[Any]) -> NDArray[np.float32]:
        return np.stack([self.table[image[:, :, channel], channel] for channel in range(3)])

    def chosen(self, probabilities: NDArray[np.float32]) -> list[str]:
        """Label of each image; the first label where the classifier is not sure enough."""
        best = probabilities.argmax(axis=1)
        return [
            self.labels[label if row[label] > self.threshold else 0]
            for label, row in zip(best, probabilities, strict=True)
        ]


def classifier(model: Model) -> Classifier:
    """The classifier that a model folder describes.

    Raises:
        ModelError: its inference.yml lacks what is needed.
    """
    steps: dict[str, Any] = {}
    for step in model.config.get("PreProcess", {}).get("transform_ops", []):
        steps |= step
    resize, normalise = steps.get("ResizeImage") or {}, steps.get("NormalizeImage") or {}
    labels = model.config.get("PostProcess", {}).get("Topk", {}).get("label_list")
    if not labels or not (resize.get("size") or resize.get("resize_short")):
        raise ModelError(
            f"the model folder {model.folder} is broken: its inference.yml names no size or labels"
        )
    is_old = model.name == model_catalog.BUILTIN_TEXTLINE_ORIENTATION
    size, short = resize.get("size"), int(resize.get("resize_short") or 0)
    return Classifier(
        size=None if size is None else (int(size[0]), int(size[1])),
        short=short,
        crop=int((steps.get("CropImage") or {}).get("size", short)),
        table=_table(normalise),
        is_rgb=not is_old,
        keeps_ratio=is_old,
        threshold=_OLD_LINE_THRESHOLD if is_old else 0.0,
        labels=tuple(str(label) for label in labels),
    )


def _table(normalise: dict[str, Any]) -> NDArray[np.float32]:
    mean = np.array(normalise.get("mean", [0.485, 0.456, 0.406]))
    deviation = np.array(normalise.get("std", [0.229, 0.224, 0.225]))
    table: NDArray[np.float32] = ((np.arange(256)[:, None] / 255 - mean) / deviation).astype(np.float32)
    return table


def _middle(image: NDArray[Any], short: int, crop: int) -> NDArray[Any]:
    height, width = image.shape[:2]
    least = min(height, width)
    # The ends of a very long image would be enlarged by gigabytes, only to be cut off.
    most = 4 * least
    above, beside = max(0, height - most) // 2, max(0, width - most) // 2
    image = image[above : above + most, beside : beside + most]
    scale = short / least
    tall, wide = max(crop, round(image.shape[0] * scale)), max(crop, round(image.shape[1] * scale))
    resized = cv2.resize(image, (wide, tall))
    top, left = (tall - crop) // 2, (wide - crop) // 2
    return resized[top : top + crop, left : left + crop]


def turned(image: Image, degrees: int) -> Image:
    """The image turned anticlockwise by a multiple of 90 degrees."""
    return np.ascontiguousarray(np.rot90(image, degrees // 90 % 4))


def turned_back(polygon: Polygon, degrees: int, height: int, width: int) -> Polygon:
    """Corners on an image as `turned` made it -> corners on the original of this height and width."""
    first, second, third, fourth = (_turned_back(point, degrees, height, width) for point in polygon)
    return first, second, third, fourth


def _turned_back(point: Point, degrees: int, height: int, width: int) -> Point:
    x, y = point
    match degrees % 360:
        case 90:
            return width - y, x
        case 180:
            return width - x, height - y
        case 270:
            return y, height - x
        case _:
            return x, y
