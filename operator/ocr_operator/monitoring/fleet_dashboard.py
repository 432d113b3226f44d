"""The dashboard of all OCRBackends: readiness, latency and failures. Pure data."""

from ocr_operator.monitoring.dashboard_model import Dashboard, Panel, Query, Variable
from ocr_operator.monitoring.promql import (
    BACKEND,
    OCRBACKEND,
    RATE_INTERVAL,
    SLOW_SECONDS,
    VARIANT,
    mean,
    quantile,
    rate,
    ratio,
)

_VARIANT_LEGEND = "{{ocrbackend}} {{language}}/{{model_type}}"
_UNREAD = 'outcome!~"read|no_text"'
_NAMESPACE = 'namespace=~"$namespace"'
_BACKENDS = f"{BACKEND}, {_NAMESPACE}"
_PREDICT_REQUESTS = f'{_BACKENDS}, path="/predict"'

_NUMBERS = (
    Panel(
        "Variants ready",
        "Number of variants whose pods all match the spec and serve.",
        "number",
        (Query(f'count(ocrbackend_status_variant{{phase="Ready", {_NAMESPACE}}}) or vector(0)'),),
        width=4,
    ),
    Panel(
        "Variants not ready",
        "Number of variants in any other phase; the table below shows the reasons.",
        "number",
        (Query(f'count(ocrbackend_status_variant{{phase!="Ready", {_NAMESPACE}}}) or vector(0)'),),
        width=4,
        thresholds=(1,),
    ),
    Panel(
        "Variants without a ready pod",
        "Number of variants that serve nothing: their annotators get no predictions.",
        "number",
        (
            Query(
                f'count(ocrbackend_status_variant_replicas{{state="ready", {_NAMESPACE}}} == 0) or vector(0)'
            ),
        ),
        width=4,
        thresholds=(1,),
    ),
    Panel(
        "Alerts firing",
        "Number of firing alerts of this product, in all namespaces.",
        "number",
        (Query('count(ALERTS{alertname=~"OCR.*", alertstate="firing"}) or vector(0)'),),
        width=4,
        thresholds=(1, 3),
    ),
    Panel(
        "Predict latency (p95)",
        "95 % of the predict requests are answered within this time. Label Studio times out after 100 s.",
        "number",
        (
            Query(
                "histogram_quantile(0.95, sum by (le) (rate(ocr_request_seconds_bucket"
                f"{{{_PREDICT_REQUESTS}}}[{RATE_INTERVAL}])))"
            ),
        ),
        unit="s",
        width=4,
        thresholds=(SLOW_SECONDS / 2, SLOW_SECONDS),
    ),
    Panel(
        "Tasks not read",
        "Share of tasks without a prediction: the image was unreachable, refused, broken or late.",
        "number",
        (
            Query(
                f"sum(rate(ocr_tasks_total{{{_BACKENDS}, {_UNREAD}}}[{RATE_INTERVAL}])) / "
                f"sum(rate(ocr_tasks_total{{{_BACKENDS}}}[{RATE_INTERVAL}]))"
            ),
        ),
        unit="percentunit",
        width=4,
        thresholds=(0.05, 0.2),
    ),
)

_ROLLOUTS = (
    Panel(
        "Variants",
        "Phase and reason of every variant. docs/reasons.md describes the fix for each reason.",
        "table",
        (Query(f"max by ({VARIANT}, phase, reason) (ocrbackend_status_variant{{{_NAMESPACE}}})"),),
        width=12,
    ),
    Panel(
        "Variants by phase",
        "RollingOut: the previous revision serves while the new one starts.",
        "stacked",
        (Query(f"sum by (phase) (ocrbackend_status_variant{{{_NAMESPACE}}})", "{{phase}}"),),
        width=12,
    ),
)

_PREDICTIONS = (
    Panel(
        "Predict latency by variant (p95)",
        "95 % of the predict requests of a variant are answered within this time.",
        "lines",
        (
            Query(
                quantile(0.95, "ocr_request_seconds", VARIANT, RATE_INTERVAL, _PREDICT_REQUESTS),
                _VARIANT_LEGEND,
            ),
        ),
        unit="s",
        thresholds=(SLOW_SECONDS,),
    ),
    Panel(
        "Tasks per second",
        "Throughput of each variant.",
        "stacked",
        (Query(rate("ocr_tasks_total", VARIANT, RATE_INTERVAL, _BACKENDS), _VARIANT_LEGEND),),
        unit="ops",
    ),
    Panel(
        "Share of tasks not read",
        "Failures of each variant; the backend dashboard shows the causes.",
        "lines",
        (Query(ratio("ocr_tasks_total", VARIANT, RATE_INTERVAL, _UNREAD, _BACKENDS), _VARIANT_LEGEND),),
        unit="percentunit",
        thresholds=(0.2,),
        maximum=1,
    ),
    Panel(
        "Inference slot saturation",
        "Share of inference slots that are busy. At 100 % the cores or the GPU limit the variant and images "
        "queue.",
        "lines",
        (
            Query(
                f"sum by ({VARIANT}) (avg_over_time(ocr_slots_busy{{{_BACKENDS}}}[{RATE_INTERVAL}])) / "
                f"sum by ({VARIANT}) (ocr_slots{{{_BACKENDS}}})",
                _VARIANT_LEGEND,
            ),
        ),
        unit="percentunit",
        thresholds=(0.9,),
        maximum=1,
    ),
    Panel(
        "Scores by language",
        "Mean score of the text lines. A drop means other images, another language or other models.",
        "lines",
        (
            Query(
                mean("ocr_line_score", f"{OCRBACKEND}, language", RATE_INTERVAL, _BACKENDS),
                "{{ocrbackend}} {{language}}",
            ),
        ),
        unit="percentunit",
        maximum=1,
    ),
    Panel(
        "Model versions",
        "The version that predictions carry. A variant has two during a rollout.",
        "table",
        (Query(f"count by ({VARIANT}, model_version) (ocr_version_info{{{_BACKENDS}}})"),),
    ),
)

FLEET_DASHBOARD = Dashboard(
    "fleet",
    "OCR / Fleet",
    "All OCRBackends: readiness, latency and failures.",
    (Variable("namespace", "Namespace", "ocrbackend_status_variant"),),
    (*_NUMBERS, *_ROLLOUTS, *_PREDICTIONS),
)
