"""A scrape returns the status of every OCRBackend."""

from typing import Any

from prometheus_client import CollectorRegistry, generate_latest

from ocr_operator.api.names import NamespacedName
from ocr_operator.telemetry.status_metrics import StatusCollector

KEY = NamespacedName("labs", "ocr")
STATUS = {
    "conditions": [{"type": "Ready", "status": "False", "reason": "OOMKilled"}],
    "variants": [
        {
            "name": "chinese",
            "language": "ch",
            "modelType": "server",
            "phase": "Failed",
            "reason": "OOMKilled",
            "replicas": {"desired": 2, "ready": 1},
        }
    ],
}
LABELS = 'namespace="labs",ocrbackend="ocr"'


def _scrape(*statuses: tuple[NamespacedName, dict[str, Any]]) -> list[str]:
    registry = CollectorRegistry()
    registry.register(StatusCollector(lambda: statuses))
    lines = generate_latest(registry).decode().splitlines()
    return [line.removeprefix("ocrbackend_status_") for line in lines if not line.startswith("#")]


def test_each_condition_and_each_variant_is_a_series_with_its_reason() -> None:
    assert _scrape((KEY, STATUS)) == [
        f'condition{{condition="Ready",{LABELS},reason="OOMKilled",status="false"}} 1.0',
        f'variant{{{LABELS},phase="Failed",reason="OOMKilled",variant="chinese"}} 1.0',
        f'variant_info{{language="ch",model_type="server",{LABELS},variant="chinese"}} 1.0',
        f'variant_replicas_desired{{{LABELS},variant="chinese"}} 2.0',
        f'variant_replicas_ready{{{LABELS},variant="chinese"}} 1.0',
    ]


def test_two_variants_with_the_same_language_and_model_type_have_different_series() -> None:
    [variant] = STATUS["variants"]
    lines = _scrape((KEY, {"variants": [variant, variant | {"name": "chinese-gpu"}]}))
    assert len(set(lines)) == len(lines) == 8


def test_an_object_without_a_status_has_no_series() -> None:
    assert _scrape((KEY, {})) == []


def test_models_that_are_downloaded_are_shown_with_their_bytes() -> None:
    [variant] = STATUS["variants"]
    models = {"state": "Downloading", "bytes": 61, "totalBytes": 142, "percent": 42, "job": "ocr-models-1"}
    lines = _scrape((KEY, {"variants": [variant | {"models": models}]}))
    about = f'{LABELS},variant="chinese"'
    assert [line for line in lines if "_models" in line] == [
        f'variant_models{{{LABELS},state="Downloading",variant="chinese"}} 1.0',
        f"variant_models_downloaded_bytes{{{about}}} 61.0",
        f"variant_models_total_bytes{{{about}}} 142.0",
    ]
