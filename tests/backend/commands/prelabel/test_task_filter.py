"""The queries that find the tasks to read."""

import json
from typing import Any

import pytest

from ocr_backend.commands.prelabel.errors import UsageError
from ocr_backend.commands.prelabel.task_filter import Listed, Selection, Stored, checked_filter, given_filter

LABELLED = {"filter": "filter:tasks:total_annotations", "operator": "equal", "type": "Number", "value": 0}
ABOVE_7 = {"filter": "filter:tasks:id", "operator": "greater", "type": "Number", "value": 7}
WITHOUT_V = {
    "filter": "filter:tasks:predictions_model_versions",
    "operator": "not_contains",
    "type": "List",
    "value": ["v"],
}
WITHOUT_ANY = {"filter": "filter:tasks:total_predictions", "operator": "equal", "type": "Number", "value": 0}
AMONG = {"filter": "filter:tasks:id", "operator": "in_list", "type": "List", "value": [1, 2]}
OF_V, OF_W = Stored(5, "v"), Stored(6, "w")


def query(*items: dict[str, Any], conjunction: str = "and") -> dict[str, Any]:
    return {"filters": {"conjunction": conjunction, "items": list(items)}, "ordering": ["tasks:id"]}


@pytest.mark.parametrize(
    ("selection", "after", "among"),
    [
        pytest.param(Selection("v"), [ABOVE_7, WITHOUT_V], [AMONG, WITHOUT_V], id="all"),
        pytest.param(
            Selection("v", only_missing=True),
            [ABOVE_7, WITHOUT_ANY, WITHOUT_V],
            [AMONG, WITHOUT_ANY, WITHOUT_V],
            id="only missing",
        ),
        pytest.param(Selection("v", overwrite=True), [ABOVE_7], [AMONG], id="overwrite"),
        pytest.param(Selection("v", others=["xV2"]), [ABOVE_7], [AMONG], id="part of another's name"),
        pytest.param(
            Selection("v", others=["v", "w"]), [ABOVE_7, WITHOUT_V], [AMONG, WITHOUT_V], id="others"
        ),
        pytest.param(
            Selection("v", {"conjunction": "and", "items": [LABELLED]}),
            [LABELLED, ABOVE_7, WITHOUT_V],
            [AMONG, WITHOUT_V],
            id="filter",
        ),
    ],
)
def test_tasks_are_asked_for_by_what_they_lack(
    selection: Selection, after: list[Any], among: list[Any]
) -> None:
    assert selection.after(7) == query(*after)
    assert selection.among([1, 2]) == query(*among)


def test_each_part_of_a_filter_with_or_is_bound_to_the_ids() -> None:
    selection = Selection("v", {"conjunction": "or", "items": [LABELLED, WITHOUT_ANY]})
    bound = [{**LABELLED, "child_filter": ABOVE_7}, {**WITHOUT_ANY, "child_filter": ABOVE_7}]
    assert selection.after(7) == query(*bound, conjunction="or")


@pytest.mark.parametrize(
    ("selection", "needs", "wants_done", "wants_other"),
    [
        pytest.param(Selection("v"), False, False, True, id="all"),
        pytest.param(Selection("v", others=["v2"]), True, False, True, id="part of another's name"),
        pytest.param(Selection("v", overwrite=True), True, True, True, id="overwrite"),
    ],
)
def test_tasks_with_exactly_this_version_are_done(
    selection: Selection, needs: bool, wants_done: bool, wants_other: bool
) -> None:
    assert selection.needs_predictions is needs
    assert selection.wants(Listed(1, {}, (OF_W, OF_V))) is wants_done
    assert selection.wants(Listed(1, {}, (OF_W,))) is wants_other


def test_the_oldest_prediction_of_a_version_comes_first() -> None:
    task = Listed(1, {}, (Stored(9, "v"), OF_V, OF_W, Stored(7, "v")))
    assert task.of_version("v") == (5, 7, 9)


def test_a_filter_is_a_view_or_json() -> None:
    assert given_filter(" 3 ") == 3
    assert given_filter(json.dumps({"items": [LABELLED]})) == {"conjunction": "and", "items": [LABELLED]}


def test_a_filter_without_conditions_finds_everything() -> None:
    assert checked_filter({"conjunction": "or", "items": []}) == {"conjunction": "and", "items": []}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("views", "neither the id of a view nor JSON", id="no JSON"),
        pytest.param("[]", "not of the form", id="list"),
        pytest.param('{"items": [{"filter": "x"}]}', "not of the form", id="half an item"),
        pytest.param('{"conjunction": "xor", "items": []}', "must be", id="conjunction"),
        pytest.param(
            json.dumps({"conjunction": "or", "items": [{**LABELLED, "child_filter": ABOVE_7}]}),
            "child filters",
            id="or with children",
        ),
    ],
)
def test_other_filters_are_refused(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        given_filter(text)
