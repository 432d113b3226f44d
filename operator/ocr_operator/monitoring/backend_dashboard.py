"""The dashboard of one OCRBackend: latency, failures, saturation and rollouts. Pure data."""

from ocr_operator.monitoring.dashboard_model import Dashboard, Panel, Query, Variable, rising
from ocr_operator.monitoring.promql import (
    BACKEND,
    RATE_INTERVAL,
    SLOW_SECONDS,
    increase,
    mean,
    quantile,
    rate,
    ratio,
)

_CHOSEN = 'namespace=~"$namespace", ocrbackend=~"$ocrbackend", variant=~"$variant"'
_PODS = f"{BACKEND}, {_CHOSEN}"
_NAMESPACE = 'namespace=~"$namespace"'
_VARIABLES = (
    Variable("namespace", "Namespace", "ocrbackend_status_variant", is_single=True),
    Variable("ocrbackend", "OCRBackend", f"ocrbackend_status_variant{{{_NAMESPACE}}}", is_single=True),
    Variable("variant", "Variant", f'ocrbackend_status_variant{{{_NAMESPACE}, ocrbackend=~"$ocrbackend"}}'),
)

_REQUESTS = (
    Panel(
        "Predict latency",
        "Time from a predict request to its response. Label Studio times out after 100 s.",
        "lines",
        tuple(
            Query(
                quantile(q, "ocr_request_seconds", "variant", RATE_INTERVAL, f'{_PODS}, path="/predict"'),
                f"{{{{variant}}}} {legend}",
            )
            for q, legend in ((0.5, "p50"), (0.95, "p95"))
        ),
        unit="s",
        levels=rising(SLOW_SECONDS),
    ),
    Panel(
        "Time per image by stage",
        "Mean seconds in each stage. fetch: the image store; wait: for an inference slot; read: the models.",
        "stacked",
        (Query(mean("ocr_stage_seconds", "stage", RATE_INTERVAL, _PODS), "{{stage}}"),),
        unit="s",
    ),
    Panel(
        "Tasks by outcome",
        "Causes of failure: unreachable (not fetched), refused (blocked by policy), broken (not a valid "
        "image), late (past the deadline; the next Retrieve reads it), failed (error in the backend).",
        "stacked",
        (Query(rate("ocr_tasks_total", "outcome", RATE_INTERVAL, _PODS), "{{outcome}}"),),
        unit="ops",
    ),
    Panel(
        "Responses by path and status",
        "4xx: the request is invalid. 503: too many requests are queued. 500: error in the backend; search "
        "its log for the id.",
        "stacked",
        (
            Query(
                rate(
                    "ocr_requests_total",
                    "path, status",
                    RATE_INTERVAL,
                    f'{_PODS}, path!~"/(live|ready)z|/metrics"',
                ),
                "{{path}} {{status}}",
            ),
        ),
        unit="ops",
    ),
    Panel(
        "Image fetch latency (p95)",
        "Latency of each image source: which store is slow?",
        "lines",
        (Query(quantile(0.95, "ocr_fetch_seconds", "source", RATE_INTERVAL, _PODS), "{{source}}"),),
        unit="s",
    ),
    Panel(
        "Inference slots",
        "Busy slots, all slots, and images in the queue. If all slots are busy, the cores or the GPU are the "
        "limit.",
        "lines",
        (
            Query(
                f"sum by (variant) (avg_over_time(ocr_slots_busy{{{_PODS}}}[{RATE_INTERVAL}]))",
                "{{variant}} busy",
            ),
            Query(f"sum by (variant) (ocr_slots{{{_PODS}}})", "{{variant}} all"),
            Query(
                f"sum by (variant) (avg_over_time(ocr_images_waiting{{{_PODS}}}[{RATE_INTERVAL}]))",
                "{{variant}} queued",
            ),
        ),
    ),
)

_PODS_AND_MODELS = (
    Panel(
        "CPU cores used by pod",
        "`limit` is what the CPU limit and the node allow one pod. For GPUs see your DCGM exporter.",
        "lines",
        (
            Query(f"sum by (pod) (rate(ocr_cpu_seconds_total{{{_PODS}}}[{RATE_INTERVAL}]))", "{{pod}}"),
            Query(f"max by (variant) (ocr_cpu_cores{{{_PODS}}})", "{{variant}} limit"),
        ),
    ),
    Panel(
        "Memory by pod",
        "A pod that reaches its limit is killed, and the images that it is reading are lost.",
        "lines",
        (
            Query(f"max by (pod) (ocr_memory_bytes{{{_PODS}}})", "{{pod}}"),
            Query(f"min by (variant) (ocr_memory_limit_bytes{{{_PODS}}})", "{{variant}} limit"),
        ),
        unit="bytes",
    ),
    Panel(
        "Pods",
        "Progress of a rollout: desired pods, pods of the new revision (updated) and serving pods (ready).",
        "lines",
        tuple(
            Query(
                f"max by (variant) (ocrbackend_status_variant_replicas_{state}{{{_CHOSEN}}})",
                f"{{{{variant}}}} {state}",
            )
            for state in ("desired", "updated", "ready")
        ),
    ),
    Panel(
        "Model downloads",
        "Downloaded bytes of each variant's models, and their size; `kubectl ocr why` shows details.",
        "lines",
        tuple(
            Query(
                f"max by (variant) (ocrbackend_status_variant_models_{amount}_bytes{{{_CHOSEN}}})",
                f"{{{{variant}}}} {amount}",
            )
            for amount in ("downloaded", "total")
        ),
        unit="bytes",
    ),
    Panel(
        "Model load time",
        "Seconds until a pod had loaded its models and could read.",
        "lines",
        (Query(f"max by (pod) (ocr_load_seconds{{{_PODS}}})", "{{pod}}"),),
        unit="s",
    ),
    Panel(
        "Worker starts",
        "Number of worker processes that each pod started. More starts than workers mean restarts.",
        "lines",
        (Query(f"max by (pod) (ocr_worker_starts_total{{{_PODS}}})", "{{pod}}"),),
    ),
    Panel(
        "Result cache lookups",
        "Lookups of pages by outcome; `joined`: requested again while being read.",
        "stacked",
        (Query(rate("ocr_result_cache_requests_total", "outcome", RATE_INTERVAL, _PODS), "{{outcome}}"),),
        unit="ops",
    ),
    Panel(
        "Image cache lookups",
        "Lookups of image files by outcome.",
        "stacked",
        (Query(rate("ocr_image_cache_requests_total", "outcome", RATE_INTERVAL, _PODS), "{{outcome}}"),),
        unit="ops",
    ),
)

_QUALITY = (
    Panel(
        "Scores by language",
        "Mean score of the text lines. If it drops and stays low, check the images of new tasks.",
        "lines",
        (Query(mean("ocr_line_score", "language", RATE_INTERVAL, _PODS), "{{language}}"),),
        unit="percentunit",
        maximum=1,
    ),
    Panel(
        "Loaded models",
        "The loaded models with their engine and the first digits of their digest.",
        "table",
        (Query(f"count by (variant, role, name, engine, digest) (ocr_model_info{{{_PODS}}})"),),
        width=16,
    ),
    Panel(
        "Text lines per image",
        "Mean number of text lines. A drop to zero means empty images or unsuitable models.",
        "lines",
        (Query(mean("ocr_image_lines", "language", RATE_INTERVAL, _PODS), "{{language}}"),),
    ),
    Panel(
        "Lines corrected by annotators",
        "Share of the predicted lines whose text or box annotators changed, in the last day. `other`: lines "
        "that an earlier model version predicted.",
        "lines",
        (
            Query(
                ratio(
                    "ocr_annotated_lines_total",
                    "variant, model_version",
                    "1d",
                    'outcome="changed"',
                    f'{_PODS}, outcome=~"accepted|changed"',
                ),
                "{{variant}} {{model_version}}",
            ),
        ),
        unit="percentunit",
        maximum=1,
    ),
    Panel(
        "Annotated lines by outcome",
        "Lines of submitted annotations in the last day: accepted (as read), changed, deleted (counted only "
        "if Label Studio sends the prediction) and added (drawn by hand).",
        "stacked",
        (Query(increase("ocr_annotated_lines_total", "outcome", "1d", _PODS), "{{outcome}}"),),
    ),
)

BACKEND_DASHBOARD = Dashboard(
    "backend",
    "OCR / Backend",
    "One OCRBackend: latency, failures, saturation and rollouts.",
    _VARIABLES,
    (*_REQUESTS, *_PODS_AND_MODELS, *_QUALITY),
)
