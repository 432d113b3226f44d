"""The way of one file: fetch, open, and for each page decode, wait for a slot, look at it.

Knows neither requests nor regions; `pipeline` says what to look for. One instance serves a whole worker.
"""

import hashlib
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from ocr_backend.config.settings import Settings
from ocr_backend.errors import ImageError, LateError
from ocr_backend.fetch.image_fetcher import Fetcher
from ocr_backend.fetch.image_source import Source, source_of
from ocr_backend.images.documents import Document, opened
from ocr_backend.labelstudio.predictions import Page
from ocr_backend.ocr_types import Image, Reader
from ocr_backend.pipeline.result_cache import ResultCache
from ocr_backend.system.basic_credentials import Credentials
from ocr_backend.telemetry.metrics import Metrics

logger = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True)
class ImageRequest:
    """Whom an image is fetched for: the task, the project's `credentials` for its host, and `until` when.

    After that moment (monotonic s) nobody wants the answer.
    """

    task_id: object
    until: float
    credentials: Credentials | None = None


class ImageReader:
    """Brings images before a reader, as many at a time as it has slots.

    `version` names all that the reader's answers depend on beside the image.
    """

    def __init__(
        self, settings: Settings, reader: Reader, fetcher: Fetcher, metrics: Metrics, version: str
    ) -> None:
        self._settings = settings
        self._reader = reader
        self._fetcher = fetcher
        self._version = version
        self._known: ResultCache[Page] = ResultCache(
            settings.result_cache_lines,
            lambda page: 1 + len(page.lines),
            lambda outcome: metrics.result_cache.labels(outcome).inc(),
        )
        self._metrics = metrics
        self._slots = threading.BoundedSemaphore(reader.slots)
        # One more is held decoded, to be at hand when a slot is free; not all that were fetched, since each
        # may take three bytes for every pixel that is allowed.
        self._decoded = threading.BoundedSemaphore(reader.slots + 1)

    def read(self, value: object, request: ImageRequest) -> list[Page] | ImageError:
        """The pages of the file that a value in a task's data stands for, or why there are none.

        A page that was read in time is remembered even where the file as a whole is late.
        """

        def pages(content: bytes) -> list[Page]:
            digest = hashlib.sha256(content).digest()
            with opened(content, self._settings) as document:
                return [self._page(document, number, digest, request) for number in range(document.pages)]

        return self._used(value, request, pages)

    def look(
        self, value: object, page: int, request: ImageRequest, at: Callable[[Image], list[T]]
    ) -> list[T] | ImageError:
        """What `at` makes of one page of such a file, empty where it has no such page, or why it cannot."""

        def looked(content: bytes) -> list[T]:
            with opened(content, self._settings) as document:
                return self._at(document, page, request, at) if page < document.pages else []

        return self._used(value, request, looked)

    def _used(self, value: object, request: ImageRequest, use: Callable[[bytes], T]) -> T | ImageError:
        try:
            source = source_of(value, request.task_id, self._settings)
            return self._looked(source, request, use)
        except LateError as error:
            return error  # not logged one by one: a long request may have hundreds
        except ImageError as error:
            logger.warning("task %s: image %s: %s", request.task_id, error.outcome, error)
            return error
        except Exception:  # one of the two outermost places: the neighbours must not suffer
            logger.exception("task %s: image failed", request.task_id)
            return ImageError("failed", "the backend failed on this image; its log says why")

    def _looked(self, source: Source, request: ImageRequest, use: Callable[[bytes], T]) -> T:
        content = self._fetched(source, request)
        self._metrics.image_bytes.labels(source.kind).observe(len(content))
        try:
            return use(content)
        except ImageError as error:
            if error.outcome == "broken":
                self._fetcher.forget(
                    source, request.credentials
                )  # it may be mended before it is asked for again
            raise

    def _page(self, document: Document, number: int, digest: bytes, request: ImageRequest) -> Page:
        def made() -> Page:
            return self._at(document, number, request, self._lines)

        return self._known.result((self._version, digest, number), made, request.until)

    def _lines(self, image: Image) -> Page:
        lines = self._reader.read(image)
        self._metrics.image_lines.observe(len(lines))
        for line in lines:
            self._metrics.line_score.observe(line.score)
        return Page((image.shape[1], image.shape[0]), lines)

    def _at(self, document: Document, number: int, request: ImageRequest, at: Callable[[Image], T]) -> T:
        with self._turn(self._decoded, request.until):
            with self._metrics.stage("decode"):
                image = document.page(number)
            self._metrics.image_pixels.observe(image.shape[0] * image.shape[1])
            with (
                self._turn(self._slots, request.until),
                self._metrics.slots_busy.track_inprogress(),
                self._metrics.stage("read"),
            ):
                return at(image)

    def _fetched(self, source: Source, request: ImageRequest) -> bytes:
        try:
            with self._metrics.stage("fetch"), self._metrics.fetch_seconds.labels(source.kind).time():
                return self._fetcher.fetch(source, request.until, request.credentials)
        except ImageError as error:
            if error.outcome == "unreachable" and time.monotonic() >= request.until:
                raise LateError from error
            raise

    @contextmanager
    def _turn(self, places: threading.BoundedSemaphore, until: float) -> Iterator[None]:
        with self._metrics.stage("wait"):
            is_free = places.acquire(timeout=max(until - time.monotonic(), 0.0))
        if not is_free:
            raise LateError
        try:
            yield
        finally:
            places.release()
