"""The queries that find the tasks to read."""

import json
from typing import Any

import pytest

from ocr_backend.commands.prelabel.errors import UsageError
from ocr_backend.commands.prelabel.task_filter import (
    StoredPrediction,
    TaskRow,
    TaskSelection,
    parse_filter,
    validate_filter,
)

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
OF_V, OF_W = StoredPrediction(5, "v"), StoredPrediction(6, "w")


def query(*items: dict[str, Any], conjunction: str = "and") -> dict[str, Any]:
    return {"filters": {"conjunction": conjunction, "items": list(items)}, "ordering": ["tasks:id"]}


@pytest.mark.parametrize(
    ("selection", "after", "among"),
    [
        pytest.param(TaskSelection("v"), [ABOVE_7, WITHOUT_V], [AMONG, WITHOUT_V], id="all"),
        pytest.param(
            TaskSelection("v", only_missing=True),
            [ABOVE_7, WITHOUT_ANY, WITHOUT_V],
            [AMONG, WITHOUT_ANY, WITHOUT_V],
            id="only missing",
        ),
        pytest.param(TaskSelection("v", overwrite=True), [ABOVE_7], [AMONG], id="overwrite"),
        pytest.param(
            TaskSelection("v", project_versions=["xV2"]),
            [ABOVE_7],
            [AMONG],
            id="substring of another version",
        ),
        pytest.param(
            TaskSelection("v", project_versions=["v", "w"]),
            [ABOVE_7, WITHOUT_V],
            [AMONG, WITHOUT_V],
            id="other versions",
        ),
        pytest.param(
            TaskSelection("v", {"conjunction": "and", "items": [LABELLED]}),
            [LABELLED, ABOVE_7, WITHOUT_V],
            [AMONG, WITHOUT_V],
            id="filter",
        ),
    ],
)
def test_queries_select_tasks_without_a_prediction(
    selection: TaskSelection, after: list[Any], among: list[Any]
) -> None:
    assert selection.after(7) == query(*after)
    assert selection.among([1, 2]) == query(*among)


def test_each_condition_of_an_or_filter_is_limited_to_the_ids() -> None:
    selection = TaskSelection("v", {"conjunction": "or", "items": [LABELLED, WITHOUT_ANY]})
    bound = [{**LABELLED, "child_filter": ABOVE_7}, {**WITHOUT_ANY, "child_filter": ABOVE_7}]
    assert selection.after(7) == query(*bound, conjunction="or")


@pytest.mark.parametrize(
    ("selection", "needs", "includes_done", "includes_other"),
    [
        pytest.param(TaskSelection("v"), False, False, True, id="all"),
        pytest.param(
            TaskSelection("v", project_versions=["v2"]), True, False, True, id="substring of another version"
        ),
        pytest.param(TaskSelection("v", overwrite=True), True, True, True, id="overwrite"),
    ],
)
def test_tasks_with_exactly_this_version_are_skipped(
    selection: TaskSelection, needs: bool, includes_done: bool, includes_other: bool
) -> None:
    assert selection.needs_predictions is needs
    assert selection.includes(TaskRow(1, {}, (OF_W, OF_V))) is includes_done
    assert selection.includes(TaskRow(1, {}, (OF_W,))) is includes_other


def test_the_oldest_prediction_of_a_version_comes_first() -> None:
    task = TaskRow(1, {}, (StoredPrediction(9, "v"), OF_V, OF_W, StoredPrediction(7, "v")))
    assert task.of_version("v") == (5, 7, 9)


def test_a_filter_is_a_view_id_or_json() -> None:
    assert parse_filter(" 3 ") == 3
    assert parse_filter(json.dumps({"items": [LABELLED]})) == {"conjunction": "and", "items": [LABELLED]}


def test_a_filter_without_conditions_matches_everything() -> None:
    assert validate_filter({"conjunction": "or", "items": []}) == {"conjunction": "and", "items": []}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("views", "must be the id of a view, or JSON", id="not JSON"),
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
def test_invalid_filters_are_refused(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_filter(text)
