"""The state of one worker process: loading, ready or stopping, and whether it still makes progress.

Knows neither HTTP nor gunicorn; `gunicorn_server` creates and loads it, the routes use it.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ocr_backend.config.settings import Settings
from ocr_backend.errors import NotReadyError
from ocr_backend.fetch import image_cache
from ocr_backend.fetch.image_fetcher import ImageFetcher
from ocr_backend.labelstudio.predictions import model_version
from ocr_backend.models import custom_models, golden_sample
from ocr_backend.ocr_types import Reader
from ocr_backend.pipeline.fair_scheduler import FairScheduler
from ocr_backend.pipeline.image_reader import ImageReader
from ocr_backend.pipeline.predictor import Predictor, Schedulers
from ocr_backend.telemetry.metrics import Metrics

logger = logging.getLogger(__name__)

STUCK_SECONDS = 600.0
"""A page that takes longer blocks its thread forever (guess: the largest pages take a tenth of it)."""

_INTERACTIVE_THREADS = 2  # for drawn boxes, so that these do not wait for slow hosts of other tasks (guess)

OpenReader = Callable[[Settings], Reader]


def image_threads(settings: Settings, slots: int) -> int:
    """The number of images that a worker downloads and reads at the same time.

    Fetching waits for other hosts, so the default is more than the slots; a number that is set is kept.
    """
    default = Settings().threads
    return max(default, 2 * slots) if settings.threads == default else settings.threads


class Worker:
    """One worker process: its settings, metrics and, once the models are loaded, its predictor.

    It admits at most `max_requests` predict requests at a time, including those that wait.
    """

    def __init__(self, settings: Settings, open_reader: OpenReader, max_requests: int) -> None:
        self.settings = settings
        self.metrics = Metrics()
        self.warning = ""  # about the models, for the person who connects this backend
        self._open_reader = open_reader
        self._requests = threading.BoundedSemaphore(max_requests)
        self._reader: Reader | None = None
        self._predictor: Predictor | None = None
        self._schedulers: Schedulers | None = None
        self._is_stopping = False

    def load(self) -> None:
        """Loads the models and reads the golden sample; then the worker is ready.

        Raises:
            GoldenSampleError: the golden sample was misread, and `golden_check` is on.
            Exception: whatever `open_reader` raises if the models cannot be loaded.
        """
        started = time.monotonic()
        reader = self._open_reader(self.settings)
        custom = [choice.folder for choice in custom_models.configured(self.settings)]
        self.warning = golden_sample.check(
            reader, self.settings.language, custom, is_strict=self.settings.golden_check
        )
        seconds = time.monotonic() - started
        version = model_version(self.settings, reader.models, reader.engine)
        self.metrics.record_ready(reader.models, reader.engine, reader.slots, version)
        self.metrics.load_seconds.set(seconds)
        if self.warning:
            logger.warning("%s", self.warning)
        self._reader = reader
        self._predictor = self._make_predictor(reader, version)
        logger.info(
            "models loaded in %.1f s: %s on %s, %d slots, version %s",
            seconds,
            ", ".join(model.name for model in reader.models),
            reader.engine,
            reader.slots,
            version,
        )

    def _make_predictor(self, reader: Reader, version: str) -> Predictor:
        threads = image_threads(self.settings, reader.slots)
        self._schedulers = Schedulers(
            FairScheduler(threads, self.metrics.images_waiting.set), FairScheduler(_INTERACTIVE_THREADS)
        )
        cache = image_cache.open_cache(
            self.settings, lambda outcome: self.metrics.image_cache_requests.labels(outcome).inc()
        )
        fetcher = ImageFetcher(self.settings, threads + _INTERACTIVE_THREADS, cache=cache)
        image_reader = ImageReader(self.settings, reader, fetcher, self.metrics, version)
        return Predictor(self.settings, image_reader, self._schedulers, self.metrics)

    @property
    def is_ready(self) -> bool:
        """Whether it can read images now."""
        return self._predictor is not None and not self._is_stopping

    @property
    def is_stuck(self) -> bool:
        """Whether a thread has worked on one page for more than STUCK_SECONDS."""
        schedulers = self._schedulers or ()
        return any(scheduler.longest_silence_seconds() > STUCK_SECONDS for scheduler in schedulers)

    @property
    def predictor(self) -> Predictor:
        """The predictor.

        Raises:
            NotReadyError: the models are not loaded yet.
        """
        if self._predictor is None:
            raise self._not_loaded()
        return self._predictor

    @property
    def reader(self) -> Reader:
        """The reader of the predictor.

        Raises:
            NotReadyError: the models are not loaded yet.
        """
        if self._reader is None:
            raise self._not_loaded()
        return self._reader

    @staticmethod
    def _not_loaded() -> NotReadyError:
        return NotReadyError("the models are still loading; retry when /readyz answers 200")

    @contextmanager
    def admission(self) -> Iterator[None]:
        """Admits a predict request until the context ends.

        Raises:
            NotReadyError: `max_requests` are running or waiting.
        """
        if not self._requests.acquire(blocking=False):
            raise NotReadyError("too many requests are waiting; retry later, or run more replicas")
        try:
            yield
        finally:
            self._requests.release()

    def stop(self) -> None:
        """Finishes the images that are being read; tasks with other images are late."""
        self._is_stopping = True
        for scheduler in self._schedulers or ():
            scheduler.stop()
