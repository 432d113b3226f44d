"""Alerts about OCRBackends that are not ready or not monitored. Pure data.

Thresholds are estimates unless a comment says otherwise.
"""

from ocr_operator.monitoring.alert_model import QUIET_REASONS, VARIANT_LABELS, Alert
from ocr_operator.monitoring.promql import BACKEND, OCRBACKEND, VARIANT

_NEEDS_ACTION = f'reason!~"{QUIET_REASONS}"'


def _condition_is_false(condition: str) -> str:
    selector = f'condition="{condition}", status="false", {_NEEDS_ACTION}'
    return f"max by ({OCRBACKEND}, reason) (ocrbackend_status_condition{{{selector}}})"


def _pods(state: str) -> str:
    return f'max by ({VARIANT}) (ocrbackend_status_variant_replicas{{state="{state}"}})'


OCRBACKEND_ALERTS = (
    Alert(
        "OCRVariantDown",
        "critical",
        "5m",
        f"max by ({VARIANT}, reason) (ocrbackend_status_variant{{{_NEEDS_ACTION}}}) "
        f"and on ({VARIANT}) {_pods('desired')} > 0 and on ({VARIANT}) {_pods('ready')} == 0",
        f"{VARIANT_LABELS} has no ready pod: {{{{ $labels.reason }}}}",
        "A variant has no ready pod, so annotators of its projects get no predictions.",
        "Run `kubectl ocr why NAME` to see the first cause and the next command. The section of the reason "
        "describes the fix.",
        by_reason=True,
    ),
    Alert(
        "OCRModelsNotReady",
        "warning",
        "5m",
        _condition_is_false("ModelsReady"),
        "The models of {{ $labels.namespace }}/{{ $labels.ocrbackend }} are not ready: {{ $labels.reason }}",
        "Models of a variant cannot be downloaded, mounted or loaded, or they misread the golden sample.",
        "The condition ModelsReady (`kubectl describe ocrb NAME`) names the variant. The section of the "
        "reason describes the fix.",
        by_reason=True,
    ),
    Alert(
        "OCRBackendNotReady",
        "warning",
        "10m",
        f"{_condition_is_false('Ready')} unless on ({OCRBACKEND}) {_condition_is_false('ModelsReady')}",
        "{{ $labels.namespace }}/{{ $labels.ocrbackend }} is not ready: {{ $labels.reason }}",
        "A variant of the OCRBackend does not match its spec; an older revision may still serve. One alert "
        "fires per OCRBackend, with the most urgent reason. OCRModelsNotReady covers the models.",
        "Run `kubectl ocr why NAME` to see the first cause and the next command. The section of the reason "
        "describes the fix.",
        by_reason=True,
    ),
    Alert(
        "OCRBackendNotScraped",
        "info",
        "15m",
        f"{_pods('ready')} > 0 unless on ({VARIANT}) up{{{BACKEND}}} == 1",
        f"Prometheus does not scrape the pods of {VARIANT_LABELS}",
        "A variant serves, but Prometheus scrapes none of its pods, so alerts about its predictions cannot "
        "fire.",
        "Set spec.monitoring.serviceMonitor, or metrics.podMonitor.enabled in the chart. Check the labels by "
        "which Prometheus selects monitors, and that spec.networkPolicy admits Prometheus.",
    ),
)
