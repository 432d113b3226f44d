"""Alerts about predictions: errors, latency, saturation, memory and scores. Pure data.

Thresholds are estimates unless a comment says otherwise.
"""

from ocr_operator.monitoring.alert_model import VARIANT_LABELS, Alert
from ocr_operator.monitoring.promql import (
    BACKEND,
    NOT_READ,
    OCRBACKEND,
    POD,
    SLOW_SECONDS,
    VARIANT,
    increase,
    mean,
    quantile,
    ratio,
)

_PREDICT_REQUESTS = f'{BACKEND}, path="/predict"'
_LANGUAGE = f"{OCRBACKEND}, language"
_ERROR = 'status=~"5..", status!="503"'
_FAILED = 'outcome="failed"'
_ANNOTATED_LINES = "ocr_annotated_lines_total"
_CHANGED = 'outcome="changed"'
_READ = f'{BACKEND}, outcome=~"accepted|changed"'
_FEW = 5
"""Requests or tasks in half an hour below which a share says nothing."""


def _share(metric: str, subset: str, limit: float, selector: str = BACKEND) -> str:
    """The share of a counter that matches `subset` is above the limit, and is more than a few.

    The window is shorter than the alerts' durations, so that a single burst does not fire them.
    """
    few = increase(metric, VARIANT, "30m", f"{selector}, {subset}")
    return f"({ratio(metric, VARIANT, '8m', subset, selector)} > {limit} and {few} > {_FEW})"


PREDICTION_ALERTS = (
    Alert(
        "OCRPredictionsFailing",
        "critical",
        "10m",
        f"{_share('ocr_requests_total', _ERROR, 0.05, _PREDICT_REQUESTS)} or "
        f"{_share('ocr_tasks_total', _FAILED, 0.05)}",
        f"{{{{ $value | humanizePercentage }}}} of the predictions of {VARIANT_LABELS} fail",
        "More than 5 % of the predict requests return a 5xx status other than 503, or more than 5 % of the "
        "tasks fail because of an error in the backend; more than five in half an hour.",
        "Search the pods' log for the errors by the id in brackets.",
    ),
    Alert(
        "OCRRequestsRejected",
        "warning",
        "10m",
        _share("ocr_requests_total", 'status="503"', 0.05, _PREDICT_REQUESTS),
        f"{VARIANT_LABELS} rejects {{{{ $value | humanizePercentage }}}} of the predict requests",
        "More than 5 % of the predict requests return 503, more than five in half an hour: too many requests "
        "are queued, or no worker is ready.",
        "Add replicas or send fewer requests at once. Check the pods' log for workers that restart.",
    ),
    Alert(
        "OCRPredictionsSlow",
        "warning",
        "10m",
        f"{quantile(0.95, 'ocr_request_seconds', VARIANT, '5m', _PREDICT_REQUESTS)} > {SLOW_SECONDS}",
        f"The p95 latency of predictions of {VARIANT_LABELS} is {{{{ $value | humanizeDuration }}}}",
        f"The p95 latency of predict requests is above {SLOW_SECONDS} s. Label Studio times out after 100 s. "
        "The backend responds after 90 s with what it has read by then; the rest needs another Retrieve.",
        "The backend dashboard shows which stage is slow. For `wait` and `read`, add replicas, cores or a "
        "GPU; for `fetch`, move the images to a faster or closer store.",
    ),
    Alert(
        "OCRImagesNotRead",
        "warning",
        "10m",
        _share("ocr_tasks_total", f'outcome=~"{NOT_READ}"', 0.2),
        f"{{{{ $value | humanizePercentage }}}} of the images for {VARIANT_LABELS} cannot be read",
        "More than 20 % of the tasks, and more than five in half an hour, have an image that "
        "could not be fetched (unreachable), was blocked by policy (refused) or is not a valid image "
        "(broken).",
        "The pods' log names each task and its cause. For `unreachable`, check the storage, its credentials "
        "and LABEL_STUDIO_API_KEY; for `refused`, OCR_FETCH_ALLOW and the limits in settings.md. "
        "`ocr-backend doctor` checks all of these.",
    ),
    Alert(
        "OCRTasksLate",
        "warning",
        "10m",
        _share("ocr_tasks_total", 'outcome="late"', 0.2),
        f"{{{{ $value | humanizePercentage }}}} of the tasks for {VARIANT_LABELS} are late",
        "More than 20 % of the tasks, and more than five in half an hour, were not read before the response "
        "was due. Each of them needs another Retrieve.",
        "The backend dashboard shows which stage is slow. Add replicas, cores or a GPU, or let Label Studio "
        "send fewer tasks in a request.",
    ),
    Alert(
        "OCRSlotsSaturated",
        "info",
        "15m",
        f"sum by ({VARIANT}) (avg_over_time(ocr_slots_busy{{{BACKEND}}}[5m])) / "
        f"sum by ({VARIANT}) (ocr_slots{{{BACKEND}}}) > 0.9 "
        f"and sum by ({VARIANT}) (avg_over_time(ocr_images_waiting{{{BACKEND}}}[5m])) > 1",
        f"The inference slots of {VARIANT_LABELS} are saturated",
        "All inference slots have been busy for 15 minutes and images are queueing.",
        "If a whole project is being read, wait for it to finish. Otherwise add replicas, or configure "
        "autoscaling or an accelerator for the variant.",
    ),
    Alert(
        "OCRMemoryNearLimit",
        "warning",
        "10m",
        f"max by ({POD}) (ocr_memory_bytes{{{BACKEND}}} / ocr_memory_limit_bytes{{{BACKEND}}}) > 0.9",
        "{{ $labels.pod }} uses {{ $value | humanizePercentage }} of its memory limit",
        "A pod uses more than 90 % of its memory limit. Above the limit the kernel kills it, and the images "
        "that it is reading are lost.",
        "Raise spec.variants[].resources.limits.memory, or lower spec.server.workers or maxImagePixels.",
    ),
    Alert(
        "OCRWorkersRestarting",
        "warning",
        "5m",
        f"max by ({POD}) (increase(ocr_worker_starts_total{{{BACKEND}}}[30m])) > 3 and "
        f"max by ({POD}) (ocr_worker_starts_total{{{BACKEND}}} - ocr_workers_ready{{{BACKEND}}}) > 3",
        "Workers in {{ $labels.pod }} keep restarting",
        "More than three worker processes of a pod restarted within 30 minutes; the images that they were "
        "reading were lost.",
        "Check the pod's log before each start. A worker that ends without a log line was killed: check the "
        "memory, and `dmesg` on the node.",
    ),
    Alert(
        "OCRScoresDropped",
        "info",
        "1h",
        f"{mean('ocr_line_score', _LANGUAGE, '6h')} < 0.93 * ({mean('ocr_line_score', _LANGUAGE, '7d@6h')}) "
        f"and sum by ({_LANGUAGE}) (increase(ocr_line_score_count{{{BACKEND}}}[6h])) > 500",
        "Scores of {{ $labels.language }} in {{ $labels.namespace }}/{{ $labels.ocrbackend }} have dropped",
        "The mean score of text lines in the last six hours is 7 % below the mean of the week before. The "
        "images, their language or the models have changed.",
        "Open some new tasks: another language, photos instead of scans, rotated pages? Check in the "
        "dashboard whether the model version changed at that time.",
    ),
    Alert(
        "OCRCorrectionsRising",
        "info",
        "1h",
        f"{ratio(_ANNOTATED_LINES, VARIANT, '1d', _CHANGED, _READ)} > "
        f"0.05 + ({ratio(_ANNOTATED_LINES, VARIANT, '7d@1d', _CHANGED, _READ)}) "
        f"and {increase(_ANNOTATED_LINES, VARIANT, '1d', _READ)} > 200",
        f"Annotators correct {{{{ $value | humanizePercentage }}}} of the lines that {VARIANT_LABELS} reads",
        "The share of predicted lines whose text or box annotators changed, among more than 200 lines in a "
        "day, is 5 percentage points above that of the week before. The models read the new images worse, "
        "or annotators have new instructions.",
        "Compare the corrected texts of some new tasks with their images: another language, handwriting, "
        "photos instead of scans? Check in the dashboard whether the model version changed at that time. "
        "Ask the annotators whether their instructions changed.",
    ),
)
