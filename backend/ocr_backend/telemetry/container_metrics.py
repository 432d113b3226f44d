"""Metrics of the whole container: its memory and CPU time, and the starts of its workers.

They are read when Prometheus scrapes them.
"""

from collections.abc import Callable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ocr_backend.system import cgroup_cpu, cgroup_memory
from ocr_backend.telemetry.metrics import MetricDescription

ReadValue = Callable[[], float | None]
"""Reads a value; None if it is unknown here."""

READINGS: tuple[tuple[MetricDescription, ReadValue], ...] = (
    (
        MetricDescription(
            "ocr_memory_bytes", "gauge", (), "Memory that the container uses, without reclaimable file cache"
        ),
        cgroup_memory.used_bytes,
    ),
    (
        MetricDescription(
            "ocr_memory_limit_bytes", "gauge", (), "Memory limit of the container; absent without a limit"
        ),
        cgroup_memory.limit_bytes,
    ),
    (
        MetricDescription("ocr_cpu_seconds_total", "counter", (), "CPU time that the container used"),
        cgroup_cpu.used_seconds,
    ),
    (
        MetricDescription("ocr_cpu_cores", "gauge", (), "Whole CPU cores that the container may use"),
        cgroup_cpu.usable_cores,
    ),
)

WORKER_STARTS = MetricDescription(
    "ocr_worker_starts_total", "counter", (), "Worker processes started, including replacements"
)

DESCRIPTIONS = (*(description for description, _ in READINGS), WORKER_STARTS)


class ContainerCollector(Collector):
    """Collects the readings above and `worker_starts()`: worker processes started by this server."""

    def __init__(self, worker_starts: Callable[[], int]) -> None:
        self._readings = (*READINGS, (WORKER_STARTS, worker_starts))

    def collect(self) -> Iterator[Metric]:
        """The current values, without the unknown ones."""
        for description, read in self._readings:
            if (value := read()) is not None:
                family = CounterMetricFamily if description.kind == "counter" else GaugeMetricFamily
                yield family(description.name, description.doc, value=value)

    def describe(self) -> Iterator[Metric]:
        """Nothing, so that registering the collector reads nothing."""
        return iter(())
