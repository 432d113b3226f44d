"""The tasks of a project that are to be read, slice by slice in the order of their ids.

Holds one page of ids and one slice of tasks at a time, however large the project is, for `running`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TypeVar

from ocr_backend.commands.prelabel.label_studio_client import LabelStudioClient
from ocr_backend.commands.prelabel.prediction_store import listed
from ocr_backend.commands.prelabel.progress import Counters
from ocr_backend.commands.prelabel.retry import Pause, retry
from ocr_backend.commands.prelabel.task_filter import Listed, Selection

T = TypeVar("T")

_IDS_AT_ONCE = 200  # for Label Studio each costs the predictions of its task as well, wanted or not (seen)
_MOST_IDS_AT_ONCE = 1000


@dataclass(frozen=True)
class Shard:
    """The tasks whose id leaves the rest `index` when divided by `of`."""

    index: int = 0
    of: int = 1

    def has(self, task_id: int) -> bool:
        """Whether the task with this id belongs to it."""
        return task_id % self.of == self.index


def slices(
    studio: LabelStudioClient,
    selection: Selection,
    share: Shard,
    size: int,
    after: int,
    tally: Counters,
    pause: Pause,
) -> Iterator[list[Listed]]:
    """The tasks above an id in slices of at most `size`, each asked for when it is wanted.

    Notes in `tally` how many there are, a guess where others share the work, and how many are done already.

    Raises:
        UnavailableError, UsageError: as `LabelStudioClient`. RefusedError: Label Studio refuses the filter.
    """
    ids = _ids(studio, selection, share, after, tally, pause)
    for wanted in _in_slices(ids, size):
        tasks = retry(partial(listed, studio, selection, wanted, ("id", "data")), pause)
        tally.skipped += len(wanted) - len(tasks)
        if tasks:
            yield tasks


def _ids(
    studio: LabelStudioClient, selection: Selection, share: Shard, after: int, tally: Counters, pause: Pause
) -> Iterator[int]:
    most = min(_IDS_AT_ONCE * share.of, _MOST_IDS_AT_ONCE)
    while True:
        found, total = retry(partial(studio.tasks, selection.after(after), ("id",), most), pause)
        if not tally.total:
            tally.total = round(total / share.of)
        if not found:
            return
        # A filter over annotations lists a task once for each of them.
        yield from (number for number in dict.fromkeys(task.id for task in found) if share.has(number))
        after = found[-1].id


def _in_slices(items: Iterable[T], size: int) -> Iterator[list[T]]:
    rest = iter(items)
    while piece := list(islice(rest, size)):
        yield piece
