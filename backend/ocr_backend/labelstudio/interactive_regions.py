"""Interactive requests: finds the drawn regions without text, and returns them with their text.

Pure. Source: the context that Label Studio 1.23 sends to an interactive backend. Its frontend replaces each
region that comes back, so all results of a region are returned with the text.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

from ocr_backend.labelstudio.geometry import (
    Rectangle,
    Size,
    bounding_box,
    points_to_polygon,
    rectangle_to_polygon,
)
from ocr_backend.labelstudio.label_config import ControlTags
from ocr_backend.ocr_types import Line, Point, Polygon

Json = dict[str, Any]

_MAX_NUMBER = 1e12  # percent or degrees; larger than any drawing, and arithmetic stays finite (guess)
_GEOMETRY = ("x", "y", "width", "height", "rotation", "points", "closed")


@dataclass(frozen=True)
class DrawnRegion:
    """A drawn region without text: its results as they were sent, its Image tag, page index and shape.

    `shape` is in percent of the page as it is stored. `image_rotation` is by how many degrees the annotator
    has turned the image clockwise, a multiple of 90.
    """

    id: str
    image: str
    page_index: int
    results: tuple[Json, ...]
    shape: Rectangle | tuple[Point, ...]
    image_rotation: int = 0

    def polygon(self, size: Size) -> Polygon:
        """The corners in px, clockwise; the text begins at the first. Clipped to the image unless rotated.

        On an image that the annotator has turned, the text begins where it does on the screen.
        """
        corners = self._corners(size)
        start = -self.image_rotation // 90 % 4
        first, second, third, fourth = corners[start:] + corners[:start]
        return first, second, third, fourth

    def _corners(self, size: Size) -> Polygon:
        if not isinstance(self.shape, Rectangle):
            return bounding_box(points_to_polygon(self.shape, size), size)
        corners = rectangle_to_polygon(self.shape, size)
        if self.shape.rotation % 360 == 0 or _is_larger_than_the_image(corners, size):
            return bounding_box(corners, size)
        return corners


def regions_without_text(context: Json) -> list[DrawnRegion]:
    """The drawn regions that have no text yet, in the order in which they were drawn.

    Ignores everything that is not a box or polygon.
    """
    results_by_id: dict[str, list[Json]] = {}
    for result in context.get("result", []):
        if _is_result(result):
            results_by_id.setdefault(result["id"], []).append(result)
    regions = [_drawn_region(region_id, results) for region_id, results in results_by_id.items()]
    return [region for region in regions if region is not None]


def _is_result(result: object) -> bool:
    if not isinstance(result, dict):
        return False
    return isinstance(result.get("id"), str) and isinstance(result.get("value"), dict)


def _drawn_region(region_id: str, results: Sequence[Json]) -> DrawnRegion | None:
    shapes = [shape for result in results if (shape := _shape(result["value"])) is not None]
    image = results[0].get("to_name")
    if not shapes or not isinstance(image, str) or any(map(_has_text, results)):
        return None
    first = results[0]
    return DrawnRegion(
        region_id, image, _page_index(first), tuple(results), shapes[0], _image_rotation(first)
    )


def results_with_text(
    region: DrawnRegion, rows: Sequence[Sequence[Line]], control_tags: ControlTags, size: Size
) -> list[Json]:
    """The region's results and one with its text, one row below the other; empty without rows or TextArea."""
    text_tag = control_tags.text
    if not rows or text_tag is None:
        return []
    scores = [line.score for row in rows for line in row]
    first = region.results[0]
    value = next(result["value"] for result in region.results if _shape(result["value"]) is not None)
    text: Json = {
        "id": region.id,
        "from_name": text_tag.name,
        "to_name": control_tags.image,
        "type": text_tag.result_type,
        "original_width": size[0],
        "original_height": size[1],
        "image_rotation": first.get("image_rotation", 0),
        "score": round(sum(scores) / len(scores), 4),
        "value": {
            **{key: value[key] for key in _GEOMETRY if key in value},
            "text": ["\n".join(" ".join(line.text for line in row) for row in rows)],
        },
    }
    if "item_index" in first:
        text["item_index"] = first["item_index"]
    others = [result for result in region.results if result.get("type") != text_tag.result_type]
    return [*others, text]


def _shape(value: Json) -> Rectangle | tuple[Point, ...] | None:
    points = value.get("points")
    if isinstance(points, list):
        return _polygon_points(points)
    fields = [value.get(key) for key in ("x", "y", "width", "height")] + [value.get("rotation") or 0]
    numbers = [float(field) for field in fields if _is_number(field)]
    return Rectangle(*numbers) if len(numbers) == len(fields) else None


def _polygon_points(points: Sequence[object]) -> tuple[Point, ...] | None:
    pairs = [tuple(point) for point in points if isinstance(point, list) and len(point) == 2]
    is_polygon = len(pairs) >= 3 and all(_is_number(number) for pair in pairs for number in pair)
    return tuple((float(x), float(y)) for x, y in pairs) if is_polygon else None


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _MAX_NUMBER


def _has_text(result: Json) -> bool:
    text = result["value"].get("text")
    parts = text if isinstance(text, list) else [text]
    return any(isinstance(part, str) and part.strip() for part in parts)


def _page_index(result: Json) -> int:
    index = result.get("item_index")
    return index if isinstance(index, int) and index >= 0 else 0


def _image_rotation(result: Json) -> int:
    rotation = result.get("image_rotation")
    return round(rotation / 90) * 90 % 360 if _is_number(rotation) else 0


def _is_larger_than_the_image(corners: Polygon, size: Size) -> bool:
    """Whether cutting the region out would take more memory than the image; no annotator draws that."""
    width, height = math.dist(corners[0], corners[1]), math.dist(corners[0], corners[3])
    return width * height > size[0] * size[1] or math.hypot(width, height) > math.hypot(*size)
