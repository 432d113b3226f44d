"""What a reader yields and what the rest of the backend may ask of one.

Knows neither Label Studio nor any engine; engines implement `Reader`, `app` and `predictions` use it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
"""`(height, width, 3)` uint8, BGR, upright as a person sees it (EXIF applied, no alpha)."""

Point = tuple[float, float]
Polygon = tuple[Point, Point, Point, Point]
"""Corners `(x, y)` in px of the image, clockwise as one reads: where the text begins comes first."""


@dataclass(frozen=True)
class Line:
    """One recognised piece of text; `score` is the recogniser's mean confidence, 0..1."""

    polygon: Polygon
    text: str
    score: float


RegionFilter = Callable[[Polygon], bool]
"""Whether a line at this place is wanted; others need not be read."""


def accept_all(_: Polygon) -> bool:
    """All lines are wanted."""
    return True


@dataclass(frozen=True)
class LoadedModel:
    """A network in use: its part (`detection`, `recognition`, ...), official name and weights' digest."""

    part: str
    name: str
    digest: str


class Reader(Protocol):
    """Turns images into lines; safe to call from many threads, which wait for a free slot."""

    engine: str
    models: Sequence[LoadedModel]
    slots: int

    def read(self, image: Image, wanted: RegionFilter = accept_all) -> list[Line]:
        """Lines with text at wanted places, in reading order, whatever their score; empty without any."""
        ...

    def close(self) -> None:
        """Frees the networks; no call may follow."""
        ...
