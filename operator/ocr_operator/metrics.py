"""Every number the operator shows, in one place.

`handlers` counts; `endpoints` serves the registry.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector


class Metrics:
    """Collectors on a registry of their own, so that two operators in one process (tests) do not mix."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.reconciles = Counter(
            "ocr_operator_reconciles_total",
            "Looks at OCRBackends, by how they ended: settled, retried, failed",
            ["result"],
            registry=self.registry,
        )
        self.reconcile_seconds = Histogram(
            "ocr_operator_reconcile_seconds",
            "Duration of one look at an OCRBackend",
            registry=self.registry,
        )
        self.queue_depth = Gauge(
            "ocr_operator_queue_depth", "OCRBackends that wait to be looked at", registry=self.registry
        )
        self.backends = Gauge("ocr_operator_backends", "OCRBackends that are watched", registry=self.registry)
