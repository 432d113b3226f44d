"""Queries of Label Studio's task list that find the tasks to read.

Pure. Source of the format: Label Studio 1.23, "Data manager filters" and data_manager/managers.py. Tasks are
paged by ascending id, not by page number: predictions stored on the way change which tasks a filter matches,
and numbered pages would then skip some.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from ocr_backend.commands.prelabel.errors import UsageError

Json = dict[str, Any]

_EXAMPLE = (
    '{"conjunction": "and", "items": [{"filter": "filter:tasks:total_annotations", "operator": "equal", '
    '"type": "Number", "value": 0}]}'
)


@dataclass(frozen=True)
class StoredPrediction:
    """A prediction in Label Studio."""

    id: int
    version: str


@dataclass(frozen=True)
class TaskRow:
    """A task as Label Studio lists it; fields that were not requested are empty."""

    id: int
    data: Json
    predictions: tuple[StoredPrediction, ...] = ()

    def of_version(self, version: str) -> tuple[int, ...]:
        """The ids of its predictions of exactly this version, the oldest first."""
        return tuple(sorted(stored.id for stored in self.predictions if stored.version == version))


@dataclass(frozen=True)
class TaskSelection:
    """The tasks to read: those that match `user_filter` and lack a prediction.

    By default a task lacks a prediction of `version`; with `only_missing`, any prediction; with `overwrite`,
    every task is read. `project_versions` are the versions of the project's predictions: Label Studio's
    filter matches substrings of a version, so if one contains another, the predictions are compared here.
    """

    version: str
    user_filter: Json | None = None
    only_missing: bool = False
    overwrite: bool = False
    project_versions: Collection[str] = ()

    @property
    def is_filter_exact(self) -> bool:
        """Whether Label Studio's filter can distinguish the version from all others."""
        # SQLite ignores case in comparisons, PostgreSQL does not.
        version = self.version.lower()
        return not any(version in other.lower() for other in self.project_versions if other != self.version)

    @property
    def needs_predictions(self) -> bool:
        """Whether tasks must be listed with their predictions, which are large."""
        return self.overwrite or not self.is_filter_exact

    def includes(self, task: TaskRow) -> bool:
        """Whether to read a task, which was listed with predictions if `needs_predictions`."""
        return self.overwrite or not task.of_version(self.version)

    def after(self, task_id: int) -> Json:
        """Query for higher ids; if the user's filter has "or", it also matches tasks that are done."""
        is_after = _condition("id", "greater", "Number", task_id)
        conditions: Sequence[Json] = self.user_filter["items"] if self.user_filter else []
        if self.user_filter and self.user_filter["conjunction"] == "or":
            return _query([{**condition, "child_filter": is_after} for condition in conditions], "or")
        return _query([*conditions, is_after, *self._missing_prediction()])

    def among(self, ids: Sequence[int]) -> Json:
        """Query for those of these tasks that still lack a prediction."""
        return _query([_condition("id", "in_list", "List", list(ids)), *self._missing_prediction()])

    def _missing_prediction(self) -> list[Json]:
        if self.overwrite:
            return []
        conditions = [_condition("total_predictions", "equal", "Number", 0)] if self.only_missing else []
        return conditions + ([_without_version(self.version)] if self.is_filter_exact else [])


def all_tasks() -> Json:
    """Query for all tasks of a project."""
    return _query([])


def tasks_without_version(version: str) -> Json:
    """Query for tasks that have no prediction whose version contains this text."""
    return _query([_without_version(version)])


def tasks_with_several_predictions(after: int) -> Json:
    """Query for tasks with a higher id and more than one prediction of any version."""
    is_after = _condition("id", "greater", "Number", after)
    return _query([is_after, _condition("total_predictions", "greater", "Number", 1)])


def parse_filter(text: str) -> int | Json:
    """The value of --filter: the id of a view, or a filter in Label Studio's format.

    Raises:
        UsageError: it is neither.
    """
    if text.strip().isdecimal():
        return int(text)
    try:
        return validate_filter(json.loads(text))
    except ValueError as error:
        raise UsageError(f"--filter must be the id of a view, or JSON such as {_EXAMPLE}") from error


def validate_filter(value: object) -> Json:
    """The filter, if it has Label Studio's format.

    Raises:
        UsageError: it does not, or it combines conditions that cannot be combined.
    """
    items = value.get("items") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(items, list) or not all(map(_is_condition, items)):
        raise UsageError(f"the filter {json.dumps(value)[:200]} is not of the form {_EXAMPLE}")
    conjunction = value.get("conjunction", "and")
    if conjunction not in ("and", "or"):
        raise UsageError(f'the filter\'s "conjunction" is {conjunction!r}; it must be "and" or "or"')
    if conjunction == "or" and any(item.get("child_filter") for item in items):
        raise UsageError('a filter with "or" must not have child filters; split it into several filters')
    # A filter with "or" and no conditions would match nothing instead of everything.
    return {"conjunction": conjunction if items else "and", "items": items}


def _is_condition(item: object) -> bool:
    return isinstance(item, dict) and {"filter", "operator", "type", "value"} <= item.keys()


def _without_version(version: str) -> Json:
    return _condition("predictions_model_versions", "not_contains", "List", [version])


def _condition(column: str, operator: str, value_type: str, value: object) -> Json:
    return {"filter": f"filter:tasks:{column}", "operator": operator, "type": value_type, "value": value}


def _query(conditions: Sequence[Json], conjunction: str = "and") -> Json:
    filters = {"conjunction": conjunction, "items": list(conditions)}
    return {"filters": filters, "ordering": ["tasks:id"]}
