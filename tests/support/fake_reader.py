"""A reader without models, for tests of everything around reading.

It has the `Reader` protocol and reads the golden sample, so that a worker accepts it like a real one.
"""

import functools
import threading
from collections.abc import Callable, Sequence

import numpy as np

from ocr_backend.models import golden_sample, scripts
from ocr_backend.ocr_types import Image, Line, LoadedModel, RegionFilter, accept_all

ReadImage = Callable[[Image], Sequence[Line]]


def line(text: str, score: float = 0.9, left: float = 10, top: float = 20) -> Line:
    """A horizontal line of 30 x 10 px."""
    right, bottom = left + 30, top + 10
    return Line(((left, top), (right, top), (right, bottom), (left, bottom)), text, score)


def golden_text(image: Image) -> str | None:
    """The text of a golden sample; None for any other image."""
    return next((text for sample, text in _golden_samples() if np.array_equal(image, sample)), None)


@functools.cache
def _golden_samples() -> list[tuple[Image, str]]:
    samples = [(scripts.image(language), text) for language, text in scripts.SAMPLES.items()]
    return [(golden_sample.default_image(), golden_sample.TEXT), *samples]


class FakeReader:
    """Returns the lines that `read_image` returns; records the images, and how many were read at once."""

    engine = "fake"

    def __init__(self, read_image: ReadImage = lambda image: [line("text")], slots: int = 2) -> None:
        self.slots = slots
        self.models: Sequence[LoadedModel] = (LoadedModel("recognition", "fake_rec", "ab" * 32),)
        self.images: list[Image] = []
        self.max_concurrent_reads = 0
        self._read_image = read_image
        self._concurrent_reads = 0
        self._lock = threading.Lock()

    def read(self, image: Image, region_filter: RegionFilter = accept_all) -> list[Line]:
        """The lines in the region; for a golden sample, its text."""
        if (text := golden_text(image)) is not None:
            return [line(text)]
        with self._lock:
            self.images.append(image)
            self._concurrent_reads += 1
            self.max_concurrent_reads = max(self.max_concurrent_reads, self._concurrent_reads)
        try:
            return [line for line in self._read_image(image) if region_filter(line.polygon)]
        finally:
            with self._lock:
                self._concurrent_reads -= 1

    def close(self) -> None:
        """Does nothing: there are no resources."""
