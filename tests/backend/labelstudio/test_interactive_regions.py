import numpy as np
import pytest

from fake_reader import line
from ocr_backend.labelstudio.interactive_regions import regions_without_text, results_with_text
from ocr_backend.labelstudio.label_config import ControlTag, ControlTags

CONTROLS = ControlTags(
    "image",
    "$image",
    False,
    ControlTag("bbox", "rectangle"),
    ControlTag("label", "labels"),
    ControlTag("transcription", "textarea"),
    "Text",
)
BOX = {"x": 10, "y": 20, "width": 30, "height": 40, "rotation": 0}
SIZE = (200, 100)


def result(result_type: str = "rectangle", name: str = "DRAWN1", value: dict | None = None, **extra) -> dict:
    return {
        "id": name,
        "from_name": "x",
        "to_name": "image",
        "type": result_type,
        "original_width": 200,
        "original_height": 100,
        "image_rotation": 0,
        "value": BOX if value is None else value,
        "origin": "manual",
        **extra,
    }


def text(content: object, name: str = "DRAWN1") -> dict:
    return result("textarea", name, {**BOX, "text": content})


def ids(*results: object) -> list[str]:
    return [region.id for region in regions_without_text({"result": list(results)})]


@pytest.mark.parametrize(
    ("results", "region_ids"),
    [
        pytest.param([], [], id="nothing drawn"),
        pytest.param([result()], ["DRAWN1"], id="a box"),
        pytest.param(
            [result("rectanglelabels", value={**BOX, "rectanglelabels": ["A"]})], ["DRAWN1"], id="with label"
        ),
        pytest.param(
            [result(), result("labels", value={**BOX, "labels": ["A"]})], ["DRAWN1"], id="box and label"
        ),
        pytest.param([result(), text(["typed"])], [], id="has text"),
        pytest.param([result(), text("typed")], [], id="has text that is no list"),
        pytest.param([result(), text(["  ", ""])], ["DRAWN1"], id="blank text"),
        pytest.param([result(name="a"), text(["t"], "a"), result(name="b")], ["b"], id="only the new one"),
        pytest.param([result(name="a"), result(name="b")], ["a", "b"], id="both without text, in order"),
        pytest.param(
            [result("polygon", value={"points": [[0, 0], [9, 0], [9, 9]]})], ["DRAWN1"], id="polygon"
        ),
        pytest.param(
            [result("ellipse", value={"x": 1, "y": 2, "radiusX": 3, "radiusY": 4})], [], id="ellipse"
        ),
        pytest.param([result("brush", value={"format": "rle", "rle": [1]})], [], id="brush"),
        pytest.param([result(to_name=None)], [], id="no image"),
        pytest.param([result(value={**BOX, "x": float("nan")})], [], id="not a number"),
        pytest.param([result(value={**BOX, "width": "wide"})], [], id="a string as width"),
        pytest.param([result(value={**BOX, "rotation": None})], ["DRAWN1"], id="no rotation"),
        pytest.param([result(value={"points": [[1, 2], [3, 4]]})], [], id="two points"),
        pytest.param([result(value={"points": [[1, 2], [3, "x"], [5, 6]]})], [], id="a string as point"),
        pytest.param(["text", None, {}, {"id": 3, "value": {}}, {"id": "x"}], [], id="no results"),
    ],
)
def test_the_regions_without_text_are_found(results: list, region_ids: list[str]) -> None:
    assert ids(*results) == region_ids


def test_a_region_is_returned_with_its_results_and_its_text() -> None:
    drawn = [result(), result("labels", value={**BOX, "labels": ["Stamp"]})]
    (region,) = regions_without_text({"result": drawn})
    returned = results_with_text(
        region, [[line("one", 0.75), line("more", 0.5)], [line("two", 0.25)]], CONTROLS, SIZE
    )
    assert returned == [
        *drawn,
        {
            "id": "DRAWN1",
            "from_name": "transcription",
            "to_name": "image",
            "type": "textarea",
            "original_width": 200,
            "original_height": 100,
            "image_rotation": 0,
            "score": 0.5,
            "value": {**BOX, "text": ["one more\ntwo"]},
        },
    ]


def test_an_empty_text_is_replaced() -> None:
    (region,) = regions_without_text({"result": [result(), text([""])]})
    returned = results_with_text(region, [[line("new")]], CONTROLS, SIZE)
    assert [result["value"].get("text") for result in returned] == [None, ["new"]]


def test_a_region_without_lines_is_not_returned() -> None:
    (region,) = regions_without_text({"result": [result()]})
    assert results_with_text(region, [], CONTROLS, SIZE) == []


def test_the_image_and_page_of_a_region_are_kept() -> None:
    (region,) = regions_without_text({"result": [result(to_name="map", item_index=3)]})
    assert (region.image, region.page_index) == ("map", 3)
    assert results_with_text(region, [[line("t")]], CONTROLS, SIZE)[-1]["item_index"] == 3


def test_the_text_of_a_region_on_a_rotated_page_is_rotated_too() -> None:
    (region,) = regions_without_text({"result": [result(image_rotation=90)]})
    assert results_with_text(region, [[line("t")]], CONTROLS, SIZE)[-1]["image_rotation"] == 90


@pytest.mark.parametrize(
    ("value", "polygon"),
    [
        pytest.param(BOX, ((20, 20), (80, 20), (80, 60), (20, 60)), id="level"),
        pytest.param(
            {**BOX, "x": -50, "width": 500}, ((0, 20), (200, 20), (200, 60), (0, 60)), id="beyond the image"
        ),
        pytest.param({**BOX, "width": -5}, ((10, 20), (20, 20), (20, 60), (10, 60)), id="drawn to the left"),
        pytest.param(
            {"points": [[10, 20], [40, 30], [30, 60]]}, ((20, 20), (80, 20), (80, 60), (20, 60)), id="polygon"
        ),
    ],
)
def test_an_upright_region_is_clipped_to_the_image(value: dict, polygon: tuple) -> None:
    (region,) = regions_without_text({"result": [result(value=value)]})
    assert np.array(region.polygon(SIZE)) == pytest.approx(np.array(polygon))


def test_a_rotated_box_keeps_its_corners() -> None:
    (region,) = regions_without_text({"result": [result(value={**BOX, "x": 50, "rotation": 90})]})
    # 60 px along, downwards; 40 px across, to the left
    expected = ((100, 20), (100, 80), (60, 80), (60, 20))
    for corner, expected_corner in zip(region.polygon(SIZE), expected, strict=True):
        assert corner == pytest.approx(expected_corner)


@pytest.mark.parametrize(
    ("image_rotation", "start"),
    [(0, (20, 20)), (90, (20, 60)), (180, (80, 60)), (270, (80, 20)), (-90, (80, 20)), ("x", (20, 20))],
)
def test_on_a_turned_image_the_text_begins_where_the_annotator_sees_it(image_rotation, start) -> None:
    (region,) = regions_without_text({"result": [result(image_rotation=image_rotation)]})
    corners = region.polygon(SIZE)
    assert corners[0] == pytest.approx(start)
    assert set(corners) == {(20, 20), (80, 20), (80, 60), (20, 60)}


@pytest.mark.parametrize(("width", "height"), [(1e9, 1e9), (110, 100), (1e9, 1e-9)])
def test_a_rotated_box_that_is_larger_than_the_image_is_clipped_to_it(width: float, height: float) -> None:
    (region,) = regions_without_text(
        {"result": [result(value={**BOX, "width": width, "height": height, "rotation": 45})]}
    )
    assert all(0 <= x <= 200 and 0 <= y <= 100 for x, y in region.polygon(SIZE))


@pytest.mark.parametrize(
    "number", [10**400, 1e300, float("inf"), float("nan")], ids=["10^400", "1e300", "inf", "nan"]
)
def test_a_region_with_a_number_out_of_range_is_ignored(number: float) -> None:
    assert regions_without_text({"result": [result(value={**BOX, "width": number})]}) == []
