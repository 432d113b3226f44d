"""Bounds the images of a request's tasks, and collects the pages that were read for each task.

Pure; `predictor` reads the files in between.
"""

from collections.abc import Sequence

from ocr_backend.errors import DeadlineExceededError, ImageError
from ocr_backend.labelstudio.predictions import ImagePages, Page
from ocr_backend.labelstudio.task_images import TaskImage

TaskImages = list[TaskImage] | ImageError
"""The images of a task, or why they cannot be read."""

FileResult = list[Page] | ImageError | None
"""The pages of one file, or why it was not read; None if it was not reached before the deadline."""


def references(images: TaskImages) -> list[object]:
    """The references to the files of a task, in order; none if its images cannot be read."""
    if isinstance(images, ImageError):
        return []
    return [reference for image in images for reference in image.references]


def bound_request(images_by_task: Sequence[TaskImages], max_files: int) -> list[TaskImages]:
    """The images of the first tasks, until they have `max_files` files; the tasks after that are late."""
    remaining = max_files
    bounded: list[TaskImages] = []
    for images in images_by_task:
        is_late = remaining <= 0 and not isinstance(images, ImageError)
        bounded.append(DeadlineExceededError() if is_late else images)
        remaining -= len(references(images))
    return bounded


def collect_pages(images: Sequence[TaskImage], file_results: Sequence[FileResult]) -> list[ImagePages]:
    """The pages of each image of a task; `file_results` has one result per reference, in order.

    Raises:
        ImageError: a file was not read, or a PDF is mixed with other pages.
    """
    collected: list[ImagePages] = []
    start = 0
    for image in images:
        end = start + len(image.references)
        collected.append(ImagePages(image.control_tags, _pages_of_image(file_results[start:end])))
        start = end
    return collected


def first_error(results: Sequence[object]) -> ImageError | None:
    """The first error among the results of jobs; a missing result means that the deadline has passed."""
    errors = [result for result in results if isinstance(result, ImageError)]
    if errors:
        return errors[0]
    return DeadlineExceededError() if None in results else None


def _pages_of_image(file_results: Sequence[FileResult]) -> list[Page]:
    error = first_error(file_results)
    if error is not None:
        raise error
    files = [pages for pages in file_results if isinstance(pages, list)]
    max_pages = max(map(len, files))
    if len(files) > 1 and max_pages > 1:
        raise ImageError(
            "refused",
            f"the task mixes a file of {max_pages} pages with other files; "
            "give a task one PDF or TIFF, or a list of images",
        )
    return [page for pages in files for page in pages]
