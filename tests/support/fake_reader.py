"""A reader without networks, for tests of everything around reading.

It obeys the `Reader` protocol and reads the golden sample, so a worker takes it as it takes a real one.
"""

import threading
from collections.abc import Callable, Sequence

import numpy as np

from ocr_backend.models import golden_sample
from ocr_backend.ocr_types import Image, Line, LoadedModel, RegionFilter, accept_all

Look = Callable[[Image], Sequence[Line]]


def line(text: str, score: float = 0.9, left: float = 10, top: float = 20) -> Line:
    """A level line of 30 x 10 px."""
    right, bottom = left + 30, top + 10
    return Line(((left, top), (right, top), (right, bottom), (left, bottom)), text, score)


class FakeReader:
    """Answers what `look` says of each image; remembers the images, and how many were read at once."""

    engine = "fake"

    def __init__(self, look: Look = lambda image: [line("text")], slots: int = 2) -> None:
        self.slots = slots
        self.models: Sequence[LoadedModel] = (LoadedModel("recognition", "fake_rec", "ab" * 32),)
        self.seen: list[Image] = []
        self.most_at_once = 0
        self._look = look
        self._at_once = 0
        self._counting = threading.Lock()

    def read(self, image: Image, wanted: RegionFilter = accept_all) -> list[Line]:
        """What `look` says of wanted places; the golden sample is read as what stands on it."""
        if np.array_equal(image, golden_sample.default_image()):
            return [line(golden_sample.TEXT)]
        with self._counting:
            self.seen.append(image)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            return [line for line in self._look(image) if wanted(line.polygon)]
        finally:
            with self._counting:
                self._at_once -= 1

    def close(self) -> None:
        """Nothing is held."""
