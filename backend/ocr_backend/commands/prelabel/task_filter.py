"""Which tasks of a project are to be read, as the queries that Label Studio's task list understands.

Pure. Source of the form: Label Studio 1.23, "Data manager filters" and data_manager/managers.py. Ids are
walked through upwards, never by page numbers: what is stored on the way changes which tasks a filter finds,
and numbered pages would then leave some out.
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
class Stored:
    """A prediction that Label Studio has."""

    id: int
    version: str


@dataclass(frozen=True)
class Listed:
    """A task as Label Studio lists it; what was not asked for is empty."""

    id: int
    data: Json
    predictions: tuple[Stored, ...] = ()

    def of_version(self, version: str) -> tuple[int, ...]:
        """The ids of its predictions of exactly this version, the oldest first."""
        return tuple(sorted(one.id for one in self.predictions if one.version == version))


@dataclass(frozen=True)
class Selection:
    """The tasks to read: those of the `given` filter that lack what the mode asks for.

    By default a task lacks a prediction of `version`; with `only_missing` any prediction; with `overwrite` no
    task is left out. `others` are the versions that the project has: Label Studio's filter finds a version
    also as a part of another's name, so where it is one, all tasks are looked through here.
    """

    version: str
    given: Json | None = None
    only_missing: bool = False
    overwrite: bool = False
    others: Collection[str] = ()

    @property
    def is_told_by_filter(self) -> bool:
        """Whether Label Studio's filter can tell the version from all others."""
        # SQLite compares without regard to case, PostgreSQL with it.
        return not any(
            self.version.lower() in other.lower() for other in self.others if other != self.version
        )

    @property
    def needs_predictions(self) -> bool:
        """Whether tasks must be listed with their predictions, which are large."""
        return self.overwrite or not self.is_told_by_filter

    def wants(self, task: Listed) -> bool:
        """Whether a task that was listed as `needs_predictions` says is to be read."""
        return self.overwrite or not task.of_version(self.version)

    def after(self, task_id: int) -> Json:
        """Query for the ids above one; where the given filter has "or", also of tasks that are done."""
        above = _item("id", "greater", "Number", task_id)
        given: Sequence[Json] = self.given["items"] if self.given else []
        if self.given and self.given["conjunction"] == "or":
            return _query([{**item, "child_filter": above} for item in given], "or")
        return _query([*given, above, *self._lacking()])

    def among(self, ids: Sequence[int]) -> Json:
        """Query for those of some tasks that still lack it."""
        return _query([_item("id", "in_list", "List", list(ids)), *self._lacking()])

    def _lacking(self) -> list[Json]:
        if self.overwrite:
            return []
        conditions = [_item("total_predictions", "equal", "Number", 0)] if self.only_missing else []
        return conditions + ([without(self.version)] if self.is_told_by_filter else [])


def without(version: str) -> Json:
    """The condition that a task has no prediction with this in its version's name."""
    return _item("predictions_model_versions", "not_contains", "List", [version])


def everything() -> Json:
    """Query for all tasks of a project."""
    return _query([])


def lacking(version: str) -> Json:
    """Query for the tasks without a prediction with this in its version's name."""
    return _query([without(version)])


def with_several(after: int) -> Json:
    """Query for the tasks above an id that have more than one prediction, of whatever version."""
    return _query(
        [_item("id", "greater", "Number", after), _item("total_predictions", "greater", "Number", 1)]
    )


def given_filter(text: str) -> int | Json:
    """What --filter says: the id of a view, or a filter in Label Studio's own form.

    Raises:
        UsageError: neither.
    """
    if text.strip().isdecimal():
        return int(text)
    try:
        return checked_filter(json.loads(text))
    except ValueError as error:
        raise UsageError(f"--filter is neither the id of a view nor JSON such as {_EXAMPLE}") from error


def checked_filter(given: object) -> Json:
    """The filter, if it has Label Studio's form.

    Raises:
        UsageError: it has another, or combines what cannot be combined.
    """
    items = given.get("items") if isinstance(given, dict) else None
    if not isinstance(given, dict) or not isinstance(items, list) or not all(map(_is_item, items)):
        raise UsageError(f"the filter {json.dumps(given)[:200]} is not of the form {_EXAMPLE}")
    conjunction = given.get("conjunction", "and")
    if conjunction not in ("and", "or"):
        raise UsageError(f'the filter\'s "conjunction" is {conjunction!r}; it must be "and" or "or"')
    if conjunction == "or" and any(item.get("child_filter") for item in items):
        raise UsageError('a filter with "or" cannot have child filters here; split it into several')
    # A filter with "or" and no items would find nothing in place of everything.
    return {"conjunction": conjunction if items else "and", "items": items}


def _is_item(item: object) -> bool:
    return isinstance(item, dict) and {"filter", "operator", "type", "value"} <= item.keys()


def _item(column: str, operator: str, kind: str, value: object) -> Json:
    return {"filter": f"filter:tasks:{column}", "operator": operator, "type": kind, "value": value}


def _query(items: Sequence[Json], conjunction: str = "and") -> Json:
    return {"filters": {"conjunction": conjunction, "items": list(items)}, "ordering": ["tasks:id"]}
