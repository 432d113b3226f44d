"""The regions in Label Studio's flat list of result items.

Knows only the result format; the tests with Label Studio use it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, radians, sin
from typing import Any

Json = dict[str, Any]

Box = tuple[float, float, float, float]
"""Left, top, right, bottom in px."""


@dataclass(frozen=True)
class Region:
    """The items that share an id, by their type."""

    id: str
    items: dict[str, Json]

    @property
    def text(self) -> str:
        """Its text; several entries are joined with spaces."""
        return " ".join(self.items["textarea"]["value"]["text"])

    @property
    def labels(self) -> list[str]:
        """Its labels; empty if it has none."""
        labels: list[list[str]] = [
            item["value"][kind] for kind, item in self.items.items() if kind.endswith("labels")
        ]
        return labels[0] if labels else []

    @property
    def box(self) -> Box:
        """The upright box around it."""
        item = next(iter(self.items.values()))
        width, height = item["original_width"], item["original_height"]
        corners = _corners(item["value"], width, height)
        across, down = [x for x, _ in corners], [y for _, y in corners]
        return min(across), min(down), max(across), max(down)


def regions_of(result: Sequence[Json]) -> list[Region]:
    """The regions of a result, in the order of their first items."""
    regions: dict[str, Region] = {}
    for item in result:
        regions.setdefault(item["id"], Region(item["id"], {})).items[item["type"]] = item
    return list(regions.values())


def overlap(first: Box, second: Box) -> float:
    """Intersection over union (0..1) of two boxes."""
    intersection = (
        max(first[0], second[0]),
        max(first[1], second[1]),
        min(first[2], second[2]),
        min(first[3], second[3]),
    )
    shared = _area(intersection)
    return shared / (_area(first) + _area(second) - shared)


def _area(box: Box) -> float:
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])


def _corners(value: Json, width: float, height: float) -> list[tuple[float, float]]:
    """In px; `value` is in percent, its rotation in degrees clockwise around the top left corner."""
    if "points" in value:
        return [(x * width / 100, y * height / 100) for x, y in value["points"]]
    left, top = value["x"] * width / 100, value["y"] * height / 100
    along, down = value["width"] * width / 100, value["height"] * height / 100
    turn = radians(value["rotation"])
    return [
        (left + x * cos(turn) - y * sin(turn), top + x * sin(turn) + y * cos(turn))
        for x, y in ((0, 0), (along, 0), (along, down), (0, down))
    ]
