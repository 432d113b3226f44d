"""What one worker process is: loading, ready, or stopping; and whether it still makes progress.

Knows neither HTTP nor gunicorn; `server` makes it and loads it, `app` asks it.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ocr_backend.config.settings import Settings
from ocr_backend.errors import NotReadyError
from ocr_backend.fetch import image_cache
from ocr_backend.fetch.image_fetcher import Fetcher
from ocr_backend.labelstudio.predictions import model_version
from ocr_backend.models import custom_models, golden_sample
from ocr_backend.ocr_types import Reader
from ocr_backend.pipeline.fair_scheduler import FairScheduler
from ocr_backend.pipeline.image_reader import ImageReader
from ocr_backend.pipeline.predictor import Predictor
from ocr_backend.telemetry.metrics import Metrics

logger = logging.getLogger(__name__)

STUCK_SECONDS = 600.0
"""An image that takes longer has stopped its thread for good (guess: the largest take a tenth of it)."""

OpenReader = Callable[[Settings], Reader]


class Worker:
    """One worker process: its settings, numbers and, once it is loaded, its pipeline.

    It keeps at most `most_requests` requests for predictions, those included that wait.
    """

    def __init__(self, settings: Settings, open_reader: OpenReader, most_requests: int) -> None:
        self.settings = settings
        self.metrics = Metrics()
        self.warning = ""  # what whoever sets this backend up should know of its models
        self._open_reader = open_reader
        self._requests = threading.BoundedSemaphore(most_requests)
        self._reader: Reader | None = None
        self._pipeline: Predictor | None = None
        self._pool: FairScheduler | None = None
        self._is_stopping = False

    def load(self) -> None:
        """Loads the models, reads the golden sample, and is ready from then on.

        Raises what the reader raises when its models cannot be loaded, and `GoldenSampleError` when the
        golden sample is misread and `golden_check` is on.
        """
        begun = time.monotonic()
        reader = self._open_reader(self.settings)
        custom = [choice.folder for choice in custom_models.chosen(self.settings)]
        self.warning = golden_sample.check(reader, custom, is_strict=self.settings.golden_check)
        seconds = time.monotonic() - begun
        version = model_version(self.settings, reader.models)
        self.metrics.loaded(reader.models, reader.engine, reader.slots, version)
        self.metrics.load_seconds.set(seconds)
        # Fetching waits for others, so there are more threads than slots even where THREADS is small.
        threads = max(self.settings.threads, 2 * reader.slots)
        self._pool = FairScheduler(threads, self.metrics.images_waiting.set)
        cache = image_cache.opened(
            self.settings, lambda outcome: self.metrics.image_cache_requests.labels(outcome).inc()
        )
        fetcher = Fetcher(self.settings, threads, cache=cache)
        image_reader = ImageReader(self.settings, reader, fetcher, self.metrics, version)
        if self.warning:
            logger.warning("%s", self.warning)
        self._reader = reader
        self._pipeline = Predictor(self.settings, reader, image_reader, self._pool, self.metrics, version)
        logger.info(
            "models loaded in %.1f s: %s on %s, %d slots, version %s",
            seconds,
            ", ".join(model.name for model in reader.models),
            reader.engine,
            reader.slots,
            version,
        )

    @property
    def is_ready(self) -> bool:
        """Whether it can read now."""
        return self._pipeline is not None and not self._is_stopping

    @property
    def is_stuck(self) -> bool:
        """Whether an image has held its thread for longer than any image takes."""
        return self._pool is not None and self._pool.oldest_seconds() > STUCK_SECONDS

    @property
    def pipeline(self) -> Predictor:
        """What reads.

        Raises:
            NotReadyError: the models are still being loaded.
        """
        if self._pipeline is None:
            raise self._not_loaded()
        return self._pipeline

    @property
    def reader(self) -> Reader:
        """What the pipeline reads with.

        Raises:
            NotReadyError: the models are still being loaded.
        """
        if self._reader is None:
            raise self._not_loaded()
        return self._reader

    @staticmethod
    def _not_loaded() -> NotReadyError:
        return NotReadyError("the models are being loaded; ask again when /readyz answers 200")

    @contextmanager
    def admitted(self) -> Iterator[None]:
        """A place among the requests that are worked on or wait.

        Raises:
            NotReadyError: there are too many.
        """
        if not self._requests.acquire(blocking=False):
            raise NotReadyError("too many requests wait already; ask again later, or run more replicas")
        try:
            yield
        finally:
            self._requests.release()

    def stop(self) -> None:
        """Lets what is being read end and drops the rest: its tasks are answered as not read."""
        self._is_stopping = True
        if self._pool is not None:
            self._pool.stop()
