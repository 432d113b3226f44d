import numpy as np
import pytest

from fake_reader import line
from ocr_backend.labelstudio.interactive_regions import with_text, without_text
from ocr_backend.labelstudio.label_config import ControlTags, Tag

CONTROLS = ControlTags(
    "image",
    "$image",
    False,
    Tag("bbox", "rectangle"),
    Tag("label", "labels"),
    Tag("transcription", "textarea"),
    "Text",
)
BOX = {"x": 10, "y": 20, "width": 30, "height": 40, "rotation": 0}
SIZE = (200, 100)


def item(kind: str = "rectangle", name: str = "DRAWN1", value: dict | None = None, **more) -> dict:
    return {
        "id": name,
        "from_name": "x",
        "to_name": "image",
        "type": kind,
        "original_width": 200,
        "original_height": 100,
        "image_rotation": 0,
        "value": BOX if value is None else value,
        "origin": "manual",
        **more,
    }


def text(content: object, name: str = "DRAWN1") -> dict:
    return item("textarea", name, {**BOX, "text": content})


def ids(*items: object) -> list[str]:
    return [drawing.id for drawing in without_text({"result": list(items)})]


@pytest.mark.parametrize(
    ("items", "wanted"),
    [
        pytest.param([], [], id="nothing drawn"),
        pytest.param([item()], ["DRAWN1"], id="a box"),
        pytest.param(
            [item("rectanglelabels", value={**BOX, "rectanglelabels": ["A"]})], ["DRAWN1"], id="with label"
        ),
        pytest.param(
            [item(), item("labels", value={**BOX, "labels": ["A"]})], ["DRAWN1"], id="box and label"
        ),
        pytest.param([item(), text(["typed"])], [], id="has text"),
        pytest.param([item(), text("typed")], [], id="has text that is no list"),
        pytest.param([item(), text(["  ", ""])], ["DRAWN1"], id="blank text"),
        pytest.param([item(name="a"), text(["t"], "a"), item(name="b")], ["b"], id="only the new one"),
        pytest.param([item(name="a"), item(name="b")], ["a", "b"], id="both without text, in order"),
        pytest.param([item("polygon", value={"points": [[0, 0], [9, 0], [9, 9]]})], ["DRAWN1"], id="polygon"),
        pytest.param([item("ellipse", value={"x": 1, "y": 2, "radiusX": 3, "radiusY": 4})], [], id="ellipse"),
        pytest.param([item("brush", value={"format": "rle", "rle": [1]})], [], id="brush"),
        pytest.param([item(to_name=None)], [], id="no image"),
        pytest.param([item(value={**BOX, "x": float("nan")})], [], id="not a number"),
        pytest.param([item(value={**BOX, "width": "wide"})], [], id="a text as width"),
        pytest.param([item(value={**BOX, "rotation": None})], ["DRAWN1"], id="no rotation"),
        pytest.param([item(value={"points": [[1, 2], [3, 4]]})], [], id="two points"),
        pytest.param([item(value={"points": [[1, 2], [3, "x"], [5, 6]]})], [], id="a text as point"),
        pytest.param(["text", None, {}, {"id": 3, "value": {}}, {"id": "x"}], [], id="no items at all"),
    ],
)
def test_the_regions_without_text_are_found(items: list, wanted: list[str]) -> None:
    assert ids(*items) == wanted


def test_the_text_comes_with_all_that_was_drawn() -> None:
    drawn = [item(), item("labels", value={**BOX, "labels": ["Stamp"]})]
    (drawing,) = without_text({"result": drawn})
    answered = with_text(drawing, [line("one", 0.75), line("two", 0.25)], CONTROLS, SIZE)
    assert answered == [
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
            "value": {**BOX, "text": ["one\ntwo"]},
        },
    ]


def test_an_empty_text_that_was_sent_is_replaced() -> None:
    (drawing,) = without_text({"result": [item(), text([""])]})
    answered = with_text(drawing, [line("new")], CONTROLS, SIZE)
    assert [one["value"].get("text") for one in answered] == [None, ["new"]]


def test_a_region_in_which_nothing_was_read_is_not_answered() -> None:
    (drawing,) = without_text({"result": [item()]})
    assert with_text(drawing, [], CONTROLS, SIZE) == []


def test_the_image_and_page_of_a_region_are_kept() -> None:
    (drawing,) = without_text({"result": [item(to_name="map", item_index=3)]})
    assert (drawing.image, drawing.page) == ("map", 3)
    assert with_text(drawing, [line("t")], CONTROLS, SIZE)[-1]["item_index"] == 3


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
def test_the_place_is_within_the_image(value: dict, polygon: tuple) -> None:
    (drawing,) = without_text({"result": [item(value=value)]})
    assert np.array(drawing.polygon(SIZE)) == pytest.approx(np.array(polygon))


def test_a_turned_box_keeps_its_corners() -> None:
    (drawing,) = without_text({"result": [item(value={**BOX, "x": 50, "rotation": 90})]})
    # 60 px along, downwards; 40 px across, to the left
    expected = ((100, 20), (100, 80), (60, 80), (60, 20))
    for corner, wanted in zip(drawing.polygon(SIZE), expected, strict=True):
        assert corner == pytest.approx(wanted)


@pytest.mark.parametrize(("width", "height"), [(1e9, 1e9), (110, 100), (1e9, 1e-9)])
def test_a_turned_box_that_is_larger_than_the_image_is_cut_to_it(width: float, height: float) -> None:
    (drawing,) = without_text(
        {"result": [item(value={**BOX, "width": width, "height": height, "rotation": 45})]}
    )
    assert all(0 <= x <= 200 and 0 <= y <= 100 for x, y in drawing.polygon(SIZE))


@pytest.mark.parametrize(
    "odd", [10**400, 1e300, float("inf"), float("nan")], ids=["10^400", "1e300", "inf", "nan"]
)
def test_a_number_beyond_all_images_is_no_place(odd: float) -> None:
    assert without_text({"result": [item(value={**BOX, "width": odd})]}) == []
