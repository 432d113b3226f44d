"""All metrics of the backend, for Prometheus.

prometheus_client reads at import whether several processes share their metrics, so import this module only
after PROMETHEUS_MULTIPROC_DIR is set or unset. Labels have few possible values, never a task id or a text.
"""

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
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
from ocr_backend.telemetry import dead_processes

disable_created_metrics()  # type: ignore[no-untyped-call]  # they would double the number of series

Stage = Literal["fetch", "decode", "wait", "read"]
AnnotationEvent = Literal["created", "updated", "deleted"]

SHARED_DIR = "PROMETHEUS_MULTIPROC_DIR"
"""Variable of prometheus_client: the folder in which processes share their metrics."""

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100)
_BYTES = (10_000, 50_000, 100_000, 500_000, 1_000_000, 5_000_000, 10_000_000, 50_000_000)
_PIXELS = (10_000, 100_000, 500_000, 1_000_000, 2_000_000, 5_000_000, 10_000_000, 25_000_000, 80_000_000)
_LINES = (0, 1, 2, 5, 10, 20, 50, 100, 200, 500)
_SCORES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1)


@dataclass(frozen=True)
class MetricDescription:
    """A metric as the documentation lists it."""

    name: str
    kind: str
    labels: tuple[str, ...]
    doc: str


class _MetricFactory:
    """Creates metrics in one registry and records their descriptions."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self.descriptions: list[MetricDescription] = []

    def counter(self, name: str, doc: str, *labels: str) -> Counter:
        self.descriptions.append(MetricDescription(name, "counter", labels, doc))
        return Counter(name, doc, labels, registry=self._registry)

    def histogram(self, name: str, doc: str, buckets: Sequence[float], *labels: str) -> Histogram:
        self.descriptions.append(MetricDescription(name, "histogram", labels, doc))
        return Histogram(name, doc, labels, buckets=buckets, registry=self._registry)

    def gauge(self, name: str, doc: str, mode: Literal["livesum", "livemax"], *labels: str) -> Gauge:
        self.descriptions.append(MetricDescription(name, "gauge", labels, doc))
        return Gauge(name, doc, labels, multiprocess_mode=mode, registry=self._registry)


class Metrics:
    """The metrics of one process, in their own registry."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        if SHARED_DIR not in os.environ:
            ProcessCollector(registry=self._registry)
        self._collectors: list[Collector] = []
        factory = _MetricFactory(self._registry)
        self.descriptions = factory.descriptions
        self._create_request_metrics(factory)
        self._create_image_metrics(factory)
        self._create_annotation_metrics(factory)
        self._create_worker_metrics(factory)

    def _create_request_metrics(self, new: _MetricFactory) -> None:
        self.requests = new.counter(
            "ocr_requests_total", "HTTP requests, by path and status", "path", "status"
        )
        self.request_seconds = new.histogram(
            "ocr_request_seconds", "Time to answer a request", _SECONDS, "path"
        )
        self.tasks = new.counter("ocr_tasks_total", "Tasks, by outcome", "outcome")

    def _create_image_metrics(self, new: _MetricFactory) -> None:
        self.stage_seconds = new.histogram(
            "ocr_stage_seconds", "Time that one image spends in a stage", _SECONDS, "stage"
        )
        self.fetch_seconds = new.histogram(
            "ocr_fetch_seconds", "Time to fetch one image file", _SECONDS, "source"
        )
        self.image_bytes = new.histogram("ocr_image_bytes", "Size of image files", _BYTES, "source")
        self.image_cache_requests = new.counter(
            "ocr_image_cache_requests_total", "Look-ups in the image cache on disk, by outcome", "outcome"
        )
        self.image_pixels = new.histogram("ocr_image_pixels", "Pixels of images", _PIXELS)
        self.image_lines = new.histogram("ocr_image_lines", "Text lines in an image", _LINES)
        self.line_score = new.histogram("ocr_line_score", "Score of text lines", _SCORES)
        self.result_cache_requests = new.counter(
            "ocr_result_cache_requests_total", "Look-ups of pages in the result cache, by outcome", "outcome"
        )

    def _create_annotation_metrics(self, new: _MetricFactory) -> None:
        self.annotations = new.counter(
            "ocr_annotations_total",
            "Annotations in Label Studio's events, without those of skipped tasks, by event: created, "
            "updated or deleted",
            "event",
        )
        self.annotated_lines = new.counter(
            "ocr_annotated_lines_total",
            "Text lines of created annotations, by outcome: accepted (as read), changed (text or box), "
            "deleted (only if the event contains the prediction) or added (drawn by hand). Later updates do "
            "not count. The model version is that of the pod, or `other`",
            "outcome",
            "model_version",
        )

    def _create_worker_metrics(self, new: _MetricFactory) -> None:
        self.slots = new.gauge(
            "ocr_slots", "Inference slots: images that can be read at the same time", "livesum"
        )
        self.slots_busy = new.gauge("ocr_slots_busy", "Inference slots in use", "livesum")
        self.images_waiting = new.gauge("ocr_images_waiting", "Images that wait for a thread", "livesum")
        self.workers_ready = new.gauge("ocr_workers_ready", "Workers with loaded models", "livesum")
        self.load_seconds = new.gauge("ocr_load_seconds", "Time to load the models", "livemax")
        self.model_info = new.gauge(
            "ocr_model_info", "1 for each model in use", "livemax", "role", "name", "digest", "engine"
        )
        self.version_info = new.gauge(
            "ocr_version_info", "1 for the model version of the predictions", "livemax", "model_version"
        )

    def add_collector(self, collector: Collector) -> None:
        """Adds metrics of the whole pod: the collector must return the same in every process."""
        self._collectors.append(collector)

    @contextmanager
    def stage(self, name: Stage) -> Iterator[None]:
        """Records the duration of a stage, also when it fails."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.stage_seconds.labels(name).observe(time.perf_counter() - start)

    def record_ready(self, models: Sequence[LoadedModel], engine: str, slots: int, version: str) -> None:
        """Records that this worker has loaded its models."""
        for model in models:
            self.model_info.labels(model.role, model.name, model.digest[:12], engine).set(1)
        self.version_info.labels(version).set(1)
        for outcome in ("accepted", "changed"):  # from 0, so that the first lines count in rates
            self.annotated_lines.labels(outcome, version)
        self.slots.set(slots)
        self.workers_ready.set(1)

    def exposition(self) -> bytes:
        """The metrics of all processes in Prometheus' text format."""
        return self._process_metrics() + generate_latest(self._pod_registry())

    def _process_metrics(self) -> bytes:
        if SHARED_DIR not in os.environ:
            return generate_latest(self._registry)
        with dead_processes.shared_lock(Path(os.environ[SHARED_DIR])):
            return generate_latest(self._process_registry())

    def _process_registry(self) -> CollectorRegistry:
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return registry

    def _pod_registry(self) -> CollectorRegistry:
        registry = CollectorRegistry()
        for collector in self._collectors:
            registry.register(collector)
        return registry


CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""The content type of `Metrics.exposition`."""
