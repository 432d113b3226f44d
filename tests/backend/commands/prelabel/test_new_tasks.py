"""New tasks that a server reads in the background: which are read, and what an error leaves."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from fake_reader import FakeReader
from label_studio_project import GUIDES_CONFIG
from ocr_backend.commands.prelabel.errors import UsageError
from ocr_backend.commands.prelabel.label_studio_client import Project
from ocr_backend.commands.prelabel.new_tasks import MAX_WAITING, NewTaskReader, NewTasks
from ocr_backend.commands.prelabel.task_filter import Json, StoredPrediction, TaskRow
from ocr_backend.pipeline.worker import Worker


class FakeClient:
    """Label Studio with the tasks of one project; the tests with Label Studio use the real one."""

    def __init__(self, url: str, ids: Sequence[int], config: str = GUIDES_CONFIG) -> None:
        self.stored: list[Json] = []
        self.is_closed = False
        self._url = url
        self._ids = ids
        self._config = config

    def project(self) -> Project:
        return Project("images", self._config, len(self._ids), len(self.stored))

    def model_versions(self) -> dict[str, int]:
        versions = [prediction["model_version"] for prediction in self.stored]
        return {version: versions.count(version) for version in versions}

    def tasks(self, query: Json, include: Sequence[str], limit: int) -> tuple[list[TaskRow], int]:
        done = {prediction["task"] for prediction in self.stored}
        conditions = query["filters"]["items"]
        ids = next((item["value"] for item in conditions if item["filter"].endswith(":id")), self._ids)
        is_missing = any("model_versions" in item["filter"] for item in conditions)
        rows = [self._row(number) for number in ids if number in self._ids]
        rows = [row for row in rows if not (is_missing and row.id in done)]
        return rows[:limit], len(rows)

    def _row(self, number: int) -> TaskRow:
        predictions = [item for item in self.stored if item["task"] == number]
        return TaskRow(
            number,
            {"image": self._url},
            tuple(StoredPrediction(item["task"], item["model_version"]) for item in predictions),
        )

    def import_predictions(self, predictions: Sequence[Json]) -> int:
        self.stored += predictions
        return len(predictions)

    def create_prediction(self, prediction: Json) -> None:
        self.stored.append(prediction)

    def close(self) -> None:
        self.is_closed = True


@pytest.fixture
def image(web: Any, png: Callable[..., bytes]) -> str:
    url: str = web.serve("/a.png", png())
    return url


@pytest.fixture
def worker(make_worker: Callable[..., Worker]) -> Worker:
    return make_worker(FakeReader())


def read(worker: Worker, client: FakeClient, *ids: int) -> None:
    NewTaskReader(worker, lambda project: client).read(NewTasks(12, ids))  # type: ignore[arg-type, return-value]


def test_only_the_new_tasks_are_read_and_each_once(worker: Worker, image: str) -> None:
    client = FakeClient(image, range(1, 200))
    read(worker, client, *range(10, 120))
    read(worker, client, *range(100, 122))
    assert [prediction["task"] for prediction in client.stored] == list(range(10, 122))
    assert {prediction["model_version"] for prediction in client.stored} == {worker.predictor.version}
    assert client.is_closed
    assert worker.is_ready


def test_a_task_that_was_deleted_meanwhile_is_left_out(worker: Worker, image: str) -> None:
    client = FakeClient(image, [1, 3])
    read(worker, client, 1, 2, 3)
    assert [prediction["task"] for prediction in client.stored] == [1, 3]


def test_an_image_that_cannot_be_read_is_logged(worker: Worker, web: Any, caplog) -> None:
    client = FakeClient(f"{web.url}/missing.png", [1])
    read(worker, client, 1)
    assert client.stored == []
    assert "project 12: task 1: unreachable" in caplog.text


@pytest.mark.parametrize("error", [UsageError("the token is refused"), None], ids=["token", "label config"])
def test_an_error_is_logged_and_the_next_event_is_read(
    worker: Worker, image: str, caplog, error: UsageError | None
) -> None:
    client = FakeClient(image, [1], "<View/>" if error is None else GUIDES_CONFIG)
    if error:

        def refuse() -> Project:
            raise error

        client.project = refuse  # type: ignore[method-assign]
    read(worker, client, 1)
    assert "project 12: new tasks are not read: " in caplog.text
    assert client.is_closed
    read(worker, FakeClient(image, [1]), 1)


def test_the_number_of_waiting_events_is_limited(worker: Worker) -> None:
    reader = NewTaskReader(worker)
    assert all(reader.add(12, [number]) for number in range(MAX_WAITING))
    assert not reader.add(12, [7])


def test_the_thread_reads_and_ends(worker: Worker, image: str) -> None:
    client = FakeClient(image, [1, 2])
    reader = NewTaskReader(worker, lambda project: client)  # type: ignore[arg-type, return-value]
    reader.add(12, [2, 1, 2])
    thread = reader.start()
    while not client.is_closed:
        thread.join(0.01)
    reader.stop()
    thread.join(30)
    assert not thread.is_alive()
    assert [prediction["task"] for prediction in client.stored] == [1, 2]
