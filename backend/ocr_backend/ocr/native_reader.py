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
from ocr_backend.ocr import detection, orientation, recognition
from ocr_backend.ocr.inference_runtime import Network, Runtime
from ocr_backend.ocr.pixel_budget import PixelBudget
from ocr_backend.ocr.recognition import Crop
from ocr_backend.ocr_types import Image, Line, LoadedModel, Polygon, RegionFilter, accept_all

_MAX_IMAGE_SIDE_PX = 32_000
"""OpenCV cannot crop images with sides of 32,768 px or more; they are reduced to this first."""
_MAX_DETECTION_PIXELS = detection.MAX_SIDE_PX**2
_PIXELS_PER_SLOT = 4_000_000
"""With few slots, the largest image uses the whole budget."""
_BYTES_PER_PIXEL = 165
"""Memory of detection (benchmarks/memory.py)."""
_BASE_BYTES = 1_700_000_000
"""Memory of everything else after many images, measured there with 2 and with 8 slots."""
_ORIENTATION_BATCH_SIZE = 16
"""Lines in one run of the orientation classifier; a guess: the network is tiny."""

OrientationClassifier = Callable[[Sequence[Image]], list[str]]
"""Images -> their orientations, as labels of the model."""
TextAndScore = tuple[str, float]


def detection_pixel_limit(slots: int, memory_bytes: int | None) -> int:
    """How many pixels detection may process at the same time: more with each slot, as far as memory allows.

    `memory_bytes` is the limit of one process, or None.
    """
    pixels = max(_MAX_DETECTION_PIXELS, _PIXELS_PER_SLOT * slots)
    if memory_bytes is None:
        return pixels
    return max(1, min(pixels, (memory_bytes - _BASE_BYTES) // _BYTES_PER_PIXEL))


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
        self, models: Mapping[str, Model], slots: int, runtime: Runtime, memory_bytes: int | None = None
    ) -> None:
        """Loads the networks; `memory_bytes` is the memory limit of this process, or None.

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
        self._networks = _load_networks(models, runtime, slots, self._decode.classes)
        self._budget = PixelBudget(detection_pixel_limit(slots, memory_bytes))
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
        return [
            Line(polygon_of(crop), text, score)
            for crop, (text, score) in self._recognise_lines(*detected.result())
            if text.strip()
        ]

    def _page_rotation(self, image: Image) -> int:
        """Degrees by which the page is rotated."""
        if self._networks.page_classifier is None:
            return 0
        (label,) = self._slots.submit(self._networks.page_classifier, [image]).result()
        return int(label)

    def _detect_lines(self, image: Image, accepts: Callable[[Crop], bool]) -> tuple[list[Crop], list[int]]:
        """Accepted lines of a page, and the indices of those that seem to be upside down."""
        height, width = image.shape[:2]
        with self._budget.acquire(math.prod(detection.network_size(height, width))):
            output = self._networks.detector(self._normalise(detection.network_image(image)))
        crops = (recognition.crop(image, box) for box in detection.boxes(output[0, 0], height, width))
        lines = [crop for crop in crops if crop is not None and accepts(crop)]
        return lines, self._upside_down(lines)

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
        """Each line with its text; candidates are read in both orientations, and the higher score wins."""
        # Of 36 upright lines, the builtin classifier reported one as upside down (measured).
        flipped = [recognition.flipped(lines[index]) for index in flip_candidates]
        results = list(zip([*lines, *flipped], self._recognise([*lines, *flipped]), strict=True))
        upright, alternatives = results[: len(lines)], results[len(lines) :]
        for index, alternative in zip(flip_candidates, alternatives, strict=True):
            upright[index] = max(upright[index], alternative, key=_score)
        return upright

    def _recognise(self, lines: Sequence[Crop]) -> list[TextAndScore]:
        """Text and score of each line, in order."""
        images = [line.image for line in lines]
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


def _score(result: tuple[Crop, TextAndScore]) -> float:
    _, (_, score) = result
    return score


def _scale(polygon: Polygon, scale: tuple[float, float]) -> Polygon:
    first, second, third, fourth = ((x * scale[0], y * scale[1]) for x, y in polygon)
    return first, second, third, fourth
