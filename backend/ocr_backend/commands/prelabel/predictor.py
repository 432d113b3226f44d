"""Who turns tasks into predictions: what `running` may ask, and the one that reads in this process.

Knows nothing of how tasks are found; `remote` holds the one that asks a running backend.
"""

import time
from collections.abc import Sequence
from typing import Protocol

from ocr_backend.commands.prelabel.label_studio_client import Project
from ocr_backend.commands.prelabel.task_filter import Listed
from ocr_backend.config.settings import Settings
from ocr_backend.labelstudio.label_config import ControlTags, controls_of
from ocr_backend.labelstudio.request_bodies import Task
from ocr_backend.pipeline.predictor import TaskOutcome
from ocr_backend.pipeline.worker import Worker

SECONDS_PER_TASK = 60.0
"""After which a task is given up, so that a hanging reader ends (guess: large pages take a tenth of it)."""


class TaskPredictor(Protocol):
    """Reads tasks, several slices at a time; `version` is what its predictions carry."""

    version: str

    def answers(self, tasks: Sequence[Listed]) -> list[TaskOutcome]:
        """What became of each task, in their order; `late` is the outcome of those to be asked again.

        Raises:
            GoneError: nobody answers.
            UsageError: the request is refused, or the version has changed.
        """
        ...

    def stop(self) -> None:
        """Lets what is being read end as soon as it can; what is left out is answered as late."""
        ...


class LocalPredictor:
    """Reads as the server does, with the models of the settings."""

    def __init__(self, settings: Settings, project: Project) -> None:
        """Loads the models.

        Raises:
            LabelConfigError: the labelling config has no place for boxes with text.
            ModelError, GoldenError: the models cannot be had, or do not read.
        """
        # Before the models are loaded, which takes longer.
        self._controls: ControlTags = controls_of(project.label_config, settings)
        self._credentials = project.credentials
        # Not imported before it is clear that models are needed: with --backend they need not be there.
        from ocr_backend.ocr.engine_factory import open_reader

        self._worker = Worker(settings, open_reader, most_requests=1)
        self._worker.load()
        self.version = self._worker.pipeline.version
        self.warning = self._controls.warning

    def answers(self, tasks: Sequence[Listed]) -> list[TaskOutcome]:
        """What became of each task, in their order."""
        until = time.monotonic() + SECONDS_PER_TASK * len(tasks)
        asked = [Task(task.id, task.data) for task in tasks]
        return self._worker.pipeline.predictions(asked, self._controls, until, self._credentials)

    def stop(self) -> None:
        """Drops the images that have not been begun."""
        self._worker.stop()
