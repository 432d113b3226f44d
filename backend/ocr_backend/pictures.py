"""The way of one picture: fetch, decode, wait for a slot, look at it.

Knows neither requests nor regions; `pipeline` says what to look for. One instance serves a whole worker.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from ocr_backend.decoding import decoded
from ocr_backend.errors import LateError, PictureError
from ocr_backend.fetching import Fetcher
from ocr_backend.metrics import Metrics
from ocr_backend.reading import Image, Reader
from ocr_backend.settings import Settings
from ocr_backend.sources import source_of

logger = logging.getLogger(__name__)

T = TypeVar("T")


class Pictures:
    """Brings pictures before a reader, as many at a time as it has slots."""

    def __init__(self, settings: Settings, reader: Reader, fetcher: Fetcher, metrics: Metrics) -> None:
        self._settings = settings
        self._fetcher = fetcher
        self._metrics = metrics
        self._slots = threading.BoundedSemaphore(reader.slots)
        # One more is held decoded, to be at hand when a slot is free; not all that were fetched, since each
        # may take three bytes for every pixel that is allowed.
        self._decoded = threading.BoundedSemaphore(reader.slots + 1)

    def look(
        self, value: object, task_id: object, until: float, at: Callable[[Image], T]
    ) -> T | PictureError:
        """What `at` makes of the picture that a value in a task's data stands for, or why there is nothing.

        `until` is the moment (monotonic s) after which nobody wants the answer.
        """
        try:
            return self._looked(value, task_id, until, at)
        except LateError as error:
            return error  # not logged one by one: a long request may have hundreds
        except PictureError as error:
            logger.warning("task %s: picture %s: %s", task_id, error.outcome, error)
            return error
        except Exception:  # one of the two outermost places: the neighbours must not suffer
            logger.exception("task %s: picture failed", task_id)
            return PictureError("failed", "the backend failed on this picture; its log says why")

    def _looked(self, value: object, task_id: object, until: float, at: Callable[[Image], T]) -> T:
        content = self._fetched(value, task_id, until)
        self._metrics.picture_bytes.observe(len(content))
        with self._turn(self._decoded, until):
            with self._metrics.stage("decode"):
                image = decoded(content, self._settings.max_image_pixels)
            self._metrics.picture_pixels.observe(image.shape[0] * image.shape[1])
            with (
                self._turn(self._slots, until),
                self._metrics.slots_busy.track_inprogress(),
                self._metrics.stage("read"),
            ):
                return at(image)

    def _fetched(self, value: object, task_id: object, until: float) -> bytes:
        source = source_of(value, task_id, self._settings)
        try:
            with self._metrics.stage("fetch"):
                return self._fetcher.fetch(source, until)
        except PictureError as error:
            if error.outcome == "unreachable" and time.monotonic() >= until:
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
