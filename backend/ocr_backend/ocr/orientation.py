"""Orientation of lines and pages: images -> the classifier's input, and its output -> rotations.

Pure, with the arithmetic of PaddleX 3.7 (image_classification/processors.py). Both readers use it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr_backend.models import inference_config
from ocr_backend.models.model_folder import Model
from ocr_backend.ocr_types import Image, Point, Polygon

_MAX_ASPECT_RATIO = 4
"""The ends of longer images are cut off first: they would be enlarged by gigabytes, only to be cut off
later."""


@dataclass(frozen=True)
class Classifier:
    """How a classifier's input is prepared, and what its outputs mean."""

    size: tuple[int, int] | None
    """Width and height of the input; None: see `short_side`."""
    short_side: int
    """Px of the shorter side, of which the middle `crop`-by-`crop` square is taken."""
    crop: int
    table: NDArray[np.float32]
    """`(256, 3)`: normalised level of each channel."""
    labels: tuple[str, ...]

    def network_input(self, images: Sequence[Image]) -> NDArray[np.float32]:
        """`(images, 3, height, width)` float32."""
        return np.stack([self._prepare(image) for image in images])

    def _prepare(self, image: Image) -> NDArray[np.float32]:
        image = image[:, :, ::-1]  # BGR to RGB
        if self.size is None:
            return self._normalise(_middle(image, self.short_side, self.crop))
        return self._normalise(cv2.resize(image, self.size))

    def _normalise(self, image: NDArray[Any]) -> NDArray[np.float32]:
        return np.stack([self.table[image[:, :, channel], channel] for channel in range(3)])

    def best_labels(self, probabilities: NDArray[np.float32]) -> list[str]:
        """The most probable label of each image."""
        return [self.labels[label] for label in probabilities.argmax(axis=1)]


def classifier(model: Model) -> Classifier:
    """The classifier that a model folder describes.

    Raises:
        ModelError: its inference.yml lacks the input size or the labels.
    """
    resize = inference_config.transform(model.config, "ResizeImage")
    labels = model.config.get("PostProcess", {}).get("Topk", {}).get("label_list")
    if not labels or not (resize.get("size") or resize.get("resize_short")):
        raise model.unusable(f"its {inference_config.FILE_NAME} has no input size or no labels")
    size, short_side = resize.get("size"), int(resize.get("resize_short") or 0)
    return Classifier(
        size=None if size is None else (int(size[0]), int(size[1])),
        short_side=short_side,
        crop=int(inference_config.transform(model.config, "CropImage").get("size", short_side)),
        table=_table(inference_config.transform(model.config, "NormalizeImage")),
        labels=tuple(str(label) for label in labels),
    )


def _table(options: dict[str, Any]) -> NDArray[np.float32]:
    mean = np.array(options.get("mean", [0.485, 0.456, 0.406]))
    deviation = np.array(options.get("std", [0.229, 0.224, 0.225]))
    table: NDArray[np.float32] = ((np.arange(256)[:, None] / 255 - mean) / deviation).astype(np.float32)
    return table


def _middle(image: NDArray[Any], short_side: int, crop: int) -> NDArray[Any]:
    """The middle square of an image whose shorter side is resized first."""
    height, width = image.shape[:2]
    shorter = min(height, width)
    longest = _MAX_ASPECT_RATIO * shorter
    top, left = max(0, height - longest) // 2, max(0, width - longest) // 2
    image = image[top : top + longest, left : left + longest]
    scale = short_side / shorter
    new_height, new_width = max(crop, round(image.shape[0] * scale)), max(crop, round(image.shape[1] * scale))
    resized = cv2.resize(image, (new_width, new_height))
    top, left = (new_height - crop) // 2, (new_width - crop) // 2
    return resized[top : top + crop, left : left + crop]


def rotate(image: Image, degrees: int) -> Image:
    """The image rotated anticlockwise by a multiple of 90 degrees."""
    return np.ascontiguousarray(np.rot90(image, degrees // 90 % 4))


def rotate_back(polygon: Polygon, degrees: int, height: int, width: int) -> Polygon:
    """Corners on an image that `rotate` returned -> corners on the original of this height and width."""
    first, second, third, fourth = (_rotate_point_back(point, degrees, height, width) for point in polygon)
    return first, second, third, fourth


def _rotate_point_back(point: Point, degrees: int, height: int, width: int) -> Point:
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
