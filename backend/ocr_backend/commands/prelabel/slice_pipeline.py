"""Reads several slices of tasks in parallel and stores them one after the other.

Knows neither Label Studio nor the source of predictions. Keeps no record of what is done: Label Studio has
it, and the next run asks there, so a run may end at any moment.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from ocr_backend.commands.prelabel.prediction_store import Failure, PredictionStore, ReadTask
from ocr_backend.commands.prelabel.predictor import TaskPredictor
from ocr_backend.commands.prelabel.progress import Counters
from ocr_backend.commands.prelabel.task_filter import TaskRow
from ocr_backend.pipeline.predictor import TaskOutcome

_STORED_KEYS = ("result", "score", "model_version")

Outcomes = list[tuple[TaskRow, TaskOutcome]]


class SlicePipeline:
    """Reads and stores until the slices end or `stopping` is set, and updates `counters`.

    `unfinished` are the ids of tasks that it took but did not finish because it was stopped.
    """

    def __init__(
        self,
        predictor: TaskPredictor,
        store: PredictionStore,
        counters: Counters,
        on_failure: Callable[[Failure], None],
        stopping: threading.Event,
    ) -> None:
        self.unfinished: list[int] = []
        self._predictor = predictor
        self._store = store
        self._counters = counters
        self._on_failure = on_failure
        self._stopping = stopping
        self._pending: deque[tuple[Sequence[TaskRow], Future[list[TaskOutcome]]]] = deque()

    def run(self, slices: Iterable[Sequence[TaskRow]], parallel: int) -> None:
        """Processes the slices, and reads `parallel` of them at the same time.

        Raises:
            UnavailableError, UsageError: from the predictor, the store or the slices; what is stored stays.
        """
        with ThreadPoolExecutor(parallel, thread_name_prefix="slice") as threads:
            try:
                self._run(slices, parallel, threads)
            finally:
                self._predictor.stop()  # after an error, nobody needs what is still being read

    def _run(self, slices: Iterable[Sequence[TaskRow]], parallel: int, threads: ThreadPoolExecutor) -> None:
        for tasks in slices:
            if self._stopping.is_set():
                self.unfinished += [task.id for task in tasks]
                break
            self._submit(tasks, threads)
            # One slice more than threads, so that a thread that finishes has the next one at hand.
            self._finish_down_to(parallel, threads)
        self._finish_down_to(0, threads)

    def _finish_down_to(self, limit: int, threads: ThreadPoolExecutor) -> None:
        while len(self._pending) > limit:
            self._finish_first(threads)

    def _submit(self, tasks: Sequence[TaskRow], threads: ThreadPoolExecutor) -> None:
        self._pending.append((tasks, threads.submit(self._predictor.predict, tasks)))

    def _finish_first(self, threads: ThreadPoolExecutor) -> None:
        tasks, future = self._pending.popleft()
        outcomes = list(zip(tasks, future.result(), strict=True))
        late = [task for task, outcome in outcomes if _is_late(outcome)]
        has_progress = len(late) < len(tasks)  # without it, another request would not help
        failures = _failures(outcomes)
        if self._stopping.is_set():
            self.unfinished += [task.id for task in late]
        elif late and has_progress:
            self._submit(late, threads)
        else:
            failures += [_too_late(task) for task in late]
        self._store_outcomes(_read_tasks(outcomes), failures)

    def _store_outcomes(self, read: Sequence[ReadTask], failures: Sequence[Failure]) -> None:
        result = self._store.store(read, self._counters.remaining)
        for failure in (*failures, *result.failures):
            self._on_failure(failure)
        self._counters.stored += len(read) - len(result.failures) - result.skipped
        self._counters.failed += len(failures) + len(result.failures)
        self._counters.skipped += result.skipped


def _is_late(outcome: TaskOutcome) -> bool:
    return outcome.prediction is None and outcome.outcome == "late"


def _too_late(task: TaskRow) -> Failure:
    return Failure(task.id, "late", "it was not read within the request timeout")


def _failures(outcomes: Outcomes) -> list[Failure]:
    return [
        Failure(task.id, outcome.outcome, outcome.reason)
        for task, outcome in outcomes
        if outcome.prediction is None and not _is_late(outcome)
    ]


def _read_tasks(outcomes: Outcomes) -> list[ReadTask]:
    return [
        ReadTask(task, {key: outcome.prediction[key] for key in _STORED_KEYS if key in outcome.prediction})
        for task, outcome in outcomes
        if outcome.prediction is not None
    ]
