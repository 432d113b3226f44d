from dataclasses import replace

import pytest

from fake_reader import line
from ocr_backend.config.settings import Settings
from ocr_backend.labelstudio.label_config import ControlTags, Tag
from ocr_backend.labelstudio.label_config_xml import Repeater
from ocr_backend.labelstudio.predictions import Page, model_version, prediction
from ocr_backend.ocr_types import Line, LoadedModel

SIZE = (200, 100)
RECTANGLE = ControlTags(
    "image",
    "$image",
    False,
    Tag("bbox", "rectangle"),
    Tag("label", "labels"),
    Tag("transcription", "textarea"),
    "Text",
)
PLACE = {"x": 5.0, "y": 20.0, "width": 15.0, "height": 10.0, "rotation": 0.0}


def controls(
    shape: Tag, labels: Tag | None = None, label: str | None = "Text", several: bool = False
) -> ControlTags:
    return ControlTags("page", "$scan", several, shape, labels, Tag("words", "textarea"), label)


def of_one_line(with_controls: ControlTags) -> list[dict]:
    return prediction([(with_controls, [Page(SIZE, [line("abc", 0.75)])])], 7, "v", 0.5)["result"]


def test_a_line_becomes_a_box_a_label_and_a_text_with_one_id() -> None:
    told = prediction([(RECTANGLE, [Page(SIZE, [line("abc", 0.75)])])], 7, "v1", 0.5)
    name = told["result"][0]["id"]
    base = {
        "id": name,
        "to_name": "image",
        "original_width": 200,
        "original_height": 100,
        "image_rotation": 0,
        "score": 0.75,
    }
    assert len(name) == 12
    assert told == {
        "result": [
            {**base, "from_name": "bbox", "type": "rectangle", "value": PLACE},
            {**base, "from_name": "label", "type": "labels", "value": {**PLACE, "labels": ["Text"]}},
            {**base, "from_name": "transcription", "type": "textarea", "value": {**PLACE, "text": ["abc"]}},
        ],
        "score": 0.75,
        "model_version": "v1",
    }


@pytest.mark.parametrize(
    ("shape", "labels", "label", "types", "values"),
    [
        pytest.param(
            Tag("b", "rectanglelabels"),
            Tag("b", "rectanglelabels"),
            "Text",
            ["rectanglelabels", "textarea"],
            [{**PLACE, "rectanglelabels": ["Text"]}, {**PLACE, "text": ["abc"]}],
            id="RectangleLabels",
        ),
        pytest.param(
            Tag("b", "rectanglelabels"),
            Tag("b", "rectanglelabels"),
            None,
            ["rectanglelabels", "textarea"],
            [{**PLACE, "rectanglelabels": []}, {**PLACE, "text": ["abc"]}],
            id="RectangleLabels without the label",
        ),
        pytest.param(
            Tag("b", "rectangle"),
            None,
            None,
            ["rectangle", "textarea"],
            [PLACE, {**PLACE, "text": ["abc"]}],
            id="bare",
        ),
        pytest.param(
            Tag("b", "rectangle"),
            Tag("l", "labels"),
            None,
            ["rectangle", "textarea"],
            [PLACE, {**PLACE, "text": ["abc"]}],
            id="Labels without the label",
        ),
    ],
)
def test_each_configuration_gets_its_types(shape, labels, label, types, values) -> None:
    items = of_one_line(controls(shape, labels, label))
    assert [item["type"] for item in items] == types
    assert [item["value"] for item in items] == values


@pytest.mark.parametrize(
    ("shape", "labels", "kinds"),
    [
        pytest.param("polygon", Tag("l", "labels"), ["polygon", "labels", "textarea"], id="Polygon"),
        pytest.param(
            "polygonlabels", Tag("b", "polygonlabels"), ["polygonlabels", "textarea"], id="PolygonLabels"
        ),
    ],
)
def test_a_polygon_tag_gets_the_four_corners(shape: str, labels: Tag, kinds: list[str]) -> None:
    items = of_one_line(controls(Tag("b", shape), labels))
    assert [item["type"] for item in items] == kinds
    for item in items:
        assert item["value"]["points"] == [[5, 20], [20, 20], [20, 30], [5, 30]]
        assert "x" not in item["value"]


def test_lines_below_the_threshold_are_left_out_and_the_score_is_the_mean_of_the_rest() -> None:
    lines = [line("a", 0.9), line("b", 0.49999), line("c", 0.5)]
    told = prediction([(RECTANGLE, [Page(SIZE, lines)])], 7, "v", 0.5)
    assert [item["value"]["text"] for item in told["result"] if item["type"] == "textarea"] == [["a"], ["c"]]
    assert told["score"] == 0.7


def test_an_image_without_text_has_an_empty_result_and_no_confidence() -> None:
    assert prediction([(RECTANGLE, [Page(SIZE, [])])], 7, "v", 0.5) == {
        "result": [],
        "score": 0.0,
        "model_version": "v",
    }


def test_regions_of_several_pages_say_which_and_have_ids_of_their_own() -> None:
    pages = [Page(SIZE, [line("one")]), Page((50, 50), []), Page((400, 100), [line("three")])]
    told = prediction([(controls(Tag("b", "rectangle"), several=True), pages)], 7, "v", 0)
    assert [(item["item_index"], item["original_width"]) for item in told["result"]] == [(0, 200)] * 2 + [
        (2, 400)
    ] * 2
    assert len({item["id"] for item in told["result"]}) == 2


def test_each_image_of_a_task_gets_its_own_names_and_ids() -> None:
    doc = replace(
        controls(Tag("b_{{idx}}", "rectangle"), Tag("l_{{idx}}", "labels")),
        image="page_{{idx}}",
        repeater=Repeater("$doc", "{{idx}}"),
    )
    images = [(doc.filled(0), [Page(SIZE, [line("one")])]), (doc.filled(1), [Page(SIZE, [line("two")])])]
    told = prediction(images, 7, "v", 0)["result"]
    assert [(item["to_name"], item["from_name"]) for item in told] == [
        ("page_0", "b_0"),
        ("page_0", "l_0"),
        ("page_0", "words"),
        ("page_1", "b_1"),
        ("page_1", "l_1"),
        ("page_1", "words"),
    ]
    assert len({item["id"] for item in told}) == 2
    assert not any("item_index" in item for item in told)


def test_the_pages_of_each_image_are_numbered_from_0() -> None:
    pages = [Page(SIZE, [line("one")]), Page(SIZE, [line("two")])]
    several, one = controls(Tag("b", "rectangle"), several=True), controls(Tag("b", "rectangle"))
    told = prediction([(several, pages), (several, pages), (one, pages[:1])], 7, "v", 0)["result"]
    numbers = [item.get("item_index") for item in told if item["type"] == "rectangle"]
    assert numbers == [0, 1, 0, 1, None]
    assert len({item["id"] for item in told}) == 5


def test_ids_are_the_same_each_time_and_unique_on_a_dense_page() -> None:
    page = [Page(SIZE, [line("same")] * 5000)]
    first, again = (prediction([(RECTANGLE, page)], 7, "v", 0)["result"] for _ in range(2))
    assert first == again
    assert len({item["id"] for item in first}) == 5000
    other = prediction([(RECTANGLE, page)], 8, "v", 0)["result"]
    assert not {item["id"] for item in first} & {item["id"] for item in other}


@pytest.mark.parametrize(("given_score", "told"), [(1.0000001, 1.0), (-0.1, 0.0)])
def test_a_score_is_within_what_label_studio_accepts(given_score: float, told: float) -> None:
    result = prediction([(RECTANGLE, [Page(SIZE, [Line(line("a").polygon, "a", given_score)])])], 1, "v", -1)[
        "result"
    ]
    assert result[0]["score"] == told


MODELS = [LoadedModel("detection", "d", "11"), LoadedModel("recognition", "r", "22")]


def test_the_version_names_the_models_and_is_the_same_on_every_replica() -> None:
    told = model_version(Settings(language="en", model_type="mobile"), MODELS)
    assert told.startswith("PP-OCRv5-en-mobile-")
    assert told == model_version(
        Settings(language="en", model_type="mobile", threads=3, port=80), MODELS[::-1]
    )


@pytest.mark.parametrize(
    ("changed", "models"),
    [
        ({"score_threshold": 0.6}, MODELS),
        ({"use_doc_orientation": True}, MODELS),
        ({"use_doc_unwarping": True}, MODELS),
        ({"use_textline_orientation": False}, MODELS),
        ({"model_type": "mobile"}, MODELS),
        ({"language": "japan"}, MODELS),
        ({"ocr_version": "PP-OCRv6"}, MODELS),
        ({}, [MODELS[0], LoadedModel("recognition", "r", "33")]),
        ({}, [MODELS[0], LoadedModel("recognition", "other", "22")]),
    ],
)
def test_the_version_changes_with_everything_that_changes_answers(changed: dict, models: list) -> None:
    assert model_version(Settings(**changed), models) != model_version(Settings(), MODELS)
