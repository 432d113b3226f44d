"""Reads new tasks in the background of a server, as the command reads those of a whole project.

Tasks that wait are in memory: those of a server that stops are left for the command or a Retrieve.
"""

import logging
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial

from ocr_backend.commands.prelabel.deduplication import delete_duplicates
from ocr_backend.commands.prelabel.errors import RefusedError, UnavailableError, UsageError
from ocr_backend.commands.prelabel.import_strategy import ImportStrategy
from ocr_backend.commands.prelabel.label_studio_client import LabelStudioClient, Project
from ocr_backend.commands.prelabel.prediction_store import Failure, PredictionStore, list_tasks
from ocr_backend.commands.prelabel.predictor import TaskPredictor, WorkerPredictor
from ocr_backend.commands.prelabel.progress import Counters
from ocr_backend.commands.prelabel.retry import retry
from ocr_backend.commands.prelabel.slice_pipeline import SlicePipeline
from ocr_backend.commands.prelabel.task_filter import TaskRow, TaskSelection
from ocr_backend.errors import LabelConfigError, NotReadyError
from ocr_backend.labelstudio.label_config import parse_label_config
from ocr_backend.pipeline.worker import Worker

logger = logging.getLogger(__name__)

MAX_WAITING = 100
"""Events that wait in a worker; each has at most 5,000 tasks (guess: hours of work)."""

_SLICE = 50  # tasks, as of the command
_IDLE_SECONDS = 1.0  # until the thread looks whether it should stop

_EXPECTED = (UsageError, RefusedError, UnavailableError, LabelConfigError, NotReadyError)

OpenClient = Callable[[int], LabelStudioClient]


@dataclass(frozen=True)
class NewTasks:
    """Tasks of one project, by their ids in ascending order."""

    project: int
    ids: Sequence[int]


class NewTaskReader:
    """Reads one event after the other with the worker's models; its thread ends with the process."""

    def __init__(self, worker: Worker, open_client: OpenClient | None = None) -> None:
        self._worker = worker
        self._open_client = open_client or partial(LabelStudioClient, worker.settings)
        self._waiting: queue.Queue[NewTasks] = queue.Queue(MAX_WAITING)
        self._stopping = threading.Event()
        logging.getLogger("httpx").setLevel(logging.WARNING)  # at INFO it logs each request with its long URL

    def start(self) -> threading.Thread:
        """Starts the thread that reads."""
        thread = threading.Thread(target=self._run, name="new tasks", daemon=True)
        thread.start()
        return thread

    def add(self, project: int, ids: Sequence[int]) -> bool:
        """Reads these tasks later; false if too many are waiting."""
        try:
            self._waiting.put_nowait(NewTasks(project, sorted(set(ids))))
        except queue.Full:
            return False
        return True

    def stop(self) -> None:
        """Stores what is being read, and drops what waits."""
        self._stopping.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self.read(self._waiting.get(timeout=_IDLE_SECONDS))
            except queue.Empty:
                continue
            except Exception:  # the outermost function of this thread
                logger.exception("reading new tasks failed")

    def read(self, new: NewTasks) -> None:
        """Reads these tasks and stores their predictions; logs what fails."""
        counters = Counters()
        try:
            with closing(self._open_client(new.project)) as client:
                self._read(new, client, counters)
        except _EXPECTED as error:
            logger.warning("project %d: new tasks are not read: %s", new.project, error)
        logger.info("project %d: %d new tasks: %s", new.project, len(new.ids), counters.summary)

    def _read(self, new: NewTasks, client: LabelStudioClient, counters: Counters) -> None:
        sleep = self._stopping.wait
        project = retry(client.project, sleep)
        parse_label_config(project.label_config, self._worker.settings)
        predictor: TaskPredictor = WorkerPredictor(self._worker, project)
        versions = retry(client.model_versions, sleep)
        selection = TaskSelection(predictor.version, project_versions=versions)
        store = PredictionStore(client, selection, _strategy(project), sleep)
        pipeline = SlicePipeline(predictor, store, counters, partial(_log, new.project), self._stopping)
        pipeline.run(self._slices(new.ids, client, selection), parallel=1)
        if not self._stopping.is_set():
            delete_duplicates(client, predictor.version, sleep)

    def _slices(
        self, ids: Sequence[int], client: LabelStudioClient, selection: TaskSelection
    ) -> Iterator[list[TaskRow]]:
        for start in range(0, len(ids), _SLICE):
            load = partial(list_tasks, client, selection, ids[start : start + _SLICE], ("id", "data"))
            tasks = retry(load, self._stopping.wait)
            if tasks:
                yield tasks


def _strategy(project: Project) -> ImportStrategy:
    return ImportStrategy(project.tasks, project.predictions)


def _log(project: int, failure: Failure) -> None:
    logger.warning("project %d: task %d: %s: %s", project, failure.task, failure.outcome, failure.reason)
