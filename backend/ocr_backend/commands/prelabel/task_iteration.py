"""Iterates over the tasks to read, slice by slice in ascending order of their ids.

Holds one page of ids and one slice of tasks in memory, however large the project is.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TypeVar

from ocr_backend.commands.prelabel.label_studio_client import LabelStudioClient
from ocr_backend.commands.prelabel.prediction_store import list_tasks
from ocr_backend.commands.prelabel.progress import Counters
from ocr_backend.commands.prelabel.retry import Sleep, retry
from ocr_backend.commands.prelabel.task_filter import TaskRow, TaskSelection

T = TypeVar("T")

_IDS_PER_PAGE = 200  # Label Studio loads the predictions of each listed task, requested or not (seen)
_MAX_IDS_PER_PAGE = 1000


@dataclass(frozen=True)
class Shard:
    """The tasks whose id modulo `count` is `index`."""

    index: int = 0
    count: int = 1

    def contains(self, task_id: int) -> bool:
        """Whether the task with this id belongs to the shard."""
        return task_id % self.count == self.index


@dataclass(frozen=True)
class TaskIterator:
    """Lists the selected tasks of a project, and counts in `counters` those that are already done."""

    client: LabelStudioClient
    selection: TaskSelection
    counters: Counters
    sleep: Sleep

    def slices(self, shard: Shard, size: int, after: int) -> Iterator[list[TaskRow]]:
        """The tasks of a shard with a higher id than `after`, at most `size` at a time, listed on demand.

        Sets the total in `counters`; if other shards share the work, the total is an estimate.

        Raises:
            UnavailableError, UsageError: as `LabelStudioClient`.
            RefusedError: Label Studio refuses the filter.
        """
        for ids in _batches(self._ids(shard, after), size):
            load = partial(list_tasks, self.client, self.selection, ids, ("id", "data"))
            tasks = retry(load, self.sleep)
            self.counters.skipped += len(ids) - len(tasks)
            if tasks:
                yield tasks

    def _ids(self, shard: Shard, after: int) -> Iterator[int]:
        page_size = min(_IDS_PER_PAGE * shard.count, _MAX_IDS_PER_PAGE)
        while True:
            load = partial(self.client.tasks, self.selection.after(after), ("id",), page_size)
            rows, total = retry(load, self.sleep)
            if not self.counters.total:
                self.counters.total = round(total / shard.count)
            if not rows:
                return
            # A filter on annotations lists a task once for each of them.
            yield from filter(shard.contains, dict.fromkeys(row.id for row in rows))
            after = rows[-1].id


def _batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
