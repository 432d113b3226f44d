"""Numbers that the processes of a pod do not count: what the container uses, and starts of its workers.

Read when they are asked for. `server` adds the collector to a worker's `Metrics`.
"""

from collections.abc import Callable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ocr_backend.system import cgroup_usage
from ocr_backend.system.cpu_quota import usable_cores
from ocr_backend.telemetry.metrics import Described

Read = Callable[[], float | None]
"""Reads a number; None where it cannot be known."""

READINGS: tuple[tuple[Described, Read], ...] = (
    (
        Described(
            "ocr_memory_bytes",
            "gauge",
            (),
            "Memory that the container uses, without files that the kernel can drop",
        ),
        cgroup_usage.memory_bytes,
    ),
    (
        Described(
            "ocr_memory_limit_bytes",
            "gauge",
            (),
            "Memory at which the container is killed; absent without a limit",
        ),
        cgroup_usage.memory_limit_bytes,
    ),
    (
        Described("ocr_cpu_seconds_total", "counter", (), "Time that the container was on a core"),
        cgroup_usage.cpu_seconds,
    ),
    (Described("ocr_cpu_cores", "gauge", (), "Whole cores that the container may use"), usable_cores),
)

STARTS = Described(
    "ocr_worker_starts_total",
    "counter",
    (),
    "Worker processes that were started, those included that replace one",
)

DESCRIBED = (*(one for one, _ in READINGS), STARTS)


class PodCollector(Collector):
    """The readings above, and `starts()`: worker processes started since the server began."""

    def __init__(self, starts: Callable[[], int]) -> None:
        self._readings = (*READINGS, (STARTS, starts))

    def collect(self) -> Iterator[Metric]:
        """The metrics as of now, without those that cannot be known here."""
        for one, read in self._readings:
            if (value := read()) is not None:
                family = CounterMetricFamily if one.kind == "counter" else GaugeMetricFamily
                yield family(one.name, one.doc, value=value)

    def describe(self) -> Iterator[Metric]:
        """Nothing: registering reads nothing."""
        return iter(())
