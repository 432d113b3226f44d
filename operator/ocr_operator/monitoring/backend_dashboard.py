"""The dashboard of one OCRBackend: where the time goes, what fails and why, what the limit is. Pure data."""

from ocr_operator.monitoring.alerts import SLOW_SECONDS
from ocr_operator.monitoring.dashboard_model import Dashboard, Panel, Query, Variable
from ocr_operator.monitoring.promql import BACKEND, WINDOW, mean, quantile, total

_ONE = 'namespace=~"$namespace", ocrbackend=~"$ocrbackend", language=~"$language", model_type=~"$model_type"'
_PODS_OF_ONE = f"{BACKEND}, {_ONE}"
_CHOICES = (
    Variable("namespace", "Namespace", "ocrbackend_status_variant"),
    Variable("ocrbackend", "OCRBackend", 'ocrbackend_status_variant{namespace=~"$namespace"}'),
    Variable("language", "Language", 'ocrbackend_status_variant{ocrbackend=~"$ocrbackend"}'),
    Variable("model_type", "Model type", 'ocrbackend_status_variant{ocrbackend=~"$ocrbackend"}'),
)

PAGE = Dashboard(
    "backend",
    "OCR / Backend",
    "One OCRBackend: where the time goes, what fails and why, what the limit is, what rolls out.",
    _CHOICES,
    (
        Panel(
            "How long Label Studio waits",
            "Time from a request for predictions to its answer. Label Studio gives up after 100 s.",
            "lines",
            tuple(
                Query(
                    f"histogram_quantile({share}, sum by (le) (rate(ocr_request_seconds_bucket"
                    f'{{{_PODS_OF_ONE}, path="/predict"}}[{WINDOW}])))',
                    name,
                )
                for share, name in ((0.5, "half within"), (0.95, "19 of 20 within"))
            ),
            unit="s",
            worse_from=(SLOW_SECONDS,),
        ),
        Panel(
            "Where the time of an image goes",
            "Mean seconds in each stage. fetch: its store is slow; wait: all places are taken; "
            "read: the models.",
            "stacked",
            (Query(mean("ocr_stage_seconds", "stage", WINDOW, _PODS_OF_ONE), "{{stage}}"),),
            unit="s",
        ),
        Panel(
            "Tasks by outcome",
            "What fails and why: unreachable (did not come), refused (not allowed), broken (no "
            "image), late (no "
            "time, comes with the next Retrieve), failed (ours).",
            "stacked",
            (Query(total("ocr_tasks_total", "outcome", WINDOW, _PODS_OF_ONE), "{{outcome}}"),),
            unit="ops",
        ),
        Panel(
            "Answers by path and status",
            "4xx: what was sent is wrong. 503: too many requests wait. 500: ours; the log has it by its id.",
            "stacked",
            (
                Query(
                    total(
                        "ocr_requests_total",
                        "path, status",
                        WINDOW,
                        f'{_PODS_OF_ONE}, path!~"/(live|ready)z|/metrics"',
                    ),
                    "{{path}} {{status}}",
                ),
            ),
            unit="ops",
        ),
        Panel(
            "Time to fetch an image (p95)",
            "By source: which store is slow?",
            "lines",
            (Query(quantile(0.95, "ocr_fetch_seconds", "source", WINDOW, _PODS_OF_ONE), "{{source}}"),),
            unit="s",
        ),
        Panel(
            "Places for reading",
            "Busy ones, all there are, and images that wait. Busy as all: cores or GPU are the limit.",
            "lines",
            (
                Query(f"sum(avg_over_time(ocr_slots_busy{{{_PODS_OF_ONE}}}[{WINDOW}]))", "busy"),
                Query(f"sum(ocr_slots{{{_PODS_OF_ONE}}})", "all"),
                Query(f"sum(avg_over_time(ocr_images_waiting{{{_PODS_OF_ONE}}}[{WINDOW}]))", "waiting"),
            ),
        ),
        Panel(
            "Cores in use, by pod",
            "Is the CPU the limit? `may use` is what limits and the node leave to one pod. GPUs: "
            "see your DCGM exporter.",
            "lines",
            (
                Query(f"sum by (pod) (rate(ocr_cpu_seconds_total{{{_PODS_OF_ONE}}}[{WINDOW}]))", "{{pod}}"),
                Query(f"max(ocr_cpu_cores{{{_PODS_OF_ONE}}})", "may use"),
            ),
        ),
        Panel(
            "Memory, by pod",
            "At its limit a pod is killed, and what it reads is lost.",
            "lines",
            (
                Query(f"max by (pod) (ocr_memory_bytes{{{_PODS_OF_ONE}}})", "{{pod}}"),
                Query(f"min(ocr_memory_limit_bytes{{{_PODS_OF_ONE}}})", "limit"),
            ),
            unit="bytes",
        ),
        Panel(
            "Pods",
            "What is rolling out: desired, of the new revision (updated), and serving (ready).",
            "lines",
            (
                Query(
                    f"sum by (language, model_type, state) (ocrbackend_status_variant_replicas{{{_ONE}}})",
                    "{{language}}/{{model_type}} {{state}}",
                ),
            ),
        ),
        Panel(
            "Models on the volume",
            "What is done to the models of each variant that has them fetched; `kubectl ocr why` says more.",
            "lines",
            (
                Query(
                    f"sum by (language, model_type, state) (ocrbackend_status_variant_models{{{_ONE}}})",
                    "{{language}}/{{model_type}} {{state}}",
                ),
            ),
        ),
        Panel(
            "Loading the models, and starts of workers",
            "Seconds until a pod could read, and how many workers it has started; more than there "
            "are: some ended.",
            "lines",
            (
                Query(f"max by (pod) (ocr_load_seconds{{{_PODS_OF_ONE}}})", "{{pod}} loading, s"),
                Query(f"max by (pod) (ocr_worker_starts_total{{{_PODS_OF_ONE}}})", "{{pod}} starts"),
            ),
        ),
        Panel(
            "Caches",
            "Pages read lately (`joined`: asked for again while being read) and files of images, "
            "by what came of "
            "looking there.",
            "stacked",
            (
                Query(
                    total("ocr_result_cache_requests_total", "outcome", WINDOW, _PODS_OF_ONE),
                    "page {{outcome}}",
                ),
                Query(
                    total("ocr_image_cache_requests_total", "outcome", WINDOW, _PODS_OF_ONE),
                    "file {{outcome}}",
                ),
            ),
            unit="ops",
        ),
        Panel(
            "Scores by language",
            "Mean confidence of the lines read; a drop that stays asks for a look at new tasks.",
            "lines",
            (Query(mean("ocr_line_score", "language", WINDOW, _PODS_OF_ONE), "{{language}}"),),
            unit="percentunit",
            top=1,
        ),
        Panel(
            "Models in use",
            "The networks that are loaded, with their engine and the beginning of their digest.",
            "table",
            (
                Query(
                    f"count by (language, model_type, part, name, engine, digest) "
                    f"(ocr_model_info{{{_PODS_OF_ONE}}})"
                ),
            ),
            width=16,
        ),
        Panel(
            "Lines per image",
            "Mean number of lines found. A drop to none: empty images, or models that do not fit.",
            "lines",
            (Query(mean("ocr_image_lines", "language", WINDOW, _PODS_OF_ONE), "{{language}}"),),
        ),
    ),
)
