"""The dashboard of one OCRBackend: latency, failures, saturation and rollouts. Pure data."""

from ocr_operator.monitoring.dashboard_model import Dashboard, Panel, Query, Variable
from ocr_operator.monitoring.promql import BACKEND, RATE_INTERVAL, SLOW_SECONDS, mean, quantile, rate

_CHOSEN = (
    'namespace=~"$namespace", ocrbackend=~"$ocrbackend", language=~"$language", model_type=~"$model_type"'
)
_PODS = f"{BACKEND}, {_CHOSEN}"
_VARIABLES = (
    Variable("namespace", "Namespace", "ocrbackend_status_variant"),
    Variable("ocrbackend", "OCRBackend", 'ocrbackend_status_variant{namespace=~"$namespace"}'),
    Variable("language", "Language", 'ocrbackend_status_variant{ocrbackend=~"$ocrbackend"}'),
    Variable("model_type", "Model type", 'ocrbackend_status_variant{ocrbackend=~"$ocrbackend"}'),
)

_REQUESTS = (
    Panel(
        "Predict latency",
        "Time from a predict request to its response. Label Studio times out after 100 s.",
        "lines",
        tuple(
            Query(
                f"histogram_quantile({q}, sum by (le) (rate(ocr_request_seconds_bucket"
                f'{{{_PODS}, path="/predict"}}[{RATE_INTERVAL}])))',
                legend,
            )
            for q, legend in ((0.5, "p50"), (0.95, "p95"))
        ),
        unit="s",
        thresholds=(SLOW_SECONDS,),
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
            Query(f"sum(avg_over_time(ocr_slots_busy{{{_PODS}}}[{RATE_INTERVAL}]))", "busy"),
            Query(f"sum(ocr_slots{{{_PODS}}})", "all"),
            Query(f"sum(avg_over_time(ocr_images_waiting{{{_PODS}}}[{RATE_INTERVAL}]))", "queued"),
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
            Query(f"max(ocr_cpu_cores{{{_PODS}}})", "limit"),
        ),
    ),
    Panel(
        "Memory by pod",
        "A pod that reaches its limit is killed, and the images that it is reading are lost.",
        "lines",
        (
            Query(f"max by (pod) (ocr_memory_bytes{{{_PODS}}})", "{{pod}}"),
            Query(f"min(ocr_memory_limit_bytes{{{_PODS}}})", "limit"),
        ),
        unit="bytes",
    ),
    Panel(
        "Pods",
        "Progress of a rollout: desired pods, pods of the new revision (updated) and serving pods (ready).",
        "lines",
        (
            Query(
                f"sum by (language, model_type, state) (ocrbackend_status_variant_replicas{{{_CHOSEN}}})",
                "{{language}}/{{model_type}} {{state}}",
            ),
        ),
    ),
    Panel(
        "Model downloads",
        "State of the models of each variant that downloads them; `kubectl ocr why` shows details.",
        "lines",
        (
            Query(
                f"sum by (language, model_type, state) (ocrbackend_status_variant_models{{{_CHOSEN}}})",
                "{{language}}/{{model_type}} {{state}}",
            ),
        ),
    ),
    Panel(
        "Model load time and worker starts",
        "Seconds until a pod could read, and the number of worker starts. More starts than workers mean "
        "restarts.",
        "lines",
        (
            Query(f"max by (pod) (ocr_load_seconds{{{_PODS}}})", "{{pod}} load time, s"),
            Query(f"max by (pod) (ocr_worker_starts_total{{{_PODS}}})", "{{pod}} worker starts"),
        ),
    ),
    Panel(
        "Cache lookups",
        "Lookups of pages (`joined`: requested again while being read) and of image files, by outcome.",
        "stacked",
        (
            Query(
                rate("ocr_result_cache_requests_total", "outcome", RATE_INTERVAL, _PODS), "page {{outcome}}"
            ),
            Query(
                rate("ocr_image_cache_requests_total", "outcome", RATE_INTERVAL, _PODS), "file {{outcome}}"
            ),
        ),
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
        (Query(f"count by (language, model_type, role, name, engine, digest) (ocr_model_info{{{_PODS}}})"),),
        width=16,
    ),
    Panel(
        "Text lines per image",
        "Mean number of text lines. A drop to zero means empty images or unsuitable models.",
        "lines",
        (Query(mean("ocr_image_lines", "language", RATE_INTERVAL, _PODS), "{{language}}"),),
    ),
)

BACKEND_DASHBOARD = Dashboard(
    "backend",
    "OCR / Backend",
    "One OCRBackend: latency, failures, saturation and rollouts.",
    _VARIABLES,
    (*_REQUESTS, *_PODS_AND_MODELS, *_QUALITY),
)
