"""What a scrape shows of OCRBackends."""

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


def test_an_object_without_a_status_yet_shows_nothing() -> None:
    assert _scrape((KEY, {})) == []


def test_models_that_are_fetched_are_shown_with_their_bytes() -> None:
    variant = STATUS["variants"][0]
    there = {"state": "Fetching", "bytes": 61, "totalBytes": 142, "percent": 42, "job": "ocr-models-1"}
    found = _scrape((KEY, {"variants": [variant | {"models": there}]}))
    about = 'language="ch",model_type="server",namespace="labs",ocrbackend="ocr"'
    assert [line for line in found if "_models" in line] == [
        f'ocrbackend_status_variant_models{{{about},state="Fetching"}} 1.0',
        f'ocrbackend_status_variant_models_bytes{{amount="there",{about}}} 61.0',
        f'ocrbackend_status_variant_models_bytes{{amount="all",{about}}} 142.0',
    ]
