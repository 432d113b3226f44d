"""A backend that reads new tasks when Label Studio says that they were created."""

import time
from collections.abc import Callable, Iterator

import pytest

from backend_process import running_backend
from label_studio_project import Project
from prelabel_results import prediction_counts

pytestmark = pytest.mark.labelstudio

TIMEOUT_SECONDS = 120


@pytest.fixture(scope="module")
def reading_backend(settings: dict[str, str]) -> Iterator[str]:
    with running_backend({**settings, "OCR_READ_NEW_TASKS": "true"}) as url:
        yield url


def wait_for_predictions(project: Project, tasks: list[int]) -> None:
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while 0 in prediction_counts(project, tasks):
        assert time.monotonic() < deadline, prediction_counts(project, tasks)
        time.sleep(0.2)


def test_new_tasks_are_read_without_duplicates(
    project: Project, reading_backend: str, word_image: Callable[[str], str]
) -> None:
    (old,) = project.add(word_image("OLD"))
    connection = project.connect(reading_backend)
    tasks = project.add(word_image("NEW"), word_image("ALSO"))
    wait_for_predictions(project, tasks)
    assert prediction_counts(project, [old]) == [0]
    project.retrieve_predictions()
    assert prediction_counts(project, [old, *tasks]) == [1, 1, 1]
    (prediction,) = project.predictions(tasks[0])
    assert prediction["model_version"] == connection["model_version"]
    assert [item["value"]["text"] for item in prediction["result"] if item["type"] == "textarea"] == [["NEW"]]
