"""Reads images with the networks of PaddleX model folders, without PaddleX.

Knows no runtime: `engine_factory` passes one that runs the networks. The networks' inputs and outputs are the
matter of `detection`, `recognition` and `orientation`.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np

from ocr_backend.models.model_folder import Model
from ocr_backend.ocr import detection, orientation, reading_order, recognition, tiles
from ocr_backend.ocr.detection import TextBox
from ocr_backend.ocr.inference_runtime import Network, Runtime
from ocr_backend.ocr.memory_budget import MemoryBudget
from ocr_backend.ocr.recognition import Crop
from ocr_backend.ocr_types import Image, Line, LoadedModel, Polygon, RegionFilter, accept_all

_MAX_IMAGE_SIDE_PX = 32_000
"""OpenCV cannot crop images with sides of 32,768 px or more; they are reduced to this first."""
_ORIENTATION_BATCH_SIZE = 16
"""Lines in one run of the orientation classifier; a guess: the network is tiny."""
_ORIENTATION_BONUS = 0.05
"""Score by which a line must read better the other way than most lines of its page seem to run."""
_MIN_UPSIDE_DOWN = 3
"""Lines that must seem upside down before their page does: short upright words seem so, too (a guess)."""

OrientationClassifier = Callable[[Sequence[Image]], list[str]]
"""Images -> their orientations, as labels of the model."""
TextAndScore = tuple[str, float]


@dataclass(frozen=True)
class _Networks:
    """The loaded networks; the classifiers are None without their models."""

    detector: Network
    recogniser: Network
    line_classifier: OrientationClassifier | None
    page_classifier: OrientationClassifier | None


class NativeReader:
    """A `Reader` with one thread for each inference slot; a network runs on the thread that calls it.

    The tasks of all images (one detection each, then batches of lines) queue for the slots. So the lines of a
    single image use every free slot, and memory depends on the slots, not on the callers.
    """

    def __init__(
        self, models: Mapping[str, Model], slots: int, runtime: Runtime, detection_pixels: int
    ) -> None:
        """Loads the networks; detection processes at most so many pixels at the same time.

        Raises:
            ModelError: a network cannot be loaded, or does not fit its description.
        """
        self.engine = runtime.engine
        self.slots = slots
        self.models: Sequence[LoadedModel] = tuple(
            LoadedModel(model.role, model.name, model.digest) for model in models.values()
        )
        self._batch_size = runtime.batch_size
        self._normalise = detection.Normalisation(models["detection"].config)
        self._decode = recognition.Decoder(models["recognition"])
        self._needs_margin = recognition.needs_margin(models["recognition"])
        self._networks = _load_networks(models, runtime, slots, self._decode.classes)
        self._budget = MemoryBudget(detection_pixels)
        self._slots = ThreadPoolExecutor(slots, thread_name_prefix="ocr-slot")

    def read(self, image: Image, region_filter: RegionFilter = accept_all) -> list[Line]:
        """Lines with text that the filter accepts, in reading order, with any score."""
        height, width = image.shape[:2]
        ratio = _MAX_IMAGE_SIDE_PX / max(height, width)
        if ratio >= 1:
            return self._read_page(image, region_filter)
        size = max(1, round(width * ratio)), max(1, round(height * ratio))
        reduced = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
        scale = width / size[0], height / size[1]
        lines = self._read_page(reduced, lambda polygon: region_filter(_scale(polygon, scale)))
        return [Line(_scale(line.polygon, scale), line.text, line.score) for line in lines]

    def _read_page(self, image: Image, region_filter: RegionFilter) -> list[Line]:
        degrees = self._page_rotation(image)
        height, width = image.shape[:2]

        def polygon_of(crop: Crop) -> Polygon:
            return orientation.rotate_back(crop.corners, degrees, height, width)

        page = orientation.rotate(image, degrees)
        detected = self._slots.submit(self._detect_lines, page, lambda crop: region_filter(polygon_of(crop)))
        lines = [
            Line(polygon_of(crop), text, score)
            for crop, (text, score) in self._recognise_lines(*detected.result())
            if text.strip()
        ]
        return reading_order.in_reading_order(lines)

    def _page_rotation(self, image: Image) -> int:
        """Degrees by which the page is rotated."""
        if self._networks.page_classifier is None:
            return 0
        (label,) = self._slots.submit(self._networks.page_classifier, [image]).result()
        return int(label)

    def _detect_lines(self, image: Image, accepts: Callable[[Crop], bool]) -> tuple[list[Crop], list[int]]:
        """Accepted lines of a page, and the indices of those that seem to be upside down."""
        height, width = image.shape[:2]
        parts = tiles.tiles(height, width, self._budget.total)
        boxes = tiles.merged([(tile, self._detect_boxes(tile.of(image))) for tile in parts])
        crops = (recognition.crop_line(image, text_box, self._needs_margin) for text_box in boxes)
        lines = [crop for crop in crops if crop is not None and accepts(crop)]
        return lines, self._upside_down(lines)

    def _detect_boxes(self, image: Image) -> list[TextBox]:
        reduced = self._reduced_for_detection(image)
        with self._budget.acquire(math.prod(detection.network_size(*reduced.shape[:2]))):
            output = self._networks.detector(self._normalise(detection.network_image(reduced)))
        return detection.boxes(output[0, 0], *image.shape[:2])

    def _reduced_for_detection(self, image: Image) -> Image:
        """The image, reduced if the whole budget is too small for it."""
        height, width = image.shape[:2]
        ratio = math.sqrt(self._budget.total / math.prod(detection.network_size(height, width)))
        network_ratio = max(detection.network_size(height, width)) / max(height, width)
        if ratio >= 1:
            return image
        size = (max(1, int(side * network_ratio * ratio)) for side in (width, height))
        return np.asarray(cv2.resize(image, tuple(size), interpolation=cv2.INTER_AREA), np.uint8)

    def _upside_down(self, lines: Sequence[Crop]) -> list[int]:
        """Indices of the lines that the classifier considers upside down."""
        classify = self._networks.line_classifier
        if classify is None:
            return []
        labels: list[str] = []
        for start in range(0, len(lines), _ORIENTATION_BATCH_SIZE):
            labels += classify([line.image for line in lines[start : start + _ORIENTATION_BATCH_SIZE]])
        return [index for index, label in enumerate(labels) if label.startswith("180")]

    def _recognise_lines(
        self, lines: list[Crop], flip_candidates: list[int]
    ) -> list[tuple[Crop, TextAndScore]]:
        """Each line with its text; candidates are read in both orientations, and the higher score wins.

        Some words are words either way (IZIN, No 9): between similar scores the page decides, which is
        upright unless most of several lines are candidates.
        """
        is_upside_down = len(flip_candidates) >= _MIN_UPSIDE_DOWN and 2 * len(flip_candidates) > len(lines)
        bonus = -_ORIENTATION_BONUS if is_upside_down else _ORIENTATION_BONUS
        flipped = [recognition.flipped(lines[index]) for index in flip_candidates]
        results = list(zip([*lines, *flipped], self._recognise([*lines, *flipped]), strict=True))
        upright, alternatives = results[: len(lines)], results[len(lines) :]
        for index, alternative in zip(flip_candidates, alternatives, strict=True):
            if _score(alternative[1]) > _score(upright[index][1]) + bonus:
                upright[index] = alternative
        return upright

    def _recognise(self, lines: Sequence[Crop]) -> list[TextAndScore]:
        """Text and score of each line, in order; of two crops, the one with the higher score counts."""
        results = self._recognise_images([line.image for line in lines])
        other_crops = recognition.other_crops(lines, results)
        others = self._recognise_images(list(other_crops.values()))
        for index, other in zip(other_crops, others, strict=True):
            results[index] = max(results[index], other, key=_score)
        return results

    def _recognise_images(self, images: Sequence[Image]) -> list[TextAndScore]:
        """Text and score of each image of a line, in order."""
        batches = recognition.batches(images, self._batch_size)
        results = [("", 0.0)] * len(images)
        outputs = self._slots.map(lambda batch: self._recognise_batch(images, batch), batches)
        for batch, output in zip(batches, outputs, strict=True):
            for index, result in zip(batch.indices, output, strict=True):
                results[index] = result
        return results

    def _recognise_batch(self, images: Sequence[Image], batch: recognition.Batch) -> list[TextAndScore]:
        network_input = recognition.network_input([images[index] for index in batch.indices], batch.width)
        return self._decode(self._networks.recogniser(network_input))

    def close(self) -> None:
        """Frees the networks; no call may follow."""
        self._slots.shutdown(cancel_futures=True)
        del self._networks


def _load_networks(models: Mapping[str, Model], runtime: Runtime, slots: int, classes: int) -> _Networks:
    with ThreadPoolExecutor(slots) as pool:
        loaded = dict(zip(models, pool.map(runtime.load_network, models.values()), strict=True))
    networks = {role: network for role, (network, _) in loaded.items()}
    shapes = {role: shape for role, (_, shape) in loaded.items()}
    problems = {
        "detection": detection.shape_problem(shapes["detection"]),
        "recognition": recognition.shape_problem(
            models["recognition"].config, classes, shapes["recognition"]
        ),
    }
    for role, problem in problems.items():
        if problem is not None:
            raise models[role].unusable(problem)
    line_classifier, page_classifier = (
        _orientation_classifier(models[role], networks[role]) if role in models else None
        for role in ("textline_orientation", "doc_orientation")
    )
    return _Networks(networks["detection"], networks["recognition"], line_classifier, page_classifier)


def _orientation_classifier(model: Model, network: Network) -> OrientationClassifier:
    classifier = orientation.classifier(model)
    return lambda images: classifier.best_labels(network(classifier.network_input(images)))


def _score(result: TextAndScore) -> float:
    return result[1]


def _scale(polygon: Polygon, scale: tuple[float, float]) -> Polygon:
    first, second, third, fourth = ((x * scale[0], y * scale[1]) for x, y in polygon)
    return first, second, third, fourth
