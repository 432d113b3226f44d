"""What a person has drawn -> which regions want a text, and the answer that puts it there.

Pure. Source: the context that Label Studio 1.23 sends to an interactive backend; its page replaces each
region that comes back, so all of a region's results are sent back with the text.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

from ocr_backend.labelstudio.geometry import Rectangle, Size, points_to_polygon, rectangle_to_polygon, upright
from ocr_backend.labelstudio.label_config import ControlTags
from ocr_backend.ocr_types import Line, Point, Polygon

Json = dict[str, Any]

_FARTHEST = 1e12  # percent or degrees; no person draws so far, and arithmetic stays finite (guess)
_GEOMETRY = ("x", "y", "width", "height", "rotation", "points", "closed")


@dataclass(frozen=True)
class DrawnRegion:
    """A region without text: its results as they came, and its place in percent of a page of an Image tag."""

    id: str
    image: str
    page: int
    items: tuple[Json, ...]
    place: Rectangle | tuple[Point, ...]

    def polygon(self, size: Size) -> Polygon:
        """The corners in px, clockwise from where its text begins; inside the image unless it is turned."""
        if not isinstance(self.place, Rectangle):
            return upright(points_to_polygon(self.place, size), size)
        corners = rectangle_to_polygon(self.place, size)
        if self.place.rotation % 360 == 0 or _is_larger_than_the_image(corners, size):
            return upright(corners, size)
        return corners


def without_text(context: Json) -> list[DrawnRegion]:
    """The drawn regions that have no text yet, in the order in which they were drawn.

    Anything that is no box or polygon is passed over.
    """
    regions: dict[str, list[Json]] = {}
    for item in context.get("result", []):
        if isinstance(item, dict) and isinstance(item.get("id"), str) and isinstance(item.get("value"), dict):
            regions.setdefault(item["id"], []).append(item)
    drawings = []
    for name, items in regions.items():
        place = next((found for item in items if (found := _place(item["value"])) is not None), None)
        image = items[0].get("to_name")
        if place is not None and isinstance(image, str) and not any(map(_has_text, items)):
            drawings.append(DrawnRegion(name, image, _page(items[0]), tuple(items), place))
    return drawings


def with_text(drawing: DrawnRegion, lines: Sequence[Line], controls: ControlTags, size: Size) -> list[Json]:
    """The region's results and one for the text, its lines below each other; nothing where none were read."""
    if not lines:
        return []
    first = drawing.items[0]
    value = next(item["value"] for item in drawing.items if _place(item["value"]) is not None)
    text: Json = {
        "id": drawing.id,
        "from_name": controls.text.name,
        "to_name": controls.image,
        "type": controls.text.kind,
        "original_width": size[0],
        "original_height": size[1],
        "image_rotation": first.get("image_rotation", 0),
        "score": round(sum(line.score for line in lines) / len(lines), 4),
        "value": {
            **{key: value[key] for key in _GEOMETRY if key in value},
            "text": ["\n".join(line.text for line in lines)],
        },
    }
    if "item_index" in first:
        text["item_index"] = first["item_index"]
    kept = [item for item in drawing.items if item.get("type") != controls.text.kind]
    return [*kept, text]


def _place(value: Json) -> Rectangle | tuple[Point, ...] | None:
    points = value.get("points")
    if isinstance(points, list):
        pairs = [tuple(point) for point in points if isinstance(point, list) and len(point) == 2]
        is_sound = len(pairs) >= 3 and all(_is_number(number) for pair in pairs for number in pair)
        return tuple((float(x), float(y)) for x, y in pairs) if is_sound else None
    numbers = [value.get(key) for key in ("x", "y", "width", "height")] + [value.get("rotation") or 0]
    sound = [float(number) for number in numbers if _is_number(number)]
    return Rectangle(*sound) if len(sound) == len(numbers) else None


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _FARTHEST


def _has_text(item: Json) -> bool:
    text = item["value"].get("text")
    return any(
        isinstance(part, str) and part.strip() for part in (text if isinstance(text, list) else [text])
    )


def _page(item: Json) -> int:
    number = item.get("item_index")
    return number if isinstance(number, int) and number >= 0 else 0


def _is_larger_than_the_image(corners: Polygon, size: Size) -> bool:
    """Whether cutting it out would take more memory than the whole image; no person draws that."""
    along, down = math.dist(corners[0], corners[1]), math.dist(corners[0], corners[3])
    return along * down > size[0] * size[1] or math.hypot(along, down) > math.hypot(*size)
