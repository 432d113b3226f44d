"""Stands for an operator where only its numbers matter: its own collectors, with statuses that a test writes.

`pod` is how it would stand in a cluster; a real one needs an API server (`operator_process`).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from prometheus_client import start_http_server

from ocr_operator.metrics import Metrics
from ocr_operator.names import Key
from ocr_operator.status_metrics import StatusCollector

Json = dict[str, Any]


class OperatorNumbers:
    """What a scrape of the operator shows; everything is well at first, and nothing is there."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.statuses: dict[Key, Json] = {}
        self.leads, self.staleness_seconds = True, 0.0
        self.metrics = Metrics()
        self.metrics.leads("ocr", lambda: float(self.leads))
        self.metrics.watches("Pod", lambda: self.staleness_seconds)
        self.metrics.registry.register(StatusCollector(lambda: list(self.statuses.items())))

    def look(self, result: str = "success", code: str = "200") -> None:
        """A look at an OCRBackend has ended so, and one request to the API server."""
        self.metrics.added()
        self.metrics.taken(0.01)
        self.metrics.reconciled(result, 0.05)
        self.metrics.api_answered("GET", code)

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Answers scrapes until the end of the context."""
        server, thread = start_http_server(self.port, "127.0.0.1", self.metrics.registry)
        try:
            yield
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


def status(reason: str = "Available", degraded: bool = False, models: str = "Loaded", ready: int = 1) -> Json:
    """The status of an OCRBackend with one variant; not Ready unless the reason is Available."""
    is_ready = reason == "Available"
    conditions = [
        {"type": "Ready", "status": str(is_ready), "reason": reason},
        {"type": "Degraded", "status": str(degraded), "reason": "Conflict" if degraded else "AsExpected"},
        {"type": "ModelsReady", "status": str(models == "Loaded"), "reason": models},
    ]
    variant = {
        "language": "ch",
        "modelType": "mobile",
        "phase": "Ready" if is_ready else "Failed",
        "reason": reason,
        "replicas": {"desired": 1, "updated": 1, "ready": ready},
        "models": {"state": "Published"},
    }
    return {"conditions": conditions, "variants": [variant]}


def pod(name: str, port: int, port_name: str, **labels: str) -> Json:
    """A pod on loopback, as far as discovery sees it."""
    return {
        "metadata": {"name": name, "namespace": "labs", "labels": labels},
        "status": {"podIP": "127.0.0.1"},
        "spec": {"containers": [{"ports": [{"name": port_name, "containerPort": port}]}]},
    }
