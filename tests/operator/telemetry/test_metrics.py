"""The manual documents every metric of the operator, and no other."""

import re
from pathlib import Path

from prometheus_client import generate_latest

from ocr_operator.api.names import NamespacedName
from ocr_operator.telemetry.claim_metrics import ClaimCollector
from ocr_operator.telemetry.metrics import CONTROLLER, Metrics
from ocr_operator.telemetry.status_metrics import StatusCollector

STATUS = {
    "conditions": [{"type": "Ready", "status": "True", "reason": "Available"}],
    "variants": [
        {
            "name": "chinese",
            "language": "ch",
            "modelType": "mobile",
            "phase": "Ready",
            "models": {"state": "Downloading", "bytes": 1, "totalBytes": 2},
            "reason": "Available",
            "replicas": {"desired": 1, "updated": 1, "ready": 1},
        }
    ],
}
DOCUMENT = Path(__file__).parents[3] / "docs" / "operating.md"


def test_the_document_names_every_metric_with_its_labels() -> None:
    metrics = Metrics()
    metrics.track_leader("operator", lambda: 1.0)
    metrics.track_watch("Pod", lambda: 1.0)
    metrics.count_api_request("GET", "200")
    metrics.registry.register(StatusCollector(lambda: [(NamespacedName("labs", "ocr"), STATUS)]))
    metrics.registry.register(ClaimCollector(lambda: {"labs": "labs/other"}))
    text = generate_latest(metrics.registry).decode()
    series = re.findall(r"^([a-z_]+?)(?:_bucket|_sum|_count)?(?:\{(.*)\})? ", text, re.MULTILINE)
    exported = {
        (name, *sorted(set(re.findall(r'([a-z_]+)="', labels)) - {"le"}))
        for name, labels in series
        if not name.startswith("process_")
    }
    table = [line for line in DOCUMENT.read_text("utf-8").splitlines() if line.startswith("| `")]
    documented = {
        (name, *sorted(filter(None, labels.split(","))))
        for line in table
        for name, labels in re.findall(r"`([a-z_]+)(?:\{([a-z_,]+)\})?`", line.split("|")[1])
    }
    assert exported == documented


def test_only_the_result_error_counts_as_an_error() -> None:
    metrics = Metrics()
    for result in ("success", "requeue", "requeue_after", "error"):
        metrics.reconciled(result, 0.1)
    value = metrics.registry.get_sample_value
    labels = {"controller": CONTROLLER}
    assert value("controller_runtime_reconcile_errors_total", labels) == 1
    assert value("controller_runtime_reconcile_total", {**labels, "result": "success"}) == 1
    assert value("controller_runtime_reconcile_time_seconds_count", labels) == 4


def test_the_leader_is_the_process_that_may_write() -> None:
    metrics, seconds = Metrics(), [0.0]
    metrics.track_leader("operator", lambda: seconds[0])
    value = metrics.registry.get_sample_value
    assert value("leader_election_master_status", {"name": "operator"}) == 0
    seconds[0] = 1.0
    assert value("leader_election_master_status", {"name": "operator"}) == 1
