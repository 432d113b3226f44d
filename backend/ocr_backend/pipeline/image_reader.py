"""Reads one file: fetch it, open it, and for each page decode it, wait for an inference slot, read it.

Knows neither requests nor regions; `predictor` says what to read. One instance serves a whole worker.
"""

import hashlib
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TypeVar

from ocr_backend.config.settings import Settings
from ocr_backend.errors import DeadlineExceededError, ImageError
from ocr_backend.fetch.image_fetcher import ImageFetcher
from ocr_backend.fetch.image_source import ImageSource, parse_source
from ocr_backend.fetch.recent_failures import RecentFailures
from ocr_backend.images.documents import Document, open_document
from ocr_backend.labelstudio.predictions import Page
from ocr_backend.ocr import memory_budget
from ocr_backend.ocr.memory_budget import MemoryBudget
from ocr_backend.ocr_types import Image, Reader
from ocr_backend.pipeline.fair_scheduler import report_progress, waiting
from ocr_backend.pipeline.result_cache import ResultCache
from ocr_backend.system.basic_credentials import Credentials
from ocr_backend.telemetry.metrics import Metrics

logger = logging.getLogger(__name__)

_FAILED_REFERENCE_SECONDS = 3600.0  # only the order of reading depends on it (guess)

T = TypeVar("T")

_MB = 1_000_000


@dataclass(frozen=True)
class ImageRequest:
    """A request for one file: its reference in the task's data, the task, and the deadline (monotonic s).

    `credentials` are the project's for the host of the image.
    """

    reference: object
    task_id: object
    deadline: float
    credentials: Credentials | None = None


class ImageReader:
    """Reads images with `reader`, as many at a time as it has slots.

    `version` identifies everything besides the image that the lines depend on.
    """

    def __init__(
        self, settings: Settings, reader: Reader, fetcher: ImageFetcher, metrics: Metrics, version: str
    ) -> None:
        self.reader = reader
        self.version = version
        self._settings = settings
        self._fetcher = fetcher
        self._metrics = metrics
        self._page_cache: ResultCache[Page] = ResultCache(
            settings.result_cache_lines,
            lambda page: 1 + len(page.lines),
            lambda outcome: metrics.result_cache_requests.labels(outcome).inc(),
        )
        self._slots = threading.BoundedSemaphore(reader.slots)
        self._failed_references = RecentFailures(1, _FAILED_REFERENCE_SECONDS, time.monotonic)
        # Not all fetched images are decoded: a file of some megabytes may take a gigabyte.
        plan = memory_budget.worker_plan(reader.engine, reader.slots, settings)
        self._decode_budget = MemoryBudget(plan.decode_bytes)

    def read_pages(self, request: ImageRequest) -> list[Page] | ImageError:
        """The pages of a file, or why it was not read.

        Pages that were read before the deadline stay in the cache, even if the file as a whole is late.
        """

        def read_document(content: bytes) -> list[Page]:
            digest = hashlib.sha256(content).digest()
            with open_document(content, self._settings) as document:
                return _without_failed_pages(
                    [
                        self._page_or_error(document, index, digest, request)
                        for index in range(document.page_count)
                    ],
                    request,
                )

        return self._return_errors(request, read_document)

    def use_page(
        self, request: ImageRequest, page_index: int, use: Callable[[Image], list[T]]
    ) -> list[T] | ImageError:
        """The result of `use` for one page of a file, or why there is none; empty without such a page."""

        def use_document(content: bytes) -> list[T]:
            with open_document(content, self._settings) as document:
                if page_index >= document.page_count:
                    return []
                return self._use_decoded_page(document, page_index, request, use)

        return self._return_errors(request, use_document)

    def failed_before(self, reference: object) -> bool:
        """Whether the file could not be fetched when it was last requested; others are then read first."""
        return isinstance(reference, str) and self._failed_references.is_failing(hash(reference))

    def _return_errors(self, request: ImageRequest, use: Callable[[bytes], T]) -> T | ImageError:
        """The result of `use`, or the error; errors are logged."""
        try:
            source = parse_source(request.reference, request.task_id, self._settings)
            return self._use_content(source, request, use)
        except DeadlineExceededError as error:
            return error  # not logged: a long request may have hundreds
        except ImageError as error:
            logger.warning("task %s: image %s: %s", request.task_id, error.outcome, error)
            return error
        except Exception:  # outermost handler of an image: an error must not affect other tasks
            logger.exception("task %s: image failed", request.task_id)
            return ImageError("failed", "the backend failed on this image; see its log")

    def _use_content(self, source: ImageSource, request: ImageRequest, use: Callable[[bytes], T]) -> T:
        content = self._fetch(source, request)
        self._metrics.image_bytes.labels(source.kind).observe(len(content))
        try:
            return use(content)
        except ImageError as error:
            if error.outcome == "broken":
                # The file may be repaired before the next request for it.
                self._fetcher.forget(source, request.credentials)
            raise

    def _page_or_error(
        self, document: Document, index: int, digest: bytes, request: ImageRequest
    ) -> Page | ImageError:
        report_progress()
        try:
            return self._cached_page(document, index, digest, request)
        except DeadlineExceededError:
            raise  # the file is late
        except ImageError as error:
            return error

    def _cached_page(self, document: Document, index: int, digest: bytes, request: ImageRequest) -> Page:
        def read_page() -> Page:
            return self._use_decoded_page(document, index, request, self._read_page)

        return self._page_cache.get_or_compute((self.version, digest, index), read_page, request.deadline)

    def _read_page(self, image: Image) -> Page:
        lines = self.reader.read(image)
        self._metrics.image_lines.observe(len(lines))
        for line in lines:
            self._metrics.line_score.observe(line.score)
        return Page((image.shape[1], image.shape[0]), lines)

    def _use_decoded_page(
        self, document: Document, index: int, request: ImageRequest, use: Callable[[Image], T]
    ) -> T:
        with self._decode_memory(document.page_bytes(index), request.deadline):
            with self._metrics.stage("decode"):
                image = document.page(index)
            self._metrics.image_pixels.observe(image.shape[0] * image.shape[1])
            with (
                self._acquire(self._slots, request.deadline),
                self._metrics.slots_busy.track_inprogress(),
                self._metrics.stage("read"),
            ):
                return use(image)

    @contextmanager
    def _decode_memory(self, needed_bytes: int, deadline: float) -> Iterator[None]:
        """Holds the memory of an image.

        Raises:
            ImageError: it takes more than all images may take together, or others hold it at the deadline.
        """
        if needed_bytes > self._decode_budget.total:
            raise ImageError(
                "refused",
                f"the image takes {needed_bytes // _MB} MB of memory when it is opened; "
                f"{self._decode_budget.total // _MB} MB are available: raise the container's memory limit",
            )
        hold = self._decode_budget.acquire(needed_bytes, max(deadline - time.monotonic(), 0.0))
        with ExitStack() as stack:
            with waiting(), self._metrics.stage("wait"), _late_on_timeout():
                stack.enter_context(hold)
            yield

    def _fetch(self, source: ImageSource, request: ImageRequest) -> bytes:
        key = hash(request.reference)
        try:
            with self._metrics.stage("fetch"), self._metrics.fetch_seconds.labels(source.kind).time():
                content = self._fetcher.fetch(source, request.deadline, request.credentials)
            self._failed_references.record_success(key)
            return content
        except ImageError as error:
            self._failed_references.record_failure(key)
            if error.outcome == "unreachable" and time.monotonic() >= request.deadline:
                raise DeadlineExceededError from error
            raise

    @contextmanager
    def _acquire(self, semaphore: threading.BoundedSemaphore, deadline: float) -> Iterator[None]:
        with waiting(), self._metrics.stage("wait"):
            is_acquired = semaphore.acquire(timeout=max(deadline - time.monotonic(), 0.0))
        if not is_acquired:
            raise DeadlineExceededError
        try:
            yield
        finally:
            semaphore.release()


@contextmanager
def _late_on_timeout() -> Iterator[None]:
    try:
        yield
    except TimeoutError as error:
        raise DeadlineExceededError from error


def _without_failed_pages(pages: list[Page | ImageError], request: ImageRequest) -> list[Page]:
    """The pages; one that failed is empty, and says why.

    Raises:
        ImageError: no page was read.
    """
    errors = [page for page in pages if isinstance(page, ImageError)]
    if len(errors) == len(pages):
        raise errors[0]
    read_pages = []
    for number, page in enumerate(pages, 1):
        if isinstance(page, ImageError):
            logger.warning("task %s: page %d %s: %s", request.task_id, number, page.outcome, page)
            page = Page((1, 1), (), f"page {number} was not read: {page}")
        read_pages.append(page)
    return read_pages
