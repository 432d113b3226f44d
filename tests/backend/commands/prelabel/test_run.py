"""One run: what is read at the same time, what is asked again, and what an end in between leaves."""

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from ocr_backend.commands.prelabel.errors import UnavailableError
from ocr_backend.commands.prelabel.prediction_store import Failure, Read, StoreResult
from ocr_backend.commands.prelabel.progress import Counters
from ocr_backend.commands.prelabel.run import Run
from ocr_backend.commands.prelabel.task_filter import Listed
from ocr_backend.pipeline.predictor import TaskOutcome

READ = TaskOutcome("read", {"result": [], "score": 0.5, "model_version": "v", "of_another_server": 1})
LATE = TaskOutcome("late", reason="not in time")
BROKEN = TaskOutcome("broken", reason="no image")


class TaskPredictor:
    """Answers as `answer` says; stands for the networks."""

    version = "v"

    def __init__(self, answer: Callable[[int], TaskOutcome]) -> None:
        self.asked: list[list[int]] = []
        self.is_stopped = False
        self._answer = answer

    def answers(self, tasks: Sequence[Listed]) -> list[TaskOutcome]:
        self.asked.append([task.id for task in tasks])
        return [self._answer(task.id) for task in tasks]

    def stop(self) -> None:
        self.is_stopped = True


class Storing:
    """Takes what is stored; stands for Label Studio, which the tests with the real one ask."""

    def __init__(self, gone: bool = False) -> None:
        self.put_ids: list[int] = []
        self.bodies: list[dict[str, Any]] = []
        self._gone = gone

    def put(self, read: Sequence[Read], left: int) -> StoreResult:
        if self._gone:
            raise UnavailableError("away")
        self.put_ids += [one.task.id for one in read]
        self.bodies += [one.to_store() for one in read]
        return StoreResult([], 0)


class Ran:
    """A run with what it had to do with."""

    def __init__(self, answer: Callable[[int], TaskOutcome], storing: Storing | None = None) -> None:
        self.answering, self.storing = TaskPredictor(answer), storing or Storing()
        self.tally, self.failures, self.stopping = Counters(), list[Failure](), threading.Event()
        self.run = Run(self.answering, self.storing, self.tally, self.failures.append, self.stopping)  # type: ignore[arg-type]


def slices(*ids: Sequence[int]) -> Iterator[list[Listed]]:
    return ([Listed(number, {}) for number in some] for some in ids)


def test_slices_are_stored_in_their_order() -> None:
    ran = Ran(lambda number: READ)
    ran.run.through(slices([1, 2], [3], [4, 5]), parallel=2)
    assert ran.storing.put_ids == [1, 2, 3, 4, 5]
    assert ran.tally == Counters(stored=5)
    assert ran.answering.is_stopped


def test_only_what_label_studio_knows_is_stored() -> None:
    ran = Ran(lambda number: READ)
    ran.run.through(slices([1]), parallel=1)
    assert ran.storing.bodies == [{"task": 1, "result": [], "score": 0.5, "model_version": "v"}]


def test_what_cannot_be_read_is_a_failure_and_its_neighbours_are_stored() -> None:
    ran = Ran(lambda number: BROKEN if number == 2 else READ)
    ran.run.through(slices([1, 2, 3]), parallel=1)
    assert ran.failures == [Failure(2, "broken", "no image")]
    assert ran.storing.put_ids == [1, 3]
    assert ran.tally == Counters(stored=2, failed=1)


def test_what_was_late_is_asked_again() -> None:
    seen: set[int] = set()

    def answer(number: int) -> TaskOutcome:
        is_late = number > 1 and number not in seen
        seen.add(number)
        return LATE if is_late else READ

    ran = Ran(answer)
    ran.run.through(slices([1, 2, 3]), parallel=1)
    assert ran.answering.asked == [[1, 2, 3], [2, 3]]
    assert ran.tally == Counters(stored=3)


def test_a_slice_of_which_nothing_is_in_time_is_not_asked_for_ever() -> None:
    ran = Ran(lambda number: LATE if number > 1 else READ)
    ran.run.through(slices([1, 2, 3]), parallel=1)
    assert ran.answering.asked == [[1, 2, 3], [2, 3]]
    assert [failure.outcome for failure in ran.failures] == ["late", "late"]


def test_only_a_few_slices_are_held_at_the_same_time() -> None:
    ran = Ran(lambda number: READ)
    ahead: list[int] = []

    def counted() -> Iterator[list[Listed]]:
        for number in range(1, 101):
            ahead.append(number - len(ran.storing.put_ids))
            yield [Listed(number, {})]

    ran.run.through(counted(), parallel=3)
    assert max(ahead) <= 3 + 1
    assert ran.tally.stored == 100


def test_a_stop_keeps_what_is_read_and_names_what_is_not() -> None:
    ran = Ran(lambda number: LATE if ran.stopping.is_set() and number > 2 else READ)

    def stopped_after_two() -> Iterator[list[Listed]]:
        yield [Listed(1, {}), Listed(2, {})]
        ran.stopping.set()
        yield [Listed(3, {}), Listed(4, {})]

    ran.run.through(stopped_after_two(), parallel=1)
    assert ran.storing.put_ids == [1, 2]
    assert ran.run.unfinished == [3, 4]
    assert ran.failures == []


def test_what_a_stop_leaves_unread_in_a_slice_is_neither_asked_again_nor_a_failure() -> None:
    def answer(number: int) -> TaskOutcome:
        if number == 2:
            ran.stopping.set()
        return LATE if number >= 2 else READ

    ran = Ran(answer)
    ran.run.through(slices([1, 2, 3]), parallel=1)
    assert ran.answering.asked == [[1, 2, 3]]
    assert ran.storing.put_ids == [1]
    assert ran.run.unfinished == [2, 3]
    assert ran.failures == []


def test_an_error_ends_the_reading_as_well() -> None:
    ran = Ran(lambda number: READ, Storing(gone=True))
    with pytest.raises(UnavailableError):
        ran.run.through(slices([1], [2], [3]), parallel=1)
    assert ran.answering.is_stopped
    assert ran.tally.stored == 0
