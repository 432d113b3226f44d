"""The dashboard of all OCRBackends: is all ready, how long do annotators wait, what fails. Pure data."""

from ocr_operator.monitoring.alerts import SLOW_SECONDS
from ocr_operator.monitoring.dashboard_model import Dashboard, Panel, Query, Variable
from ocr_operator.monitoring.promql import BACKEND, FAMILY, VARIANT, WINDOW, mean, quantile, ratio, total

_OF_VARIANT = "{{ocrbackend}} {{language}}/{{model_type}}"
_UNREAD = 'outcome!~"read|no_text"'
_HERE = 'namespace=~"$namespace"'
_PODS_HERE = f"{BACKEND}, {_HERE}"

PAGE = Dashboard(
    "fleet",
    "OCR / Fleet",
    "All OCRBackends: is every variant ready, how long do annotators wait, what fails.",
    (Variable("namespace", "Namespace", "ocrbackend_status_variant"),),
    (
        Panel(
            "Variants ready",
            "Variants that serve as their spec says.",
            "number",
            (Query(f'count(ocrbackend_status_variant{{phase="Ready", {_HERE}}}) or vector(0)'),),
            width=4,
        ),
        Panel(
            "Not ready",
            "Variants that do not; the table below says why.",
            "number",
            (Query(f'count(ocrbackend_status_variant{{phase!="Ready", {_HERE}}}) or vector(0)'),),
            width=4,
            worse_from=(1,),
        ),
        Panel(
            "Without a pod",
            "Variants of which nothing serves: their annotators get no predictions.",
            "number",
            (
                Query(
                    f'count(ocrbackend_status_variant_replicas{{state="ready", {_HERE}}} == 0) or vector(0)'
                ),
            ),
            width=4,
            worse_from=(1,),
        ),
        Panel(
            "Alerts firing",
            "Alerts of this product that fire now, of all namespaces.",
            "number",
            (Query('count(ALERTS{alertname=~"OCR.*", alertstate="firing"}) or vector(0)'),),
            width=4,
            worse_from=(1, 3),
        ),
        Panel(
            "Label Studio waits (p95)",
            "Time within which 19 of 20 requests for predictions are answered. Label Studio gives "
            "up after 100 s.",
            "number",
            (
                Query(
                    "histogram_quantile(0.95, sum by (le) (rate(ocr_request_seconds_bucket"
                    f'{{{_PODS_HERE}, path="/predict"}}[{WINDOW}])))'
                ),
            ),
            unit="s",
            width=4,
            worse_from=(SLOW_SECONDS / 2, SLOW_SECONDS),
        ),
        Panel(
            "Tasks not read",
            "Share of tasks that got no prediction: the image did not come, is refused or "
            "broken, or was late.",
            "number",
            (
                Query(
                    f"sum(rate(ocr_tasks_total{{{_PODS_HERE}, {_UNREAD}}}[{WINDOW}])) / "
                    f"sum(rate(ocr_tasks_total{{{_PODS_HERE}}}[{WINDOW}]))"
                ),
            ),
            unit="percentunit",
            width=4,
            worse_from=(0.05, 0.2),
        ),
        Panel(
            "Variants",
            "Is every variant ready, and if not, why? docs/reasons.md says what to do about each reason.",
            "table",
            (
                Query(
                    f"max by ({VARIANT}, phase, reason) (ocrbackend_status_variant{{{_HERE}}})",
                ),
            ),
            width=12,
        ),
        Panel(
            "What is rolling out",
            "Variants by phase. RollingOut: the previous revision serves while the new one starts.",
            "stacked",
            (Query(f"sum by (phase) (ocrbackend_status_variant{{{_HERE}}})", "{{phase}}"),),
            width=12,
        ),
        Panel(
            "How long Label Studio waits (p95)",
            "Time within which 19 of 20 requests for predictions are answered, by variant.",
            "lines",
            (
                Query(
                    quantile(0.95, "ocr_request_seconds", VARIANT, WINDOW, f'{_PODS_HERE}, path="/predict"'),
                    _OF_VARIANT,
                ),
            ),
            unit="s",
            worse_from=(SLOW_SECONDS,),
        ),
        Panel(
            "Tasks per second",
            "How much is read, and by which variant.",
            "stacked",
            (Query(total("ocr_tasks_total", VARIANT, WINDOW, _PODS_HERE), _OF_VARIANT),),
            unit="ops",
        ),
        Panel(
            "Share of tasks not read",
            "Which variant fails? The dashboard of one backend says by what.",
            "lines",
            (Query(ratio("ocr_tasks_total", VARIANT, WINDOW, _UNREAD, _PODS_HERE), _OF_VARIANT),),
            unit="percentunit",
            worse_from=(0.2,),
            top=1,
        ),
        Panel(
            "Places for reading in use",
            "At 100 % the cores or the GPU of a variant are the limit: images wait.",
            "lines",
            (
                Query(
                    f"sum by ({VARIANT}) (avg_over_time(ocr_slots_busy{{{_PODS_HERE}}}[{WINDOW}])) / "
                    f"sum by ({VARIANT}) (ocr_slots{{{_PODS_HERE}}})",
                    _OF_VARIANT,
                ),
            ),
            unit="percentunit",
            worse_from=(0.9,),
            top=1,
        ),
        Panel(
            "Scores by language",
            "Mean confidence of the lines read. A drop: other images, another language, or other models.",
            "lines",
            (
                Query(
                    mean("ocr_line_score", f"{FAMILY}, language", WINDOW, _PODS_HERE),
                    "{{ocrbackend}} {{language}}",
                ),
            ),
            unit="percentunit",
            top=1,
        ),
        Panel(
            "Versions that read",
            "The version that predictions carry; two for one variant while a new revision rolls out.",
            "table",
            (Query(f"count by ({VARIANT}, model_version) (ocr_version_info{{{_PODS_HERE}}})"),),
        ),
    ),
)
