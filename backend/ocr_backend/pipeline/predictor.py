"""Turns the tasks of a predict request into outcomes: a prediction, or the reason why there is none.

Knows neither HTTP nor any engine. `web` calls it; one instance serves all threads of a worker.
"""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import Any, Literal, NamedTuple

from ocr_backend.config.settings import Settings
from ocr_backend.errors import DeadlineExceededError, FailureOutcome, ImageError
from ocr_backend.labelstudio.interactive_regions import results_with_text
from ocr_backend.labelstudio.label_config import ControlTags, parse_label_config
from ocr_backend.labelstudio.predictions import prediction
from ocr_backend.labelstudio.request_bodies import PredictRequest, Task
from ocr_backend.labelstudio.task_images import task_images
from ocr_backend.ocr import reading_order
from ocr_backend.ocr_types import Image
from ocr_backend.pipeline.fair_scheduler import FairScheduler, report_progress
from ocr_backend.pipeline.image_reader import ImageReader, ImageRequest
from ocr_backend.pipeline.page_regions import PageRegions, page_regions
from ocr_backend.pipeline.region_ocr import lines_in_region
from ocr_backend.pipeline.task_pages import (
    FileResult,
    TaskImages,
    bound_request,
    collect_pages,
    first_error,
    references,
)
from ocr_backend.telemetry.metrics import Metrics

logger = logging.getLogger(__name__)

Json = dict[str, Any]


@dataclass(frozen=True)
class TaskOutcome:
    """The outcome of a task; without a prediction, `reason` is a sentence that says why.

    `page_problems` say why pages of a file that was read are missing.
    """

    outcome: FailureOutcome | Literal["read", "no_text"]
    prediction: Json | None = None
    reason: str = ""
    page_problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class PredictResult:
    """One outcome per task, in the order of the tasks; `warning` is about the label config, or empty."""

    outcomes: list[TaskOutcome]
    warning: str = ""


class Schedulers(NamedTuple):
    """The threads for whole images, and those for drawn regions."""

    batch: FairScheduler
    interactive: FairScheduler


class Predictor:
    """Predicts the tasks of requests; `version` is the model version of its predictions."""

    def __init__(
        self, settings: Settings, image_reader: ImageReader, schedulers: Schedulers, metrics: Metrics
    ) -> None:
        self.version = image_reader.version
        self._settings = settings
        self._image_reader = image_reader
        self._schedulers = schedulers
        self._metrics = metrics

    def predict(self, request: PredictRequest, deadline: float) -> PredictResult:
        """Reads the images of the tasks, or only the drawn regions of an interactive request.

        What is not read at the `deadline` (monotonic s) is late.

        Raises:
            LabelConfigError: the label config cannot take regions with text.
        """
        control_tags = parse_label_config(request.label_config, self._settings)
        if request.context is None:
            outcomes = self._predict_tasks(request, control_tags, deadline)
        else:
            # Label Studio sends one task; the context belongs to the first.
            outcomes = [self._predict_regions(request, control_tags, deadline)]
            outcomes += [TaskOutcome("no_text")] * (len(request.tasks) - 1)
        return PredictResult(outcomes, control_tags.warning)

    def _predict_tasks(
        self, request: PredictRequest, control_tags: ControlTags, deadline: float
    ) -> list[TaskOutcome]:
        images_by_task = bound_request(
            [self._task_images(task, control_tags) for task in request.tasks], self._settings.max_tasks
        )
        files_by_task = self._read_files(request, images_by_task, deadline)
        tasks = zip(request.tasks, images_by_task, files_by_task, strict=True)
        return [
            self._task_outcome(index, task, images, files)
            for index, (task, images, files) in enumerate(tasks)
        ]

    def _read_files(
        self, request: PredictRequest, images_by_task: Sequence[TaskImages], deadline: float
    ) -> list[list[FileResult]]:
        """The results of all files, for each task in the order of its references.

        Files that could not be fetched last time come last, since each may hold a thread for long.
        """
        image_requests = [
            ImageRequest(reference, task.id, deadline, request.credentials)
            for task, images in zip(request.tasks, images_by_task, strict=True)
            for reference in references(images)
        ]
        failed_before = [self._image_reader.failed_before(image.reference) for image in image_requests]
        order = sorted(range(len(image_requests)), key=failed_before.__getitem__)
        jobs = [partial(self._image_reader.read_pages, image_requests[index]) for index in order]
        results_by_index = dict(zip(order, self._schedulers.batch.run(jobs, deadline), strict=True))
        results = iter([results_by_index[index] for index in range(len(order))])
        return [list(islice(results, len(references(images)))) for images in images_by_task]

    def _task_outcome(
        self, index: int, task: Task, images: TaskImages, files: Sequence[FileResult]
    ) -> TaskOutcome:
        if isinstance(images, ImageError):
            return self._failed(images)
        try:
            pages = collect_pages(images, files)
        except ImageError as error:
            return self._failed(error)
        task_key = task.id if task.id is not None else f"task {index} of the request"
        threshold = self._settings.score_threshold
        predicted = self._predicted(prediction(pages, task_key, self.version, threshold, reading_order.rows))
        problems = (page.problem for image in pages for page in image.pages if page.problem)
        return replace(predicted, page_problems=tuple(problems))

    def _predict_regions(
        self, request: PredictRequest, control_tags: ControlTags, deadline: float
    ) -> TaskOutcome:
        """The drawn regions of the first task with their text; regions without text are left out."""
        task = request.tasks[0]
        images = self._task_images(task, control_tags)
        if isinstance(images, ImageError):
            return self._failed(images)
        jobs = [
            partial(
                self._image_reader.use_page,
                ImageRequest(page.reference, task.id, deadline, request.credentials),
                page.page_index,
                partial(self._read_regions, page, deadline),
            )
            for page in page_regions(images, request.context or {})
        ]
        results_by_page = self._schedulers.interactive.run(jobs, deadline)
        error = first_error(results_by_page)
        if error is not None:
            return self._failed(error)
        results = [result for page in results_by_page if isinstance(page, list) for result in page]
        return self._predicted(self._region_prediction(results, control_tags))

    def _read_regions(self, page: PageRegions, deadline: float, image: Image) -> list[Json]:
        size = (image.shape[1], image.shape[0])
        results: list[Json] = []
        for region in page.regions:
            if time.monotonic() >= deadline:  # a request may contain thousands of regions
                raise DeadlineExceededError
            report_progress()
            # Without a score threshold: the annotator has asked for the text of this region.
            lines = lines_in_region(self._image_reader.reader.read, image, region.polygon(size))
            rows = reading_order.rows(lines)
            results += results_with_text(region, rows, page.control_tags, size)
        return results

    def _region_prediction(self, results: list[Json], control_tags: ControlTags) -> Json:
        text_type = control_tags.text.result_type if control_tags.text else ""
        scores = [result["score"] for result in results if result.get("type") == text_type]
        mean_score = sum(scores) / len(scores) if scores else 0.0
        return {"result": results, "score": mean_score, "model_version": self.version}

    def _task_images(self, task: Task, control_tags: ControlTags) -> TaskImages:
        try:
            if task.problem:
                raise ImageError("refused", task.problem)
            images = task_images(task.data, control_tags)
            pages, max_pages = len(references(images)), self._settings.max_pages
            if pages > max_pages:
                raise ImageError(
                    "refused", f"the task has {pages} pages; at most {max_pages} are allowed (OCR_MAX_PAGES)"
                )
        except ImageError as error:
            logger.warning("task %s: image %s: %s", task.id, error.outcome, error)
            return error
        return images

    def _predicted(self, task_prediction: Json) -> TaskOutcome:
        outcome: Literal["read", "no_text"] = "read" if task_prediction["result"] else "no_text"
        self._metrics.tasks.labels(outcome).inc()
        return TaskOutcome(outcome, task_prediction)

    def _failed(self, error: ImageError) -> TaskOutcome:
        self._metrics.tasks.labels(error.outcome).inc()
        return TaskOutcome(error.outcome, reason=str(error))
