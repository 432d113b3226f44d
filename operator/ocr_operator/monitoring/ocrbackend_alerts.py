"""Alerts about OCRBackends that are not ready or not monitored. Pure data.

Thresholds are estimates unless a comment says otherwise. A reason may alternate with `Starting` or
`Downloading` at every attempt, so an alert needs a reason that requires action only within a window, which is
shorter than its duration: a single short failure does not fire it.
"""

from ocr_operator.monitoring.alert_model import QUIET_REASONS, VARIANT_LABELS, Alert
from ocr_operator.monitoring.promql import BACKEND, OCRBACKEND, VARIANT, variants_without_ready_pod

_NEEDS_ACTION = f'reason!~"{QUIET_REASONS}"'
_READY_PODS = f"max by ({VARIANT}) (ocrbackend_status_variant_replicas_ready{{}})"
_WHY = (
    "Run `kubectl ocr why NAME` to see the first cause and the next command. The section of the reason "
    "describes the fix."
)
_SILENT = (
    'max by (namespace, ocrbackend, variant) (ocrbackend_status_variant{phase="Suspended"} or '
    'ocrbackend_status_variant{reason="Paused"})'
)
"""Variants that a user stopped."""


def _is_false(condition: str) -> str:
    return f'condition="{condition}", status="false"'


def _condition(selector: str) -> str:
    return f"max by ({OCRBACKEND}) (ocrbackend_status_condition{{{selector}}})"


def _recent_condition(selector: str, window: str) -> str:
    return f"max by ({OCRBACKEND}) (max_over_time(ocrbackend_status_condition{{{selector}}}[{window}]))"


def _not_ready(condition: str, window: str) -> str:
    """A condition is false, lately with a reason that requires action."""
    recently = _recent_condition(f"{_is_false(condition)}, {_NEEDS_ACTION}", window)
    return f"({_condition(_is_false(condition))} and on ({OCRBACKEND}) {recently})"


def _variant_down() -> str:
    recently = f"max by ({VARIANT}) (max_over_time(ocrbackend_status_variant{{{_NEEDS_ACTION}}}[4m]))"
    ready = "ocrbackend_status_variant_replicas_ready"
    for_long = (
        f"(max by ({VARIANT}) (max_over_time({ready}{{}}[15m])) == 0 and on ({VARIANT}) "
        f"max by ({VARIANT}) ({ready}{{}} offset 15m) == 0)"
    )
    return (
        f"{variants_without_ready_pod()} and on ({VARIANT}) ({recently} or {for_long}) "
        f"unless on ({VARIANT}) {_SILENT}"
    )


def _backend_not_ready() -> str:
    ready = _is_false("Ready")
    was_ready = _recent_condition('condition="Ready", status!="false"', "50m")
    is_paused = _condition(f'{ready}, reason="Paused"')
    for_long = (
        f"({_condition(ready)} and on ({OCRBACKEND}) ocrbackend_status_condition{{{ready}}} offset 50m "
        f"unless on ({OCRBACKEND}) {was_ready} unless on ({OCRBACKEND}) {is_paused})"
    )
    return (
        f"({_not_ready('Ready', '8m')} or {for_long}) unless on ({OCRBACKEND}) "
        f"{_not_ready('ModelsReady', '8m')}"
    )


def _reason_of_condition(condition: str) -> str:
    labels = 'namespace="$namespace", ocrbackend="$ocrbackend"'
    return f"ocrbackend_status_condition{{{labels}, {_is_false(condition)}}}"


OCRBACKEND_ALERTS = (
    Alert(
        "OCRVariantDown",
        "critical",
        "5m",
        _variant_down(),
        f"{VARIANT_LABELS} has no ready pod",
        "A variant has no ready pod, so annotators of its projects get no predictions. While the pods only "
        "start or download models, the alert fires after 20 minutes. Suspended variants are silent.",
        _WHY,
        reason_selector='ocrbackend_status_variant{namespace="$namespace", ocrbackend="$ocrbackend", '
        'variant="$variant"}',
    ),
    Alert(
        "OCRModelsNotReady",
        "warning",
        "10m",
        _not_ready("ModelsReady", "8m"),
        "The models of {{ $labels.namespace }}/{{ $labels.ocrbackend }} are not ready",
        "Models of a variant cannot be downloaded, mounted or loaded, or they misread the golden sample.",
        "The condition ModelsReady (`kubectl describe ocrb NAME`) names the variant. The section of the "
        "reason describes the fix.",
        reason_selector=_reason_of_condition("ModelsReady"),
    ),
    Alert(
        "OCRBackendNotReady",
        "warning",
        "10m",
        _backend_not_ready(),
        "{{ $labels.namespace }}/{{ $labels.ocrbackend }} is not ready",
        "A variant of the OCRBackend does not match its spec; an older revision may still serve. One alert "
        "fires per OCRBackend. While nothing requires action, as during a rollout, it fires after an hour. "
        "OCRModelsNotReady covers the models.",
        _WHY,
        reason_selector=_reason_of_condition("Ready"),
    ),
    Alert(
        "OCRReadinessLost",
        "warning",
        "1m",
        f"max by ({VARIANT}) (resets(ocrbackend_status_variant_replicas_ready{{}}[30m])) > 3 "
        f"unless on ({VARIANT}) "
        f"max by ({VARIANT}) (changes(ocrbackend_status_variant_replicas_desired{{}}[30m])) > 0",
        f"Pods of {VARIANT_LABELS} keep losing readiness",
        "The number of ready pods of a variant fell more than three times within 30 minutes, although the "
        "desired number did not change.",
        "Run `kubectl describe pod` to see failing probes, restarts and evictions. Workers that restart, "
        "memory near the limit and a busy node are common causes.",
    ),
    Alert(
        "OCRBackendNotScraped",
        "info",
        "15m",
        f"{_READY_PODS} > 0 unless on ({VARIANT}) up{{{BACKEND}}} == 1",
        f"Prometheus does not scrape the pods of {VARIANT_LABELS}",
        "A variant serves, but Prometheus scrapes none of its pods, so alerts about its predictions cannot "
        "fire.",
        "Set spec.monitoring.serviceMonitor, or metrics.podMonitor.enabled in the chart. Check the labels by "
        "which Prometheus selects monitors, and that spec.networkPolicy admits Prometheus.",
    ),
)
