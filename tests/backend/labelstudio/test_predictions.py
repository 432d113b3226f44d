from dataclasses import replace

import pytest

from fake_reader import line
from ocr_backend.config.settings import Settings
from ocr_backend.labelstudio.label_config import ControlTag, ControlTags, PageTextTag
from ocr_backend.labelstudio.label_config_xml import Repeater
from ocr_backend.labelstudio.predictions import ImagePages, Page, model_version, prediction
from ocr_backend.ocr_types import Line, LoadedModel

SIZE = (200, 100)
RECTANGLE = ControlTags(
    "image",
    "$image",
    False,
    ControlTag("bbox", "rectangle"),
    ControlTag("label", "labels"),
    ControlTag("transcription", "textarea"),
    "Text",
)
GEOMETRY = {"x": 5.0, "y": 20.0, "width": 15.0, "height": 10.0, "rotation": 0.0}


def control_tags_with(
    shape: ControlTag, labels: ControlTag | None = None, label: str | None = "Text", several: bool = False
) -> ControlTags:
    return ControlTags("page", "$scan", several, shape, labels, ControlTag("words", "textarea"), label)


def results_of_one_line(control_tags: ControlTags) -> list[dict]:
    return prediction([ImagePages(control_tags, [Page(SIZE, [line("abc", 0.75)])])], 7, "v", 0.5)["result"]


def test_a_line_becomes_a_shape_a_label_and_a_text_with_the_same_id() -> None:
    task_prediction = prediction([ImagePages(RECTANGLE, [Page(SIZE, [line("abc", 0.75)])])], 7, "v1", 0.5)
    name = task_prediction["result"][0]["id"]
    base = {
        "id": name,
        "to_name": "image",
        "original_width": 200,
        "original_height": 100,
        "image_rotation": 0,
        "score": 0.75,
    }
    assert len(name) == 20
    assert task_prediction == {
        "result": [
            {**base, "from_name": "bbox", "type": "rectangle", "value": GEOMETRY},
            {**base, "from_name": "label", "type": "labels", "value": {**GEOMETRY, "labels": ["Text"]}},
            {
                **base,
                "from_name": "transcription",
                "type": "textarea",
                "value": {**GEOMETRY, "text": ["abc"]},
            },
        ],
        "score": 0.75,
        "model_version": "v1",
    }


@pytest.mark.parametrize(
    ("shape", "labels", "label", "types", "values"),
    [
        pytest.param(
            ControlTag("b", "rectanglelabels"),
            ControlTag("b", "rectanglelabels"),
            "Text",
            ["rectanglelabels", "textarea"],
            [{**GEOMETRY, "rectanglelabels": ["Text"]}, {**GEOMETRY, "text": ["abc"]}],
            id="RectangleLabels",
        ),
        pytest.param(
            ControlTag("b", "rectanglelabels"),
            ControlTag("b", "rectanglelabels"),
            None,
            ["rectanglelabels", "textarea"],
            [{**GEOMETRY, "rectanglelabels": []}, {**GEOMETRY, "text": ["abc"]}],
            id="RectangleLabels without the label",
        ),
        pytest.param(
            ControlTag("b", "rectangle"),
            None,
            None,
            ["rectangle", "textarea"],
            [GEOMETRY, {**GEOMETRY, "text": ["abc"]}],
            id="bare",
        ),
        pytest.param(
            ControlTag("b", "rectangle"),
            ControlTag("l", "labels"),
            None,
            ["rectangle", "textarea"],
            [GEOMETRY, {**GEOMETRY, "text": ["abc"]}],
            id="Labels without the label",
        ),
    ],
)
def test_the_results_have_the_types_of_the_control_tags(shape, labels, label, types, values) -> None:
    items = results_of_one_line(control_tags_with(shape, labels, label))
    assert [item["type"] for item in items] == types
    assert [item["value"] for item in items] == values


@pytest.mark.parametrize(
    ("shape", "labels", "types"),
    [
        pytest.param("polygon", ControlTag("l", "labels"), ["polygon", "labels", "textarea"], id="Polygon"),
        pytest.param(
            "polygonlabels",
            ControlTag("b", "polygonlabels"),
            ["polygonlabels", "textarea"],
            id="PolygonLabels",
        ),
    ],
)
def test_a_polygon_tag_gets_the_four_corners(shape: str, labels: ControlTag, types: list[str]) -> None:
    items = results_of_one_line(control_tags_with(ControlTag("b", shape), labels))
    assert [item["type"] for item in items] == types
    for item in items:
        assert item["value"]["points"] == [[5, 20], [20, 20], [20, 30], [5, 30]]
        assert "x" not in item["value"]


def test_lines_below_the_threshold_are_left_out_and_the_score_is_the_mean_of_the_rest() -> None:
    lines = [line("a", 0.9), line("b", 0.49999), line("c", 0.5)]
    task_prediction = prediction([ImagePages(RECTANGLE, [Page(SIZE, lines)])], 7, "v", 0.5)
    assert [item["value"]["text"] for item in task_prediction["result"] if item["type"] == "textarea"] == [
        ["a"],
        ["c"],
    ]
    assert task_prediction["score"] == 0.7


def test_an_image_without_text_has_an_empty_result_and_score_0() -> None:
    assert prediction([ImagePages(RECTANGLE, [Page(SIZE, [])])], 7, "v", 0.5) == {
        "result": [],
        "score": 0.0,
        "model_version": "v",
    }


def test_regions_of_several_pages_have_the_page_index_and_different_ids() -> None:
    pages = [Page(SIZE, [line("one")]), Page((50, 50), []), Page((400, 100), [line("three")])]
    task_prediction = prediction(
        [ImagePages(control_tags_with(ControlTag("b", "rectangle"), several=True), pages)], 7, "v", 0
    )
    assert [(item["item_index"], item["original_width"]) for item in task_prediction["result"]] == [
        (0, 200)
    ] * 2 + [(2, 400)] * 2
    assert len({item["id"] for item in task_prediction["result"]}) == 2


@pytest.mark.parametrize(("several", "indices"), [(True, {0}), (False, {None})])
def test_the_only_page_of_a_value_list_has_an_index(several: bool, indices: set[int | None]) -> None:
    control_tags = control_tags_with(ControlTag("b", "rectangle"), several=several)
    results = prediction([ImagePages(control_tags, [Page(SIZE, [line("t")])])], 7, "v", 0)["result"]
    assert {item.get("item_index") for item in results} == indices


def test_each_image_of_a_task_has_its_own_tag_names_and_ids() -> None:
    doc = replace(
        control_tags_with(ControlTag("b_{{idx}}", "rectangle"), ControlTag("l_{{idx}}", "labels")),
        image="page_{{idx}}",
        repeater=Repeater("$doc", "{{idx}}"),
    )
    images = [
        ImagePages(doc.at_index(index), [Page(SIZE, [line(text)])])
        for index, text in enumerate(("one", "two"))
    ]
    results = prediction(images, 7, "v", 0)["result"]
    assert [(item["to_name"], item["from_name"]) for item in results] == [
        ("page_0", "b_0"),
        ("page_0", "l_0"),
        ("page_0", "words"),
        ("page_1", "b_1"),
        ("page_1", "l_1"),
        ("page_1", "words"),
    ]
    assert len({item["id"] for item in results}) == 2
    assert not any("item_index" in item for item in results)


def test_the_pages_of_each_image_are_numbered_from_0() -> None:
    pages = [Page(SIZE, [line("one")]), Page(SIZE, [line("two")])]
    several, single = (
        control_tags_with(ControlTag("b", "rectangle"), several=True),
        control_tags_with(ControlTag("b", "rectangle")),
    )
    results = prediction(
        [ImagePages(several, pages), ImagePages(several, pages), ImagePages(single, pages[:1])], 7, "v", 0
    )["result"]
    numbers = [item.get("item_index") for item in results if item["type"] == "rectangle"]
    assert numbers == [0, 1, 0, 1, None]
    assert len({item["id"] for item in results}) == 5


def test_region_ids_are_stable_and_unique_on_a_dense_page() -> None:
    page = [Page(SIZE, [line("same")] * 5000)]
    first, again = (prediction([ImagePages(RECTANGLE, page)], 7, "v", 0)["result"] for _ in range(2))
    assert first == again
    assert len({item["id"] for item in first}) == 5000
    other = prediction([ImagePages(RECTANGLE, page)], 8, "v", 0)["result"]
    assert not {item["id"] for item in first} & {item["id"] for item in other}


@pytest.mark.parametrize(("line_score", "region_score"), [(1.0000001, 1.0), (-0.1, 0.0)])
def test_a_score_is_limited_to_0_to_1(line_score: float, region_score: float) -> None:
    result = prediction(
        [ImagePages(RECTANGLE, [Page(SIZE, [Line(line("a").polygon, "a", line_score)])])], 1, "v", -1
    )["result"]
    assert result[0]["score"] == region_score


MODELS = [LoadedModel("detection", "d", "11"), LoadedModel("recognition", "r", "22")]


def test_the_version_names_the_models_and_is_equal_on_every_replica() -> None:
    version = model_version(Settings(language="en", model_type="mobile"), MODELS, "onnxruntime")
    assert version.startswith("PP-OCRv5-en-mobile-")
    assert version == model_version(
        Settings(language="en", model_type="mobile", threads=3, port=80), MODELS[::-1], "onnxruntime"
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
        ({"predicted_label": "Handwriting"}, MODELS),
        ({"bbox_from_name": "box"}, MODELS),
        ({"text_from_name": "words"}, MODELS),
        ({"label_from_name": "kinds"}, MODELS),
        ({"image_to_name": "scan"}, MODELS),
        ({"image_data_key": "scan"}, MODELS),
        ({"precision": "f32"}, MODELS),
        ({"pdf_dpi": 300}, MODELS),
        ({}, [MODELS[0], LoadedModel("recognition", "r", "33")]),
        ({}, [MODELS[0], LoadedModel("recognition", "other", "22")]),
    ],
)
def test_the_version_changes_with_everything_that_changes_predictions(changed: dict, models: list) -> None:
    version = model_version(Settings(), MODELS, "openvino")
    assert model_version(Settings(**changed), models, "openvino") != version


def test_the_version_changes_with_the_engine_and_only_openvino_has_a_choice_of_precision() -> None:
    versions = {engine: model_version(Settings(), MODELS, engine) for engine in ("onnxruntime", "openvino")}
    assert versions["onnxruntime"] != versions["openvino"]
    assert model_version(Settings(precision="f32"), MODELS, "onnxruntime") == versions["onnxruntime"]


def test_boxes_without_a_text_area_have_no_text() -> None:
    control_tags = replace(RECTANGLE, text=None)
    pages = [ImagePages(control_tags, [Page((100, 50), [line("a", 0.8)])])]
    (shape, label) = prediction(pages, 1, "v", 0.5)["result"]
    assert (shape["type"], label["type"]) == ("rectangle", "labels")


PAGE_TEXT = replace(RECTANGLE, shape=None, labels=None, label=None, text=None, page_text=PageTextTag("words"))


def test_without_boxes_the_text_of_all_pages_is_in_the_text_area_of_the_task() -> None:
    pages = [Page((100, 50), [line("a", 0.8), line("unsure", 0.1)]), Page((100, 50), [line("b", 0.6)])]
    task_prediction = prediction([ImagePages(PAGE_TEXT, pages)], 1, "v", 0.5)
    (text,) = task_prediction["result"]
    assert task_prediction["score"] == 0.7
    assert text == {
        "id": text["id"],
        "from_name": "words",
        "to_name": "image",
        "type": "textarea",
        "value": {"text": ["a\nb"]},
    }
    assert prediction([ImagePages(PAGE_TEXT, [Page((9, 9), ())])], 1, "v", 0.5)["result"] == []


def test_the_lines_of_a_row_are_parted_by_a_space_in_the_text_of_the_page() -> None:
    pages = [Page((100, 50), [line("a", 0.8), line("b", 0.8)])]
    (text,) = prediction([ImagePages(PAGE_TEXT, pages)], 1, "v", 0.5, lambda lines: [lines])["result"]
    assert text["value"] == {"text": ["a b"]}


def test_the_text_of_the_page_and_regions_have_different_ids() -> None:
    both = replace(RECTANGLE, page_text=PageTextTag("document", "doclang"))
    pages = [Page((100, 50), [line("a", 0.8)])]
    *region, text = prediction([ImagePages(both, pages)], 1, "v", 0.5)["result"]
    assert [result["from_name"] for result in region] == ["bbox", "label", "transcription"]
    assert text["value"]["text"][0].startswith("<doclang ")
    assert text["id"] not in {result["id"] for result in region}
