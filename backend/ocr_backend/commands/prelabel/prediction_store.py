"""Stores predictions so that no task gets two of the same version, whatever fails on the way.

Label Studio does not prevent duplicates. Therefore the store asks which tasks still lack a prediction before
it sends anything, and again after an error that left open whether a request was executed. `deduplication`
removes what two runs stored at the same moment.
"""

import logging
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from ocr_backend.commands.prelabel.errors import RefusedError, UnavailableError
from ocr_backend.commands.prelabel.import_strategy import ImportStrategy
from ocr_backend.commands.prelabel.label_studio_client import LabelStudioClient
from ocr_backend.commands.prelabel.retry import Sleep, retry
from ocr_backend.commands.prelabel.task_filter import Json, TaskRow, TaskSelection

logger = logging.getLogger(__name__)

_IDS_PER_QUERY = 200  # with more, some web servers refuse the URL (limit of 4 kB)
_SETTLE_SECONDS = 3.0  # for a request to take effect whose connection broke (guess)


@dataclass(frozen=True)
class Failure:
    """A task without a prediction, and why."""

    task: int
    outcome: str
    reason: str


@dataclass(frozen=True)
class StoreResult:
    """The refused predictions, and how many tasks were deleted or done by another run meanwhile."""

    failures: list[Failure]
    skipped: int


@dataclass(frozen=True)
class ReadTask:
    """A task that was read, and its prediction as Label Studio stores it."""

    task: TaskRow
    prediction: Json

    def to_request(self) -> Json:
        """Body of the request that stores the prediction."""
        return {"task": self.task.id, **self.prediction}


class PredictionStore:
    """Stores the predictions of one project. `now()` is a monotonic clock in seconds."""

    def __init__(
        self,
        client: LabelStudioClient,
        selection: TaskSelection,
        strategy: ImportStrategy,
        sleep: Sleep,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._version = selection.version
        self._may_replace = selection.overwrite
        self._missing = replace(selection, overwrite=False)
        self._strategy = strategy
        self._sleep = sleep
        self._now = now

    def store(self, tasks: Sequence[ReadTask], remaining: int) -> StoreResult:
        """Stores the predictions of these tasks; `remaining` tasks follow.

        Raises:
            UnavailableError: Label Studio does not answer; some predictions may be stored.
            UsageError: Label Studio refuses every request.
        """
        failures: list[Failure] = []
        new_tasks = []
        for task in tasks:
            old_ids = task.task.of_version(self._version) if self._may_replace else ()
            if old_ids:
                failures += self._replace(task, old_ids)
            else:
                new_tasks.append(task)
        missing = retry(partial(self._still_missing, new_tasks), self._sleep)
        failures += self._store_new(missing, remaining)
        return StoreResult(failures, len(new_tasks) - len(missing))

    def _still_missing(self, tasks: Sequence[ReadTask]) -> list[ReadTask]:
        if not tasks:
            return []
        ids = [task.task.id for task in tasks]
        missing_ids = {row.id for row in list_tasks(self._client, self._missing, ids)}
        return [task for task in tasks if task.task.id in missing_ids]

    def _store_new(self, tasks: Sequence[ReadTask], remaining: int) -> list[Failure]:
        try:
            return self._send(tasks, remaining)
        except UnavailableError as error:
            logger.warning("%s; checking in %.0f s what was stored", error, _SETTLE_SECONDS)
            self._sleep(_SETTLE_SECONDS)
            return retry(lambda: self._send(self._still_missing(tasks), remaining), self._sleep)

    def _send(self, tasks: Sequence[ReadTask], remaining: int) -> list[Failure]:
        if tasks and self._strategy.prefers_import(len(tasks), remaining):
            tasks = self._import(tasks)
        started = self._now()
        failures = [failure for task in tasks for failure in self._create(task)]
        self._strategy.record_singles(len(tasks), self._now() - started)
        return failures

    def _import(self, tasks: Sequence[ReadTask]) -> Sequence[ReadTask]:
        """The tasks that one import did not store: a refused one makes it fail for all, or is left out."""
        started = self._now()
        try:
            created = self._client.import_predictions([task.to_request() for task in tasks])
        except RefusedError:
            return tasks
        except UnavailableError:
            # Some gateways time out before Label Studio has finished.
            self._strategy.record_import(math.inf)
            raise
        self._strategy.record_import(self._now() - started)
        return [] if created == len(tasks) else self._still_missing(tasks)

    def _create(self, task: ReadTask) -> list[Failure]:
        try:
            self._client.create_prediction(task.to_request())
        except RefusedError as error:
            return [_refused(task, error)]
        return []

    def _replace(self, task: ReadTask, old_ids: Sequence[int]) -> list[Failure]:
        """Updates the oldest prediction in place, so that the task always has exactly one."""
        try:
            retry(partial(self._client.replace_prediction, old_ids[0], task.to_request()), self._sleep)
            for duplicate_id in old_ids[1:]:
                retry(partial(self._client.delete_prediction, duplicate_id), self._sleep)
        except RefusedError as error:
            return [_refused(task, error)]
        return []


def list_tasks(
    client: LabelStudioClient, selection: TaskSelection, ids: Sequence[int], include: Sequence[str] = ("id",)
) -> list[TaskRow]:
    """Those of these tasks that are still to be read, in the order of `ids` if these ascend."""
    if selection.needs_predictions:
        include = (*include, "predictions")
    tasks: list[TaskRow] = []
    for start in range(0, len(ids), _IDS_PER_QUERY):
        batch = ids[start : start + _IDS_PER_QUERY]
        tasks += client.tasks(selection.among(batch), include, len(batch))[0]
    return [task for task in tasks if selection.includes(task)]


def _refused(task: ReadTask, error: RefusedError) -> Failure:
    return Failure(task.task.id, "refused by Label Studio", str(error))
