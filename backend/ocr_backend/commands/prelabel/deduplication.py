"""Deletes duplicates: predictions of one version for one task, except the oldest.

Two runs that store the same task at the same moment create duplicates. Every run keeps the oldest, so the
clean-up is idempotent and any run may do it.
"""

from collections.abc import Iterator
from functools import partial

from ocr_backend.commands.prelabel.label_studio_client import LabelStudioClient
from ocr_backend.commands.prelabel.retry import Sleep, retry
from ocr_backend.commands.prelabel.task_filter import (
    TaskSelection,
    all_tasks,
    tasks_with_several_predictions,
    tasks_without_version,
)

_PAGE_SIZE = 20  # tasks; they are listed with their predictions, which are large


def delete_duplicates(client: LabelStudioClient, version: str, sleep: Sleep) -> int:
    """The number of deleted predictions; without duplicates this takes only three small requests.

    Raises:
        UnavailableError, UsageError: as `LabelStudioClient`.
    """
    deleted = 0
    if _may_have_duplicates(client, version, sleep):
        for prediction_id in _duplicates(client, version, sleep):
            retry(partial(client.delete_prediction, prediction_id), sleep)
            deleted += 1
    return deleted


def _duplicates(client: LabelStudioClient, version: str, sleep: Sleep) -> Iterator[int]:
    after = 0
    while True:
        query = tasks_with_several_predictions(after)
        tasks, _ = retry(partial(client.tasks, query, ("id", "predictions"), _PAGE_SIZE), sleep)
        if not tasks:
            return
        for task in tasks:
            yield from task.of_version(version)[1:]
        after = tasks[-1].id


def _may_have_duplicates(client: LabelStudioClient, version: str, sleep: Sleep) -> bool:
    versions = retry(client.model_versions, sleep)
    if not TaskSelection(version, project_versions=versions).is_filter_exact:
        return True  # the counts below would include other versions
    # Counts tasks without the version: of tasks with it, Label Studio counts one with two predictions twice.
    _, without_version = retry(partial(client.tasks, tasks_without_version(version), ("id",), 1), sleep)
    _, total = retry(partial(client.tasks, all_tasks(), ("id",), 1), sleep)
    return versions.get(version, 0) > total - without_version
