"""A project that is too large for one Retrieve: further presses read the remaining tasks."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from backend_process import running_backend
from label_studio_project import Json, Project

pytestmark = pytest.mark.labelstudio

TASKS = 300
READ_COUNT = 'ocr_stage_seconds_count{stage="read"}'


@pytest.fixture
def slow_backend_log(tmp_path: Path) -> Path:
    return tmp_path / "backend.log"


@pytest.fixture
def slow_backend(settings: dict[str, str], slow_backend_log: Path) -> Iterator[str]:
    """A backend that reads one image at a time and answers after a second: too early for all tasks."""
    with running_backend({**settings, "OCR_SLOTS": "1", "OCR_PREDICT_TIMEOUT": "1"}, slow_backend_log) as url:
        yield url


@pytest.fixture
def metric(slow_backend: str) -> Callable[[str], float]:
    """`metric(series)`: the sum of these series in the metrics of the backend."""

    def value(series: str) -> float:
        lines = requests.get(f"{slow_backend}/metrics", timeout=10).text.splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(series))

    return value


def test_repeated_retrieval_reads_each_task_once(
    project: Project,
    slow_backend: str,
    slow_backend_log: Path,
    word_image: Callable[[str], str],
    metric: Callable[[str], float],
    say: Callable[[str], None],
) -> None:
    tasks = project.add(*(word_image(f"No{number}") for number in range(TASKS)))
    project.connect(slow_backend)

    def count_unread() -> int:
        return TASKS - len(stored_predictions(project))

    unread_counts = []
    while count_unread():
        late_before = metric('ocr_tasks_total{outcome="late"}')
        project.retrieve_predictions()
        unread_counts.append(count_unread())
        assert metric('ocr_tasks_total{outcome="late"}') - late_before == unread_counts[-1]
        assert len(unread_counts) < 2 or unread_counts[-1] < unread_counts[-2], "no progress"

    assert len(unread_counts) > 1
    predictions = stored_predictions(project)
    assert sorted(prediction["task"] for prediction in predictions) == sorted(tasks)
    assert [prediction["task"] for prediction in predictions if not prediction["result"]] == []
    assert metric('ocr_tasks_total{outcome="read"}') == TASKS
    assert metric(READ_COUNT) == TASKS
    outcomes = re.findall(r"predict: \d+ tasks in \S+ s: (.*)", slow_backend_log.read_text())
    late_counts = [re.search(r"(\d+) late", counts) for counts in outcomes]
    assert [int(late[1]) if late else 0 for late in late_counts] == unread_counts
    say(f"{TASKS} tasks, unread after each Retrieve: {unread_counts}")


def stored_predictions(project: Project) -> list[Json]:
    """All predictions of the project."""
    predictions: list[Json] = project.api.call("GET", "predictions/", params={"project": project.id})
    return predictions
