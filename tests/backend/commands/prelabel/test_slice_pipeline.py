"""The slice pipeline: what runs in parallel, what is requested again, and what a stop leaves."""

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from ocr_backend.commands.prelabel.errors import UnavailableError
from ocr_backend.commands.prelabel.prediction_store import Failure, ReadTask, StoreResult
from ocr_backend.commands.prelabel.progress import Counters
from ocr_backend.commands.prelabel.slice_pipeline import SlicePipeline
from ocr_backend.commands.prelabel.task_filter import TaskRow
from ocr_backend.pipeline.predictor import TaskOutcome

READ = TaskOutcome("read", {"result": [], "score": 0.5, "model_version": "v", "of_another_server": 1})
LATE = TaskOutcome("late", reason="not in time")
BROKEN = TaskOutcome("broken", reason="no image")


class FakePredictor:
    """A predictor whose outcomes come from a function of the task id."""

    version = "v"

    def __init__(self, outcome_of: Callable[[int], TaskOutcome]) -> None:
        self.requested: list[list[int]] = []
        self.is_stopped = False
        self._outcome_of = outcome_of

    def predict(self, tasks: Sequence[TaskRow]) -> list[TaskOutcome]:
        self.requested.append([task.id for task in tasks])
        return [self._outcome_of(task.id) for task in tasks]

    def stop(self) -> None:
        self.is_stopped = True


class FakeStore:
    """Records what is stored, instead of Label Studio; other tests use the real one."""

    def __init__(self, is_unavailable: bool = False) -> None:
        self.stored_ids: list[int] = []
        self.bodies: list[dict[str, Any]] = []
        self._is_unavailable = is_unavailable

    def store(self, tasks: Sequence[ReadTask], remaining: int) -> StoreResult:
        if self._is_unavailable:
            raise UnavailableError("unavailable")
        self.stored_ids += [task.task.id for task in tasks]
        self.bodies += [task.to_request() for task in tasks]
        return StoreResult([], 0)


class Setup:
    """A pipeline with its collaborators."""

    def __init__(self, outcome_of: Callable[[int], TaskOutcome], store: FakeStore | None = None) -> None:
        self.predictor, self.store = FakePredictor(outcome_of), store or FakeStore()
        self.counters, self.failures, self.stopping = Counters(), list[Failure](), threading.Event()
        self.pipeline = SlicePipeline(
            self.predictor, self.store, self.counters, self.failures.append, self.stopping
        )  # type: ignore[arg-type]


def slices(*slices_of_ids: Sequence[int]) -> Iterator[list[TaskRow]]:
    return ([TaskRow(number, {}) for number in ids] for ids in slices_of_ids)


def test_slices_are_stored_in_order() -> None:
    setup = Setup(lambda number: READ)
    setup.pipeline.run(slices([1, 2], [3], [4, 5]), parallel=2)
    assert setup.store.stored_ids == [1, 2, 3, 4, 5]
    assert setup.counters == Counters(stored=5)
    assert setup.predictor.is_stopped


def test_only_the_fields_of_label_studio_are_stored() -> None:
    setup = Setup(lambda number: READ)
    setup.pipeline.run(slices([1]), parallel=1)
    assert setup.store.bodies == [{"task": 1, "result": [], "score": 0.5, "model_version": "v"}]


def test_an_unreadable_task_is_a_failure_and_the_others_are_stored() -> None:
    setup = Setup(lambda number: BROKEN if number == 2 else READ)
    setup.pipeline.run(slices([1, 2, 3]), parallel=1)
    assert setup.failures == [Failure(2, "broken", "no image")]
    assert setup.store.stored_ids == [1, 3]
    assert setup.counters == Counters(stored=2, failed=1)


def test_late_tasks_are_requested_again() -> None:
    requested_before: set[int] = set()

    def answer(number: int) -> TaskOutcome:
        is_late = number > 1 and number not in requested_before
        requested_before.add(number)
        return LATE if is_late else READ

    setup = Setup(answer)
    setup.pipeline.run(slices([1, 2, 3]), parallel=1)
    assert setup.predictor.requested == [[1, 2, 3], [2, 3]]
    assert setup.counters == Counters(stored=3)


def test_a_slice_without_progress_fails() -> None:
    setup = Setup(lambda number: LATE if number > 1 else READ)
    setup.pipeline.run(slices([1, 2, 3]), parallel=1)
    assert setup.predictor.requested == [[1, 2, 3], [2, 3]]
    assert [failure.outcome for failure in setup.failures] == ["late", "late"]


def test_only_a_few_slices_are_in_memory() -> None:
    setup = Setup(lambda number: READ)
    ahead: list[int] = []

    def counted() -> Iterator[list[TaskRow]]:
        for number in range(1, 101):
            ahead.append(number - len(setup.store.stored_ids))
            yield [TaskRow(number, {})]

    setup.pipeline.run(counted(), parallel=3)
    assert max(ahead) <= 3 + 1
    assert setup.counters.stored == 100


def test_a_stop_stores_what_was_read_and_lists_the_rest() -> None:
    setup = Setup(lambda number: LATE if setup.stopping.is_set() and number > 2 else READ)

    def stopped_after_two() -> Iterator[list[TaskRow]]:
        yield [TaskRow(1, {}), TaskRow(2, {})]
        setup.stopping.set()
        yield [TaskRow(3, {}), TaskRow(4, {})]

    setup.pipeline.run(stopped_after_two(), parallel=1)
    assert setup.store.stored_ids == [1, 2]
    assert setup.pipeline.unfinished == [3, 4]
    assert setup.failures == []


def test_late_tasks_after_a_stop_are_neither_requested_again_nor_failures() -> None:
    def answer(number: int) -> TaskOutcome:
        if number == 2:
            setup.stopping.set()
        return LATE if number >= 2 else READ

    setup = Setup(answer)
    setup.pipeline.run(slices([1, 2, 3]), parallel=1)
    assert setup.predictor.requested == [[1, 2, 3]]
    assert setup.store.stored_ids == [1]
    assert setup.pipeline.unfinished == [2, 3]
    assert setup.failures == []


def test_an_error_stops_the_predictor() -> None:
    setup = Setup(lambda number: READ, FakeStore(is_unavailable=True))
    with pytest.raises(UnavailableError):
        setup.pipeline.run(slices([1], [2], [3]), parallel=1)
    assert setup.predictor.is_stopped
    assert setup.counters.stored == 0
