"""Label Studio's flat list of result items, put together as the regions that its page shows.

Knows the result format only; the tests of the backend with Label Studio use it.
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
        """Its text; several entries are joined by a space."""
        return " ".join(self.items["textarea"]["value"]["text"])

    @property
    def labels(self) -> list[str]:
        """Its labels, none if it has no label."""
        found: list[list[str]] = [
            item["value"][kind] for kind, item in self.items.items() if kind.endswith("labels")
        ]
        return found[0] if found else []

    @property
    def box(self) -> Box:
        """The upright box around it."""
        item = next(iter(self.items.values()))
        width, height = item["original_width"], item["original_height"]
        corners = _corners(item["value"], width, height)
        across, down = [x for x, _ in corners], [y for _, y in corners]
        return min(across), min(down), max(across), max(down)


def regions_of(result: Sequence[Json]) -> list[Region]:
    """The regions of a result, in the order in which their ids come first."""
    regions: dict[str, Region] = {}
    for item in result:
        regions.setdefault(item["id"], Region(item["id"], {})).items[item["type"]] = item
    return list(regions.values())


def overlap(one: Box, other: Box) -> float:
    """Area that both boxes have, as a part (0..1) of the area that either has."""
    both = (max(one[0], other[0]), max(one[1], other[1]), min(one[2], other[2]), min(one[3], other[3]))
    shared = _area(both)
    return shared / (_area(one) + _area(other) - shared)


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
