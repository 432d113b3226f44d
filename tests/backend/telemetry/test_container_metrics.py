"""Metrics of the whole container are exposed with those of the process."""

import pytest

from ocr_backend.telemetry import container_metrics
from ocr_backend.telemetry.metrics import MetricDescription, Metrics


def test_container_metrics_are_exposed_and_unknown_values_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    readings = (
        (MetricDescription("ocr_memory_bytes", "gauge", (), "Memory"), lambda: 5),
        (MetricDescription("ocr_memory_limit_bytes", "gauge", (), "Limit"), lambda: None),
    )
    monkeypatch.setattr(container_metrics, "READINGS", readings)
    metrics, starts = Metrics(), iter((1, 2))
    metrics.add_collector(container_metrics.ContainerCollector(lambda: next(starts)))
    lines = [metrics.exposition().decode().splitlines() for _ in range(2)]
    assert "ocr_slots 0.0" in lines[0]
    assert "ocr_memory_bytes 5.0" in lines[0]
    assert "# TYPE ocr_worker_starts_total counter" in lines[0]
    assert "ocr_worker_starts_total 1.0" in lines[0]
    assert "ocr_worker_starts_total 2.0" in lines[1]
    assert not [line for line in lines[0] if "ocr_memory_limit_bytes" in line]
