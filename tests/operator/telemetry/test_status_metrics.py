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
            "language": "ch",
            "modelType": "server",
            "phase": "Failed",
            "reason": "OOMKilled",
            "replicas": {"desired": 2, "ready": 1},
        }
    ],
}


def _scrape(*statuses: tuple[NamespacedName, dict[str, Any]]) -> list[str]:
    registry = CollectorRegistry()
    registry.register(StatusCollector(lambda: statuses))
    lines = generate_latest(registry).decode().splitlines()
    return [line for line in lines if not line.startswith("#")]


def test_each_condition_and_each_variant_is_a_series_with_its_reason() -> None:
    assert _scrape((KEY, STATUS)) == [
        'ocrbackend_status_condition{condition="Ready",namespace="labs",ocrbackend="ocr",reason="OOMKilled",'
        'status="false"} 1.0',
        'ocrbackend_status_variant{language="ch",model_type="server",namespace="labs",ocrbackend="ocr",'
        'phase="Failed",reason="OOMKilled"} 1.0',
        'ocrbackend_status_variant_replicas{language="ch",model_type="server",namespace="labs",'
        'ocrbackend="ocr",state="desired"} 2.0',
        'ocrbackend_status_variant_replicas{language="ch",model_type="server",namespace="labs",'
        'ocrbackend="ocr",state="ready"} 1.0',
    ]


def test_an_object_without_a_status_has_no_series() -> None:
    assert _scrape((KEY, {})) == []


def test_models_that_are_downloaded_are_shown_with_their_bytes() -> None:
    variant = STATUS["variants"][0]
    models = {"state": "Downloading", "bytes": 61, "totalBytes": 142, "percent": 42, "job": "ocr-models-1"}
    lines = _scrape((KEY, {"variants": [variant | {"models": models}]}))
    about = 'language="ch",model_type="server",namespace="labs",ocrbackend="ocr"'
    assert [line for line in lines if "_models" in line] == [
        f'ocrbackend_status_variant_models{{{about},state="Downloading"}} 1.0',
        f'ocrbackend_status_variant_models_bytes{{amount="downloaded",{about}}} 61.0',
        f'ocrbackend_status_variant_models_bytes{{amount="total",{about}}} 142.0',
    ]
