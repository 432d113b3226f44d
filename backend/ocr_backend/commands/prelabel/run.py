"""One run through the slices of a project: several are read at the same time, one after the other is stored.

Knows neither Label Studio nor where answers come from. Nothing is kept of what is done: Label Studio has it,
and the next run asks there, so a run may end at any moment.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from ocr_backend.commands.prelabel.prediction_store import Failure, PredictionStore, Read
from ocr_backend.commands.prelabel.predictor import TaskPredictor
from ocr_backend.commands.prelabel.progress import Counters
from ocr_backend.commands.prelabel.task_filter import Listed
from ocr_backend.pipeline.predictor import TaskOutcome

_STORED_KEYS = ("result", "score", "model_version")


class Run:
    """Reads and stores until the slices end or `stopping` is set; counts in `tally`.

    `unfinished` are the ids of tasks that were begun and left when it stopped.
    """

    def __init__(
        self,
        answering: TaskPredictor,
        store: PredictionStore,
        tally: Counters,
        failed: Callable[[Failure], None],
        stopping: threading.Event,
    ) -> None:
        self.unfinished: list[int] = []
        self._answering = answering
        self._store = store
        self._tally = tally
        self._failed = failed
        self._stopping = stopping
        self._begun: deque[tuple[Sequence[Listed], Future[list[TaskOutcome]]]] = deque()

    def through(self, slices: Iterable[Sequence[Listed]], parallel: int) -> None:
        """Goes through the slices, reading so many at the same time.

        Raises:
            GoneError, UsageError: as who answers, who stores, or the slices; what was stored stays.
        """
        with ThreadPoolExecutor(parallel, thread_name_prefix="slice") as threads:
            try:
                for tasks in slices:
                    if self._stopping.is_set():
                        self.unfinished += [task.id for task in tasks]
                        break
                    self._begin(tasks, threads)
                    # One more than are read: to be at hand when one of them is through.
                    while len(self._begun) > parallel:
                        self._finish(threads)
                while self._begun:
                    self._finish(threads)
            finally:
                self._answering.stop()  # what is still being read after an error is wanted by nobody

    def _begin(self, tasks: Sequence[Listed], threads: ThreadPoolExecutor) -> None:
        self._begun.append((tasks, threads.submit(self._answering.answers, tasks)))

    def _finish(self, threads: ThreadPoolExecutor) -> None:
        tasks, future = self._begun.popleft()
        answers = list(zip(tasks, future.result(), strict=True))
        read = [Read(task, _to_store(answer)) for task, answer in answers if answer.prediction is not None]
        failures = [
            Failure(task.id, answer.outcome, answer.reason)
            for task, answer in answers
            if answer.prediction is None and answer.outcome != "late"
        ]
        late = [task for task, answer in answers if answer.prediction is None and answer.outcome == "late"]
        if self._stopping.is_set():
            self.unfinished += [task.id for task in late]
        elif len(late) < len(tasks):  # it gets on, so asking again ends
            if late:
                self._begin(late, threads)
        else:
            failures += [
                Failure(task.id, "late", "it is not read within the time for a request") for task in late
            ]
        put = self._store.put(read, self._tally.left)
        for failure in (*failures, *put.failures):
            self._failed(failure)
        self._tally.stored += len(read) - len(put.failures) - put.skipped
        self._tally.failed += len(failures) + len(put.failures)
        self._tally.skipped += put.skipped


def _to_store(answer: TaskOutcome) -> dict[str, object]:
    prediction = answer.prediction or {}
    return {key: prediction[key] for key in _STORED_KEYS if key in prediction}
