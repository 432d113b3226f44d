"""Turns tasks into predictions: the interface that a run uses, and the predictor in this process.

Knows nothing of how tasks are found. `http_predictor` has the one that asks a running backend.
"""

import time
from collections.abc import Sequence
from typing import Protocol

from ocr_backend.commands.prelabel.label_studio_client import Project
from ocr_backend.commands.prelabel.task_filter import TaskRow
from ocr_backend.config.settings import Settings
from ocr_backend.labelstudio.label_config import parse_label_config
from ocr_backend.labelstudio.request_bodies import PredictRequest, Task
from ocr_backend.pipeline.predictor import TaskOutcome
from ocr_backend.pipeline.worker import Worker

TIMEOUT_SECONDS_PER_TASK = 60.0
"""So that a run ends although a reader hangs (guess: large pages take a tenth of it)."""


class TaskPredictor(Protocol):
    """Reads several slices of tasks at a time; `version` is the model version of its predictions."""

    version: str

    def predict(self, tasks: Sequence[TaskRow]) -> list[TaskOutcome]:
        """The outcome of each task, in the order of the tasks; a `late` task should be requested again.

        Raises:
            UnavailableError: the backend does not answer.
            UsageError: the backend refuses the request, or its model version has changed.
        """
        ...

    def stop(self) -> None:
        """Ends the current calls as soon as possible; tasks that were not read are `late`."""
        ...


class WorkerPredictor:
    """Reads with a worker that has loaded its models and may serve others."""

    def __init__(self, worker: Worker, project: Project) -> None:
        self.version = worker.predictor.version
        self._worker = worker
        self._project = project

    def predict(self, tasks: Sequence[TaskRow]) -> list[TaskOutcome]:
        """The outcome of each task, in the order of the tasks."""
        deadline = time.monotonic() + TIMEOUT_SECONDS_PER_TASK * len(tasks)
        request = PredictRequest(
            tasks=tuple(Task(task.id, task.data) for task in tasks),
            label_config=self._project.label_config,
            credentials=self._project.credentials,
        )
        return self._worker.predictor.predict(request, deadline).outcomes

    def stop(self) -> None:
        """Stops nothing: others use the worker."""


class LocalPredictor(WorkerPredictor):
    """Reads as the server does, with the models of the settings."""

    def __init__(self, settings: Settings, project: Project) -> None:
        """Loads the models.

        Raises:
            LabelConfigError: the label config has no tags for regions with text.
            ModelError: a model is not available or cannot be loaded.
            GoldenSampleError: the models do not read the golden sample.
        """
        # Checked first, because loading the models takes longer.
        self.warning = parse_label_config(project.label_config, settings).warning
        # Imported here, because with --backend no engine needs to be installed.
        from ocr_backend.ocr.engine_factory import open_reader

        worker = Worker(settings, open_reader, max_requests=1)
        worker.load()
        super().__init__(worker, project)

    def stop(self) -> None:
        """Drops the images that are still waiting."""
        self._worker.stop()
