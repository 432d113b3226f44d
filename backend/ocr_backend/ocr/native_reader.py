"""Reads images with the networks of PaddleX's model folders, without PaddleX.

Knows no runtime: `engines` hands it one that runs the networks. It hands arrays on: what goes in and what the
answer means is said in `detection`, `recognition` and `orientation`.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np

from ocr_backend.models.model_folder import Model
from ocr_backend.ocr import detection, orientation, recognition
from ocr_backend.ocr.inference_runtime import Network, Runtime
from ocr_backend.ocr.pixel_budget import PixelBudget
from ocr_backend.ocr_types import Image, Line, LoadedModel, Polygon, RegionFilter, accept_all

_LONGEST_SIDE = 32_000
"""OpenCV cuts no boxes out of images with sides of 32,768 px or more; such are shrunk to this first."""
_MOST_PIXELS = detection.LONGEST_SIDE**2
_PIXELS_PER_SLOT = 4_000_000
"""The largest image is looked at alone on few slots."""
_BYTES_PER_PIXEL = 165
"""That looking for lines takes (benchmarks/memory.py)."""
_BYTES_BESIDES = 1_700_000_000
"""What is held beside it after many images, as measured there on 2 and on 8 slots."""
_LINES_TO_TURN = 16
"""Lines whose orientation is asked for in one call; a guess: the network is tiny."""


def pixels_at_once(slots: int, memory_bytes: int | None) -> int:
    """The px in which lines are looked for at the same moment: more with each slot, as far as memory goes.

    `memory_bytes` is the limit of one process, None without one.
    """
    wanted = max(_MOST_PIXELS, _PIXELS_PER_SLOT * slots)
    if memory_bytes is None:
        return wanted
    return max(1, min(wanted, (memory_bytes - _BYTES_BESIDES) // _BYTES_PER_PIXEL))


class NativeReader:
    """A `Reader` with `slots` threads that run the networks, each network on one thread.

    The pieces of all images (one detection each, then batches of lines) queue for the slots, so a single
    image's lines use every slot that is free, and memory follows the slots, not the callers.
    """

    def __init__(
        self, models: Mapping[str, Model], slots: int, runtime: Runtime, memory_bytes: int | None = None
    ) -> None:
        """Loads the networks; `memory_bytes` is what this process may use, None without a limit.

        Raises:
            ModelError: one of them cannot be loaded, or does not fit its dictionary.
        """
        self.engine = runtime.engine
        self._batch = runtime.batch
        self.slots = slots
        self.models: Sequence[LoadedModel] = tuple(
            LoadedModel(model.part, model.name, model.digest) for model in models.values()
        )
        with ThreadPoolExecutor(slots) as loaders:
            networks = dict(zip(models, loaders.map(runtime.loaded, models.values()), strict=True))
        self._detect, answer = networks["detection"]
        _refuse_misfit(models["detection"], detection.shape_problem(answer))
        self._normalised = detection.Normalisation(models["detection"].config)
        self._recognise, answer = networks["recognition"]
        self._decoded = recognition.Decoder(models["recognition"])
        config, classes = models["recognition"].config, self._decoded.classes
        _refuse_misfit(models["recognition"], recognition.shape_problem(config, classes, answer))
        self._line_turns, self._page_turns = (
            _turns(models[part], networks[part][0]) if part in models else None
            for part in ("textline_orientation", "doc_orientation")
        )
        self._budget = PixelBudget(pixels_at_once(slots, memory_bytes))
        self._slots = ThreadPoolExecutor(slots, thread_name_prefix="ocr-slot")

    def read(self, image: Image, wanted: RegionFilter = accept_all) -> list[Line]:
        """Lines with text at wanted places, in reading order, whatever their score; empty without any."""
        height, width = image.shape[:2]
        ratio = _LONGEST_SIDE / max(height, width)
        if ratio < 1:
            size = max(1, round(width * ratio)), max(1, round(height * ratio))
            smaller = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
            scale = width / size[0], height / size[1]
            read = self._read_page(smaller, lambda polygon: wanted(_scaled(polygon, scale)))
            return [Line(_scaled(line.polygon, scale), line.text, line.score) for line in read]
        return self._read_page(image, wanted)

    def _read_page(self, image: Image, wanted: RegionFilter) -> list[Line]:
        degrees = 0
        if self._page_turns is not None:
            (label,) = self._slots.submit(self._page_turns, [image]).result()
            degrees = int(label)
        height, width = image.shape[:2]

        def placed(crop: recognition.Crop) -> Polygon:
            return orientation.turned_back(crop.corners, degrees, height, width)

        page = orientation.turned(image, degrees)
        looking = self._slots.submit(self._lines_of, page, lambda crop: wanted(placed(crop)))
        return [
            Line(placed(crop), text, score)
            for crop, (text, score) in self._surer(*looking.result())
            if text.strip()
        ]

    def _lines_of(
        self, image: Image, wanted: Callable[[recognition.Crop], bool]
    ) -> tuple[list[recognition.Crop], list[int]]:
        """Wanted lines of a page, and the indices of those that seem to stand upside down."""
        height, width = image.shape[:2]
        with self._budget.spent(math.prod(detection.network_size(height, width))):
            probabilities = self._detect(self._normalised(detection.network_image(image)))[0, 0]
        found = detection.boxes(probabilities, height, width)
        cut = (recognition.crop(image, box) for box in found)
        crops = [crop for crop in cut if crop is not None and wanted(crop)]
        if self._line_turns is None:
            return crops, []
        labels: list[str] = []
        for start in range(0, len(crops), _LINES_TO_TURN):
            labels += self._line_turns([crop.image for crop in crops[start : start + _LINES_TO_TURN]])
        return crops, [index for index, label in enumerate(labels) if label.startswith("180")]

    def _surer(
        self, crops: list[recognition.Crop], doubtful: list[int]
    ) -> list[tuple[recognition.Crop, tuple[str, float]]]:
        """Each line with its text; a doubtful one the way up in which the recogniser is surer of it."""
        # Of 36 upright lines the builtin classifier turned one over (measured): the recogniser knows better.
        turned = [recognition.upside_down(crops[index]) for index in doubtful]
        read = list(zip([*crops, *turned], self._texts([*crops, *turned]), strict=True))
        lines, others = read[: len(crops)], read[len(crops) :]
        for index, other in zip(doubtful, others, strict=True):
            if other[1][1] > lines[index][1][1]:
                lines[index] = other
        return lines

    def _texts(self, crops: Sequence[recognition.Crop]) -> list[tuple[str, float]]:
        """Text and score of each crop, in order."""
        images = [crop.image for crop in crops]
        groups = recognition.batches(images, self._batch)
        texts = [("", 0.0)] * len(images)
        answers = self._slots.map(lambda group: self._read_batch(images, group), groups)
        for group, answer in zip(groups, answers, strict=True):
            for index, text in zip(group.indices, answer, strict=True):
                texts[index] = text
        return texts

    def _read_batch(self, images: Sequence[Image], group: recognition.Batch) -> list[tuple[str, float]]:
        lines = [images[index] for index in group.indices]
        return self._decoded(self._recognise(recognition.network_input(lines, group.width)))

    def close(self) -> None:
        """Frees the networks; no call may follow."""
        self._slots.shutdown(cancel_futures=True)
        del self._detect, self._recognise, self._line_turns, self._page_turns


def _scaled(polygon: Polygon, scale: tuple[float, float]) -> Polygon:
    first, second, third, fourth = ((x * scale[0], y * scale[1]) for x, y in polygon)
    return first, second, third, fourth


def _turns(model: Model, network: Network) -> Callable[[Sequence[Image]], list[str]]:
    """What tells the turn of images, as labels of the model."""
    classifier = orientation.classifier(model)
    return lambda images: classifier.chosen(network(classifier.network_input(images)))


def _refuse_misfit(model: Model, problem: str | None) -> None:
    if problem is not None:
        raise model.unusable(problem)
