"""Every number that the backend tells Prometheus, in one place.

Imported only after the environment says whether several processes share the numbers (prometheus_client
decides that at import): `server` sees to it. Labels have few possible values, never a task or a text.
"""

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
    multiprocess,
)
from prometheus_client.registry import Collector

from ocr_backend.ocr_types import LoadedModel

disable_created_metrics()  # type: ignore[no-untyped-call]  # as many series again, which nobody asks for

Stage = Literal["fetch", "decode", "wait", "read"]

SHARED_DIR = "PROMETHEUS_MULTIPROC_DIR"
"""Variable of prometheus_client that names the folder in which processes share their numbers."""

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100)
_BYTES = (10_000, 50_000, 100_000, 500_000, 1_000_000, 5_000_000, 10_000_000, 50_000_000)
_PIXELS = (10_000, 100_000, 500_000, 1_000_000, 2_000_000, 5_000_000, 10_000_000, 25_000_000, 80_000_000)
_LINES = (0, 1, 2, 5, 10, 20, 50, 100, 200, 500)
_SCORES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1)


@dataclass(frozen=True)
class Described:
    """A metric as the manual lists it."""

    name: str
    kind: str
    labels: tuple[str, ...]
    doc: str


class Metrics:
    """The collectors of one process, in a registry of their own."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        if SHARED_DIR not in os.environ:
            ProcessCollector(registry=registry)

        self._added: list[Collector] = []
        self.described: list[Described] = []

        def counter(name: str, doc: str, *labels: str) -> Counter:
            self.described.append(Described(name, "counter", labels, doc))
            return Counter(name, doc, labels, registry=registry)

        def histogram(name: str, doc: str, buckets: Sequence[float], *labels: str) -> Histogram:
            self.described.append(Described(name, "histogram", labels, doc))
            return Histogram(name, doc, labels, buckets=buckets, registry=registry)

        def gauge(name: str, doc: str, mode: Literal["livesum", "livemax"], *labels: str) -> Gauge:
            self.described.append(Described(name, "gauge", labels, doc))
            return Gauge(name, doc, labels, multiprocess_mode=mode, registry=registry)

        self.requests = counter("ocr_requests_total", "Requests, by path and status", "path", "status")
        self.request_seconds = histogram(
            "ocr_request_seconds", "Time from a request to its answer", _SECONDS, "path"
        )
        self.tasks = counter("ocr_tasks_total", "Tasks, by what became of them", "outcome")
        self.stage_seconds = histogram(
            "ocr_stage_seconds", "Time that one image spends in a stage", _SECONDS, "stage"
        )
        self.fetch_seconds = histogram(
            "ocr_fetch_seconds", "Time that the file of an image takes to come", _SECONDS, "source"
        )
        self.image_bytes = histogram("ocr_image_bytes", "Size of the files of images", _BYTES, "source")
        self.image_cache_requests = counter(
            "ocr_image_cache_requests_total",
            "Files of images looked for in the cache on disk, by what came of it",
            "outcome",
        )
        self.image_pixels = histogram("ocr_image_pixels", "Pixels of images", _PIXELS)
        self.image_lines = histogram("ocr_image_lines", "Lines found in an image", _LINES)
        self.line_score = histogram("ocr_line_score", "The recogniser's confidence in a line", _SCORES)
        self.result_cache = counter(
            "ocr_result_cache_requests_total",
            "Pages looked for among those that were read lately, by what came of it",
            "outcome",
        )
        self.slots = gauge("ocr_slots", "Images that can be read at the same moment", "livesum")
        self.slots_busy = gauge("ocr_slots_busy", "Images that are being read", "livesum")
        self.images_waiting = gauge("ocr_images_waiting", "Images that no thread has begun", "livesum")
        self.workers_ready = gauge("ocr_workers_ready", "Workers with their models loaded", "livesum")
        self.load_seconds = gauge("ocr_load_seconds", "Time that loading the models took", "livemax")
        self.model_info = gauge(
            "ocr_model_info", "1 for each network in use", "livemax", "part", "name", "digest", "engine"
        )
        self.version_info = gauge(
            "ocr_version_info", "1 for the version that predictions carry", "livemax", "model_version"
        )

    def add(self, collector: Collector) -> None:
        """Shows also what the collector says; it must say the same in every process of the pod."""
        self._added.append(collector)

    @contextmanager
    def stage(self, name: Stage) -> Iterator[None]:
        """Times a stage, whatever comes of it."""
        begun = time.perf_counter()
        try:
            yield
        finally:
            self.stage_seconds.labels(name).observe(time.perf_counter() - begun)

    def loaded(self, models: Sequence[LoadedModel], engine: str, slots: int, version: str) -> None:
        """Says what is running from now on."""
        for model in models:
            self.model_info.labels(model.part, model.name, model.digest[:12], engine).set(1)
        self.version_info.labels(version).set(1)
        self.slots.set(slots)
        self.workers_ready.set(1)

    def text(self) -> bytes:
        """Prometheus' text form, of all processes where several share their numbers."""
        return generate_latest(self._numbers()) + generate_latest(self._of_the_pod())

    def _numbers(self) -> CollectorRegistry:
        if SHARED_DIR not in os.environ:
            return self._registry
        together = CollectorRegistry()
        multiprocess.MultiProcessCollector(together)  # type: ignore[no-untyped-call]
        return together

    def _of_the_pod(self) -> CollectorRegistry:
        found = CollectorRegistry()
        for collector in self._added:
            found.register(collector)
        return found


CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""Of `Metrics.text`."""
