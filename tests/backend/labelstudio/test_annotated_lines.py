"""What an annotator did with the lines of a prediction."""

import pytest

from annotation_events import Json, edited, predicted, region
from fake_reader import line
from ocr_backend.labelstudio.annotated_lines import count_lines
from ocr_backend.labelstudio.events import Annotation
from ocr_backend.labelstudio.label_config import ControlTag, ControlTags
from ocr_backend.labelstudio.predictions import ImagePages, Page, prediction
from ocr_backend.labelstudio.region_ids import object_id

OLD, NEW = "PP-OCRv5-ch-server-0000000000", "PP-OCRv6-ch-small-1111111111"
LINE = predicted(1, NEW, "Total 1250")


def counts(
    *regions: list[Json], prediction: list[Json] | None = None, model_version: str = ""
) -> dict[tuple[str, str], int]:
    result = [item for items in regions for item in items]
    return dict(count_lines(Annotation(result, prediction or [], model_version=model_version), NEW))


@pytest.mark.parametrize(
    ("line", "outcome"),
    [
        pytest.param(LINE, "accepted", id="untouched"),
        # Label Studio leaves the origin as it is when the text of a region is edited.
        pytest.param(edited(LINE, "Total 1260"), "changed", id="text edited"),
        pytest.param(edited(LINE, None), "changed", id="text removed"),
        pytest.param(edited(LINE, "Total 1250", "prediction-changed"), "changed", id="box moved"),
        pytest.param(region("DRAWN1", "Signed", "manual"), "added", id="drawn"),
        pytest.param(region(LINE[0]["id"], "Total 1250", None), "accepted", id="without an origin"),
    ],
)
def test_a_line_counts_once(line: list[Json], outcome: str) -> None:
    assert counts(predicted(2, NEW, "x"), predicted(3, NEW, "y"), line) == (
        {("accepted", NEW): 3} if outcome == "accepted" else {("accepted", NEW): 2, (outcome, NEW): 1}
    )


@pytest.mark.parametrize(
    "items",
    [
        pytest.param(region("DRAWN1", None, "manual"), id="a box without text"),
        pytest.param(
            [{"id": object_id(7), "type": "textarea", "value": {"text": ["page"]}, "origin": "manual"}],
            id="the text of the page",
        ),
        pytest.param([{"type": "relation", "from_id": "a", "to_id": "b"}, {"id": 5}], id="no regions"),
        pytest.param([{"id": LINE[0]["id"], "type": "rectangle", "value": "odd"}], id="an odd value"),
    ],
)
def test_other_items_are_no_lines(items: list[Json]) -> None:
    assert counts(items) == {}


@pytest.mark.parametrize(("model_version", "counted_for"), [("", "other"), (OLD, "other"), (NEW, NEW)])
def test_of_other_ids_the_origin_decides(model_version: str, counted_for: str) -> None:
    accepted, changed = region("a1B2", "abc"), region("a1B3", "abd", "prediction-changed")
    # A predicted box whose text a person wrote.
    written = [
        {**item, "origin": "manual"} if item["type"] == "textarea" else item for item in region("c", "x")
    ]
    assert counts(accepted, changed, written, model_version=model_version) == {
        ("accepted", counted_for): 1,
        ("changed", counted_for): 2,
    }


def test_lines_of_an_older_version_count_as_other() -> None:
    line = predicted(1, OLD, "abc")
    assert counts(line, edited(predicted(2, OLD, "abd"), "x")) == {
        ("accepted", "other"): 1,
        ("changed", "other"): 1,
    }


def test_added_lines_belong_to_the_version_of_most_lines() -> None:
    drawn = region("DRAWN1", "Signed", "manual")
    assert counts(predicted(1, OLD, "a"), predicted(2, NEW, "b"), predicted(3, NEW, "c"), drawn) == {
        ("accepted", "other"): 1,
        ("accepted", NEW): 2,
        ("added", NEW): 1,
    }
    assert counts(drawn) == {("added", "other"): 1}


def test_deleted_lines_are_counted_if_the_prediction_is_known() -> None:
    first, second, foreign = predicted(1, NEW, "a"), predicted(2, NEW, "b"), region("x", "c")
    assert counts(first) == {("accepted", NEW): 1}
    assert counts(first, prediction=[*first, *second, *foreign]) == {
        ("accepted", NEW): 1,
        ("deleted", NEW): 1,
        ("deleted", "other"): 1,
    }


@pytest.mark.parametrize("text", [ControlTag("transcription", "textarea"), None], ids=["text", "boxes only"])
@pytest.mark.parametrize("shape", ["rectangle", "polygonlabels"])
def test_a_prediction_is_accepted_as_it_is(shape: str, text: ControlTag | None) -> None:
    tags = ControlTags("image", "$image", False, ControlTag("box", shape), None, text, "Text")
    page = Page((200, 100), [line("Total 1250", 0.9), line("日本", 0.8)])
    result = prediction([ImagePages(tags, [page])], 7, NEW, 0.5)["result"]
    assert dict(count_lines(Annotation(result, result), NEW)) == {("accepted", NEW): 2}


def test_a_text_in_several_parts_is_changed() -> None:
    line = [{**item, "value": {**item["value"]}} for item in LINE]
    line[2]["value"]["text"] = ["Total", "1250"]
    assert counts(line) == {("changed", NEW): 1}
