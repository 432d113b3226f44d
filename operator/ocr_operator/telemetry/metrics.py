"""Every number the operator shows, in one place.

Named as controller-runtime names them where it has names, with its labels, so that the dashboards and alerts
that people have for their other operators show this one. `handlers` counts; `endpoints` serves the registry.
"""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

CONTROLLER = "ocrbackend"

_QUEUE_SECONDS = (0.001, 0.01, 0.1, 0.5, 1, 2, 5, 10, 30, 60)
_RECONCILE_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    """Collectors on a registry of their own, so that two operators in one process (tests) do not mix."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._add_reconciles()
        self._add_queue()
        self.api_requests = Counter(
            "rest_client_requests_total",
            "Requests to the API server but kopf's own, by method and HTTP status",
            ["method", "code"],
            registry=self.registry,
        )
        self.backends = self._gauge("ocr_operator_backends", "OCRBackends that are watched")
        self._staleness = Gauge(
            "ocr_operator_watch_staleness_seconds",
            "Seconds since watching a kind was last known to work; 0 while standing by",
            ["kind"],
            registry=self.registry,
        )
        self._leader = Gauge(
            "leader_election_master_status", "1 on the operator that leads", ["name"], registry=self.registry
        )

    def leads(self, name: str, seconds_left: Callable[[], float]) -> None:
        """Shows whether this operator may write, by its lease."""
        self._leader.labels(name).set_function(lambda: float(seconds_left() > 0))

    def watches(self, kind: str, staleness: Callable[[], float]) -> None:
        """Shows how stale a kind is."""
        self._staleness.labels(kind).set_function(staleness)

    def api_answered(self, method: str, status: str) -> None:
        """A request to the API server has ended."""
        self.api_requests.labels(method, status).inc()

    def reconciled(self, result: str, seconds: float) -> None:
        """A look ended: `success`, `requeue` (after a failed step), `requeue_after` (in time) or `error`."""
        self.reconciles.labels(CONTROLLER, result).inc()
        self.reconcile_seconds.observe(seconds)
        if result == "error":
            self.reconcile_errors.inc()

    def added(self) -> None:
        """A key waits in the queue."""
        self._adds.inc()

    def taken(self, waited: float) -> None:
        """A worker took a key."""
        self._waited.observe(waited)

    def finished(self, worked: float) -> None:
        """A worker is done with a key."""
        self._worked.observe(worked)

    def retried(self) -> None:
        """A key comes again since it failed."""
        self._retries.inc()

    def _add_reconciles(self) -> None:
        self.reconciles = Counter(
            "controller_runtime_reconcile_total",
            "Looks at OCRBackends, by how they ended",
            ["controller", "result"],
            registry=self.registry,
        )
        for result in ("success", "requeue", "requeue_after", "error"):
            self.reconciles.labels(CONTROLLER, result)
        self.reconcile_errors = Counter(
            "controller_runtime_reconcile_errors_total",
            "Looks at OCRBackends that failed",
            ["controller"],
            registry=self.registry,
        ).labels(CONTROLLER)
        self.reconcile_seconds = self._histogram(
            "controller_runtime_reconcile_time_seconds",
            "Duration of one look at an OCRBackend",
            "controller",
            _RECONCILE_SECONDS,
        )
        self.workers = self._gauge(
            "controller_runtime_max_concurrent_reconciles", "OCRBackends looked at at once", "controller"
        )

    def _add_queue(self) -> None:
        self.queue_depth = self._gauge("workqueue_depth", "OCRBackends that wait to be looked at", "name")
        self.longest_work = self._gauge(
            "workqueue_longest_running_processor_seconds", "Age of the look that takes longest", "name"
        )
        self._adds = self._counter("workqueue_adds_total", "OCRBackends that came to wait")
        self._retries = self._counter("workqueue_retries_total", "OCRBackends to be looked at again")
        self._waited = self._histogram(
            "workqueue_queue_duration_seconds", "Time that an OCRBackend waits", "name", _QUEUE_SECONDS
        )
        self._worked = self._histogram(
            "workqueue_work_duration_seconds", "Time with a worker", "name", _QUEUE_SECONDS
        )

    def _counter(self, name: str, text: str) -> Counter:
        return Counter(name, text, ["name"], registry=self.registry).labels(CONTROLLER)

    def _gauge(self, name: str, text: str, label: str = "") -> Gauge:
        if not label:
            return Gauge(name, text, registry=self.registry)
        return Gauge(name, text, [label], registry=self.registry).labels(CONTROLLER)

    def _histogram(self, name: str, text: str, label: str, buckets: tuple[float, ...]) -> Histogram:
        return Histogram(name, text, [label], buckets=buckets, registry=self.registry).labels(CONTROLLER)
