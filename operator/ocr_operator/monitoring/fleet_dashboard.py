"""The dashboard of all OCRBackends: readiness, latency and failures. Pure data."""

from ocr_operator.monitoring.alerts import ALERTS
from ocr_operator.monitoring.dashboard_model import (
    PHASE_COLORS,
    SEVERITY_COLORS,
    Dashboard,
    Level,
    Panel,
    Query,
    Variable,
    rising,
)
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
    variants_without_ready_pod,
)

_VARIANT_LEGEND = "{{ocrbackend}} {{variant}}"
_UNREAD = 'outcome!~"read|no_text"'
_NAMESPACE = 'namespace=~"$namespace"'
_BACKENDS = f"{BACKEND}, {_NAMESPACE}"
_FIRING = f'alertname=~"{"|".join(alert.name for alert in ALERTS)}", alertstate="firing", {_NAMESPACE}'
_PREDICT_REQUESTS = f'{_BACKENDS}, path="/predict"'

_NUMBERS = (
    Panel(
        "Variants ready",
        "Number of variants whose pods all match the spec and serve. Red if there is none.",
        "number",
        (Query(f'count(ocrbackend_status_variant{{phase="Ready", {_NAMESPACE}}}) or vector(0)'),),
        width=4,
        levels=(Level(0, "red"), Level(1, "green")),
    ),
    Panel(
        "Variants that need action",
        "Number of variants that failed or were rolled back; the table below shows the reasons. A rollout "
        "is not counted.",
        "number",
        (
            Query(
                f'count(ocrbackend_status_variant{{phase=~"Failed|RolledBack", {_NAMESPACE}}}) or vector(0)'
            ),
        ),
        width=4,
        levels=rising(1),
    ),
    Panel(
        "Variants without a ready pod",
        "Number of variants that should serve and do not: their annotators get no predictions. Suspended "
        "variants and those scaled to zero are not counted.",
        "number",
        (Query(f"count({variants_without_ready_pod(_NAMESPACE)}) or vector(0)"),),
        width=4,
        levels=rising(1),
    ),
    Panel(
        "Alerts firing",
        "Number of firing alerts of this product in the namespace; the table below lists them.",
        "number",
        (Query(f"count(ALERTS{{{_FIRING}}}) or vector(0)"),),
        width=4,
        levels=rising(1, 3),
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
        levels=rising(SLOW_SECONDS / 2, SLOW_SECONDS),
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
        levels=rising(0.05, 0.2),
    ),
)

_ROLLOUTS = (
    Panel(
        "Variants",
        "Phase and reason of every variant; a click shows its dashboard. docs/reasons.md describes the fix "
        "for each reason.",
        "table",
        (Query(f"max by ({VARIANT}, phase, reason) (ocrbackend_status_variant{{{_NAMESPACE}}})"),),
        width=10,
        colors=PHASE_COLORS,
        links_to="backend",
    ),
    Panel(
        "Variants by phase",
        "RollingOut: the previous revision serves while the new one starts.",
        "stacked",
        (Query(f"sum by (phase) (ocrbackend_status_variant{{{_NAMESPACE}}})", "{{phase}}"),),
        width=6,
        colors=PHASE_COLORS,
    ),
    Panel(
        "Firing alerts",
        "The firing alerts of this product. docs/monitoring.md has a runbook for each.",
        "table",
        (Query(f"max by (alertname, severity, {VARIANT}) (ALERTS{{{_FIRING}}})"),),
        colors=SEVERITY_COLORS,
        links_to="backend",
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
        levels=rising(SLOW_SECONDS),
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
        levels=rising(0.2),
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
        levels=rising(0.9),
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
