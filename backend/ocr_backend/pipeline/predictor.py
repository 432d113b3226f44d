"""From the tasks of a request to what became of each: its prediction, or the reason why there is none.

Knows neither HTTP nor any engine. `app` calls it; one instance serves all threads of a worker.
"""

import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any, Literal

from ocr_backend.config.settings import Settings
from ocr_backend.errors import ImageError, LateError, Outcome
from ocr_backend.labelstudio.interactive_regions import DrawnRegion, with_text, without_text
from ocr_backend.labelstudio.label_config import ControlTags
from ocr_backend.labelstudio.predictions import Page, prediction
from ocr_backend.labelstudio.request_bodies import Task
from ocr_backend.labelstudio.task_images import TaskImage, images_of_task
from ocr_backend.ocr_types import Image, Reader
from ocr_backend.pipeline.fair_scheduler import FairScheduler
from ocr_backend.pipeline.image_reader import ImageReader, ImageRequest
from ocr_backend.pipeline.region_ocr import lines_in_region
from ocr_backend.system.basic_credentials import Credentials
from ocr_backend.telemetry.metrics import Metrics

logger = logging.getLogger(__name__)

Json = dict[str, Any]


@dataclass(frozen=True)
class TaskOutcome:
    """What became of a task; where it has no prediction, `reason` is a sentence that says why."""

    outcome: Outcome | Literal["read", "no_text"]
    prediction: Json | None = None
    reason: str = ""


class Predictor:
    """Reads tasks with one reader. `version` is what the predictions carry."""

    def __init__(
        self,
        settings: Settings,
        reader: Reader,
        image_reader: ImageReader,
        pool: FairScheduler,
        metrics: Metrics,
        version: str,
    ) -> None:
        self.version = version
        self._settings = settings
        self._reader = reader
        self._image_reader = image_reader
        self._pool = pool
        self._metrics = metrics

    def predictions(
        self,
        tasks: Sequence[Task],
        controls: ControlTags,
        until: float,
        credentials: Credentials | None = None,
    ) -> list[TaskOutcome]:
        """What became of each task, in their order; `until` (monotonic s) is when the answers are needed.

        `credentials` are the project's for the hosts of its images.
        """
        shown = self._bounded([self._images(task, controls) for task in tasks])
        jobs = [
            partial(self._image_reader.read, value, ImageRequest(task.id, until, credentials))
            for task, images in zip(tasks, shown, strict=True)
            if not isinstance(images, ImageError)
            for image in images
            for value in image.values
        ]
        done = iter(self._pool.run(jobs, until))
        return [
            self._answer(
                place, task, images if isinstance(images, ImageError) else _read_images(images, done)
            )
            for place, (task, images) in enumerate(zip(tasks, shown, strict=True))
        ]

    def drawn(
        self,
        task: Task,
        context: Json,
        controls: ControlTags,
        until: float,
        credentials: Credentials | None = None,
    ) -> TaskOutcome:
        """The drawn regions of a task that had no text, with their text; left out are those without any."""
        shown = self._images(task, controls)
        if isinstance(shown, ImageError):
            return self._unread(shown)
        images = {image.controls.image: image for image in shown}
        by_page: dict[tuple[str, int], list[DrawnRegion]] = {}
        for drawing in without_text(context):
            if drawing.image in images:
                by_page.setdefault((drawing.image, drawing.page), []).append(drawing)
        jobs = [
            partial(
                self._image_reader.look,
                *place,
                ImageRequest(task.id, until, credentials),
                partial(self._pieces, drawings, images[name].controls, until),
            )
            for (name, page), drawings in by_page.items()
            if (place := _place(images[name].values, page)) is not None
        ]
        done = self._pool.run(jobs, until)
        failed = _failure(done)
        if failed is not None:
            return self._unread(failed)
        items = [item for of_page in done if isinstance(of_page, list) for item in of_page]
        scores = [item["score"] for item in items if item.get("type") == controls.text.kind]
        score = sum(scores) / len(scores) if scores else 0.0
        return self._read({"result": items, "score": score, "model_version": self.version})

    def _pieces(
        self, drawings: Sequence[DrawnRegion], controls: ControlTags, until: float, image: Image
    ) -> list[Json]:
        size = (image.shape[1], image.shape[0])
        items: list[Json] = []
        for drawing in drawings:
            if time.monotonic() >= until:  # thousands may have been sent, and nobody waits any longer
                raise LateError
            # No threshold: a person has asked for the text of this very place.
            lines = lines_in_region(self._reader.read, image, drawing.polygon(size))
            items += with_text(drawing, lines, controls, size)
        return items

    def _answer(
        self, place: int, task: Task, images: list[tuple[ControlTags, list[Page]]] | ImageError
    ) -> TaskOutcome:
        if isinstance(images, ImageError):
            return self._unread(images)
        name = task.id if task.id is not None else f"task {place} of the request"
        return self._read(prediction(images, name, self.version, self._settings.score_threshold))

    def _images(self, task: Task, controls: ControlTags) -> list[TaskImage] | ImageError:
        try:
            images = images_of_task(task.data, controls)
            pages, most = _pages_of(images), self._settings.max_pages
            if pages > most:
                raise ImageError(
                    "refused", f"the task has {pages} pages; at most {most} are allowed (OCR_MAX_PAGES)"
                )
        except ImageError as error:
            logger.warning("task %s: image %s: %s", task.id, error.outcome, error)
            return error
        return images

    def _bounded(self, shown: Sequence[list[TaskImage] | ImageError]) -> list[list[TaskImage] | ImageError]:
        """The same, late from the task on before which there are as many pages as there may be tasks."""
        left = self._settings.max_tasks
        bounded: list[list[TaskImage] | ImageError] = []
        for images in shown:
            if isinstance(images, ImageError):
                bounded.append(images)
            else:
                bounded.append(images if left > 0 else LateError())
                left -= _pages_of(images)
        return bounded

    def _read(self, told: Json) -> TaskOutcome:
        outcome: Literal["read", "no_text"] = "read" if told["result"] else "no_text"
        self._metrics.tasks.labels(outcome).inc()
        return TaskOutcome(outcome, told)

    def _unread(self, error: ImageError) -> TaskOutcome:
        self._metrics.tasks.labels(error.outcome).inc()
        return TaskOutcome(error.outcome, reason=str(error))


def _pages_of(images: Sequence[TaskImage]) -> int:
    return sum(len(image.values) for image in images)


def _read_images(
    images: Sequence[TaskImage], done: Iterator[list[Page] | ImageError | None]
) -> list[tuple[ControlTags, list[Page]]] | ImageError:
    """The pages of each of a task's Images, or why not all were read; takes its share of what was `done`."""
    read = [(image.controls, _pages(list(islice(done, len(image.values))))) for image in images]
    failed = _failure([pages for _, pages in read])
    if failed is not None:
        return failed
    return [(controls, pages) for controls, pages in read if isinstance(pages, list)]


def _pages(files: Sequence[list[Page] | ImageError | None]) -> list[Page] | ImageError:
    """The pages of an Image's files, or why not all of them were read."""
    failed = _failure(files)
    if failed is not None:
        return failed
    read = [pages for pages in files if isinstance(pages, list)]
    longest = max(map(len, read))
    if len(read) > 1 and longest > 1:
        return ImageError(
            "refused",
            f"a PDF of {longest} pages stands among other pages of the task; "
            "give a task one PDF, or a list of images",
        )
    return [page for pages in read for page in pages]


def _place(values: Sequence[object], page: int) -> tuple[object, int] | None:
    """The value of the file that a page of an Image is in, and its number there: a PDF is one value."""
    if len(values) == 1:
        return values[0], page
    return (values[page], 0) if page < len(values) else None


def _failure(done: Sequence[object]) -> ImageError | None:
    """Why not all files were read, or None."""
    broken = next((one for one in done if isinstance(one, ImageError)), None)
    return broken or (LateError() if None in done else None)
