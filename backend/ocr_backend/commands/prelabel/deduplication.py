"""Takes away what is stored twice: predictions of one version for one task, beyond the oldest.

They come about when two runs store the same task in the same moment. Who looks last finds them all, and each
keeps the same one, so it does not matter who does it or how often.
"""

from collections.abc import Iterator
from functools import partial

from ocr_backend.commands.prelabel.label_studio_client import LabelStudioClient
from ocr_backend.commands.prelabel.retry import Pause, retry
from ocr_backend.commands.prelabel.task_filter import Selection, everything, lacking, with_several

_TASKS_AT_ONCE = 20  # they come with their predictions, which are large


def without_doubles(studio: LabelStudioClient, version: str, pause: Pause) -> int:
    """How many predictions had to be deleted; only three numbers are asked for where there is none.

    Raises:
        GoneError, UsageError: as `studio.LabelStudioClient`.
    """
    deleted = 0
    if _are_likely(studio, version, pause):
        for surplus in _surplus(studio, version, pause):
            retry(partial(studio.delete_prediction, surplus), pause)
            deleted += 1
    return deleted


def _surplus(studio: LabelStudioClient, version: str, pause: Pause) -> Iterator[int]:
    after = 0
    while True:
        query = with_several(after)
        found, _ = retry(partial(studio.tasks, query, ("id", "predictions"), _TASKS_AT_ONCE), pause)
        if not found:
            return
        for task in found:
            yield from task.of_version(version)[1:]
        after = found[-1].id


def _are_likely(studio: LabelStudioClient, version: str, pause: Pause) -> bool:
    versions = retry(studio.versions, pause)
    if not Selection(version, others=versions).is_told_by_filter:
        return True  # the numbers below would be those of other versions as well
    # Not the tasks with the version: of those Label Studio counts one with two predictions twice.
    _, without = retry(partial(studio.tasks, lacking(version), ("id",), 1), pause)
    _, tasks = retry(partial(studio.tasks, everything(), ("id",), 1), pause)
    return versions.get(version, 0) > tasks - without
