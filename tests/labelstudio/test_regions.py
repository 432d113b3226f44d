"""The tests' own parser of Label Studio's result format, checked with numbers computed by hand."""

from typing import Any

import pytest

from label_studio_regions import Region, overlap, regions_of


def item(kind: str, value: dict[str, Any], region: str = "r") -> dict[str, Any]:
    """One result item on an image of 200 x 100 px."""
    return {"id": region, "type": kind, "original_width": 200, "original_height": 100, "value": value}


@pytest.mark.parametrize(
    ("value", "box"),
    [
        pytest.param(
            {"x": 10, "y": 20, "width": 30, "height": 40, "rotation": 0}, (20, 20, 80, 60), id="upright"
        ),
        # 60 px wide and 40 px high, rotated clockwise around (20, 20)
        pytest.param(
            {"x": 10, "y": 20, "width": 30, "height": 40, "rotation": 90}, (-20, 20, 20, 80), id="rotated"
        ),
        pytest.param({"points": [[10, 20], [40, 30], [30, 60]]}, (20, 20, 80, 60), id="polygon"),
    ],
)
def test_a_box_encloses_its_shape(value: dict[str, Any], box: tuple[float, ...]) -> None:
    assert Region("r", {"any": item("any", value)}).box == pytest.approx(box)


def test_items_with_the_same_id_are_one_region() -> None:
    items = [item("rectangle", {}, "b"), item("rectangle", {}, "a"), item("textarea", {"text": ["x"]}, "b")]
    assert [(region.id, list(region.items)) for region in regions_of(items)] == [
        ("b", ["rectangle", "textarea"]),
        ("a", ["rectangle"]),
    ]


@pytest.mark.parametrize(
    ("other", "ratio"),
    [
        pytest.param((0, 0, 2, 2), 1, id="same"),
        pytest.param((1, 0, 3, 2), 1 / 3, id="half of each"),
        pytest.param((5, 5, 6, 6), 0, id="apart"),
    ],
)
def test_overlap_is_the_intersection_over_the_union(other: tuple[float, ...], ratio: float) -> None:
    assert overlap((0, 0, 2, 2), other) == pytest.approx(ratio)
