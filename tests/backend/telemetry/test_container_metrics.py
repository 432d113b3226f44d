"""Numbers of the pod as a whole, beside those that its processes count."""

import pytest

from ocr_backend.telemetry import container_metrics
from ocr_backend.telemetry.metrics import Described, Metrics


def test_they_stand_beside_the_counted_ones_and_the_unknown_are_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    readings = (
        (Described("ocr_memory_bytes", "gauge", (), "Memory"), lambda: 5),
        (Described("ocr_memory_limit_bytes", "gauge", (), "Limit"), lambda: None),
    )
    monkeypatch.setattr(container_metrics, "READINGS", readings)
    metrics, starts = Metrics(), iter((1, 2))
    metrics.add(container_metrics.PodCollector(lambda: next(starts)))
    lines = [metrics.text().decode().splitlines() for _ in range(2)]
    assert "ocr_slots 0.0" in lines[0]
    assert "ocr_memory_bytes 5.0" in lines[0]
    assert "# TYPE ocr_worker_starts_total counter" in lines[0]
    assert "ocr_worker_starts_total 1.0" in lines[0]
    assert "ocr_worker_starts_total 2.0" in lines[1]
    assert not [one for one in lines[0] if "ocr_memory_limit_bytes" in one]
