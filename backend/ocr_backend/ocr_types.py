"""The values that readers return, and the protocol that engines implement.

Knows neither Label Studio nor any engine.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
"""`(height, width, 3)` uint8, BGR, upright (EXIF orientation applied), without alpha."""

Point = tuple[float, float]
Polygon = tuple[Point, Point, Point, Point]
"""Corners `(x, y)` in px of the image, clockwise in reading direction; the first is where the text begins."""


@dataclass(frozen=True)
class Line:
    """One text line; `score` is the mean confidence of the recogniser, 0..1."""

    polygon: Polygon
    text: str
    score: float


RegionFilter = Callable[[Polygon], bool]
"""Whether to read the line at this polygon; a reader skips the others."""


def accept_all(_: Polygon) -> bool:
    """Accepts every line."""
    return True


@dataclass(frozen=True)
class LoadedModel:
    """A model in use: its role (`detection`, `recognition`, ...), official name and digest of the weights."""

    role: str
    name: str
    digest: str


class Reader(Protocol):
    """Turns images into text lines; thread-safe. `slots` images are read at a time, other calls wait."""

    engine: str
    models: Sequence[LoadedModel]
    slots: int

    def read(self, image: Image, region_filter: RegionFilter = accept_all) -> list[Line]:
        """Non-empty lines that the filter accepts, in reading order, with any score."""
        ...

    def close(self) -> None:
        """Frees the models; the reader must not be used afterwards."""
        ...
