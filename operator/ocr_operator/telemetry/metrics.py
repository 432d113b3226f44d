"""All metrics of the operator process.

Names and labels are those of controller-runtime where it has the metric, so that dashboards and alerts for
other operators work for this one. `workers` counts; `endpoints` serves the registry.
"""

from collections.abc import Callable

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)

disable_created_metrics()  # type: ignore[no-untyped-call]  # they would double the number of series

CONTROLLER = "ocrbackend"

_QUEUE_SECONDS = (0.001, 0.01, 0.1, 0.5, 1, 2, 5, 10, 30, 60)
_RECONCILE_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    """Collectors on their own registry, so that two operators in one process (tests) do not mix."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._add_reconciles()
        self._add_queue()
        self.api_requests = Counter(
            "rest_client_requests_total",
            "Requests to the API server by method and HTTP status, without kopf's watches",
            ["method", "code"],
            registry=self.registry,
        )
        self.backends = self._gauge("ocr_operator_backends", "Watched OCRBackends")
        self._staleness = Gauge(
            "ocr_operator_watch_staleness_seconds",
            "Seconds since the watch of a kind was last verified; 0 while not leading",
            ["kind"],
            registry=self.registry,
        )
        self._leader = Gauge(
            "leader_election_master_status",
            "1 on the leader",
            ["name"],
            registry=self.registry,
        )

    def track_leader(self, lease: str, write_seconds_left: Callable[[], float]) -> None:
        """Reports whether this process may write, by the name of its Lease."""
        self._leader.labels(lease).set_function(lambda: float(write_seconds_left() > 0))

    def track_watch(self, kind: str, staleness: Callable[[], float]) -> None:
        """Reports the staleness of the watch of a kind."""
        self._staleness.labels(kind).set_function(staleness)

    def count_api_request(self, method: str, status: str) -> None:
        """A request to the API server has ended."""
        self.api_requests.labels(method, status).inc()

    def reconciled(self, result: str, seconds: float) -> None:
        """A reconcile ended: `success`, `requeue` (a step failed), `requeue_after` (scheduled) or `error`."""
        self.reconciles.labels(CONTROLLER, result).inc()
        self.reconcile_seconds.observe(seconds)
        if result == "error":
            self.reconcile_errors.inc()

    def added(self) -> None:
        """A key was queued."""
        self._adds.inc()

    def started(self, waited: float) -> None:
        """A worker started with a key."""
        self._queue_seconds.observe(waited)

    def finished(self, worked: float) -> None:
        """A worker finished a key."""
        self._work_seconds.observe(worked)

    def retried(self) -> None:
        """A key failed and will be retried."""
        self._retries.inc()

    def _add_reconciles(self) -> None:
        self.reconciles = Counter(
            "controller_runtime_reconcile_total",
            "Reconciles of OCRBackends by result",
            ["controller", "result"],
            registry=self.registry,
        )
        for result in ("success", "requeue", "requeue_after", "error"):
            self.reconciles.labels(CONTROLLER, result)
        self.reconcile_errors = Counter(
            "controller_runtime_reconcile_errors_total",
            "Reconciles that failed with an error",
            ["controller"],
            registry=self.registry,
        ).labels(CONTROLLER)
        self.reconcile_seconds = self._histogram(
            "controller_runtime_reconcile_time_seconds",
            "Duration of a reconcile",
            "controller",
            _RECONCILE_SECONDS,
        )
        self.workers = self._gauge(
            "controller_runtime_max_concurrent_reconciles", "Maximum concurrent reconciles", "controller"
        )

    def _add_queue(self) -> None:
        self.queue_depth = self._gauge("workqueue_depth", "OCRBackends that wait for a reconcile", "name")
        self.longest_work = self._gauge(
            "workqueue_longest_running_processor_seconds", "Age of the oldest running reconcile", "name"
        )
        self._adds = self._counter("workqueue_adds_total", "OCRBackends added to the queue")
        self._retries = self._counter("workqueue_retries_total", "OCRBackends queued again after a failure")
        self._queue_seconds = self._histogram(
            "workqueue_queue_duration_seconds",
            "Time in the queue",
            "name",
            _QUEUE_SECONDS,
        )
        self._work_seconds = self._histogram(
            "workqueue_work_duration_seconds", "Time of processing", "name", _QUEUE_SECONDS
        )

    def _counter(self, name: str, text: str) -> Counter:
        return Counter(name, text, ["name"], registry=self.registry).labels(CONTROLLER)

    def _gauge(self, name: str, text: str, label: str = "") -> Gauge:
        if not label:
            return Gauge(name, text, registry=self.registry)
        return Gauge(name, text, [label], registry=self.registry).labels(CONTROLLER)

    def _histogram(self, name: str, text: str, label: str, buckets: tuple[float, ...]) -> Histogram:
        return Histogram(name, text, [label], buckets=buckets, registry=self.registry).labels(CONTROLLER)
