"""The alerts: what each means, when it fires and what to do. Pure data; `rules` makes the chart's file of it.

Thresholds are guesses unless a comment says otherwise; each alert says how to see more.
"""

from dataclasses import dataclass
from typing import Literal

from ocr_operator.api.reasons import PASSING, Reason
from ocr_operator.monitoring.promql import (
    BACKEND,
    FAMILY,
    NOT_READ,
    OPERATOR,
    POD,
    VARIANT,
    mean,
    quantile,
    ratio,
)

Severity = Literal["critical", "warning", "info"]

SLOW_SECONDS = 60
"""Label Studio waits for 100 s (ML_TIMEOUT_PREDICT), the backend answers after 90 s with what it has read."""

_PASSES = "|".join(sorted(PASSING | {Reason.PAUSED}))
_LASTING = f', reason!~"{_PASSES}"'
_SCORED = f"{FAMILY}, language"
_OF_VARIANT = (
    "{{ $labels.namespace }}/{{ $labels.ocrbackend }} {{ $labels.language }}/{{ $labels.model_type }}"
)


@dataclass(frozen=True)
class Alert:
    """One alert. `summary` may hold Prometheus' templates; `meaning` and `action` are the manual's sentences.

    Where `by_reason`, its series carry an OCRBackend's reason, and the runbook is that reason's section.
    """

    name: str
    severity: Severity
    lasting: str
    expression: str
    summary: str
    meaning: str
    action: str
    by_reason: bool = False


def _condition(condition: str, status: str, more: str = "") -> str:
    chosen = f'condition="{condition}", status="{status}"{more}'
    return f"max by ({FAMILY}, reason) (ocrbackend_status_condition{{{chosen}}})"


def _pods(state: str) -> str:
    return f'max by ({VARIANT}) (ocrbackend_status_variant_replicas{{state="{state}"}})'


_OPERATOR = (
    Alert(
        "OCROperatorDown",
        "critical",
        "5m",
        f"absent(up{{{OPERATOR}}} == 1)",
        "No OCR operator answers Prometheus",
        "No operator answers. Backends go on serving, but changes of OCRBackends are not carried out, broken "
        "children are not repaired, and alerts about OCRBackends are blind.",
        "See `kubectl describe pod` and `kubectl logs --previous` of the operator's pods. If they are well, "
        "see whether Prometheus may reach their port 8081.",
    ),
    Alert(
        "OCROperatorNotLeading",
        "critical",
        "2m",
        f"max by (namespace, name) (leader_election_master_status{{{OPERATOR}}}) == 0",
        "No OCR operator of {{ $labels.namespace }} holds the Lease {{ $labels.name }}",
        "Operators run, but none holds the Lease, so nothing is written.",
        "See `kubectl get lease` for its holder and `kubectl logs` of the operators; the Role named "
        "`…-election` must be there.",
    ),
    Alert(
        "OCROperatorWatchStale",
        "warning",
        "1m",
        f"max by (namespace, pod, kind) (ocr_operator_watch_staleness_seconds{{{OPERATOR}}}) > 120",
        "The OCR operator has seen nothing of {{ $labels.kind }} for two minutes",
        "Watching a kind of object has not been known to work for two minutes; after three the operator is "
        "started again.",
        "See the operator's log and whether the API server answers; if it comes again, whether its Role "
        "still allows list and watch of that kind.",
    ),
    Alert(
        "OCROperatorReconcileErrors",
        "warning",
        "10m",
        f"sum by (namespace) (increase(controller_runtime_reconcile_errors_total{{{OPERATOR}}}[10m])) > 0",
        "The OCR operator of {{ $labels.namespace }} fails at OCRBackends",
        "Looks at OCRBackends keep ending in an error that has no reason of its own.",
        "Find it in the operator's log (`level` ERROR); each line names its object. It is tried again all "
        "the time.",
    ),
    Alert(
        "OCROperatorApiErrors",
        "warning",
        "10m",
        ratio("rest_client_requests_total", "namespace", "5m", 'code=~"5..|429|<error>"', OPERATOR)
        + " > 0.05",
        "{{ $value | humanizePercentage }} of the OCR operator's requests to the API server fail",
        "More than 5 % of the operator's requests get no answer, or one of 5xx or 429 (too many).",
        "See whether the API server is well and whether a priority level throttles the operator's account.",
    ),
)

_OCRBACKENDS = (
    Alert(
        "OCRVariantDown",
        "critical",
        "5m",
        f'max by ({VARIANT}, reason) (ocrbackend_status_variant{{reason!~"{_PASSES}"}}) '
        f"and on ({VARIANT}) {_pods('desired')} > 0 and on ({VARIANT}) {_pods('ready')} == 0",
        f"No pod of {_OF_VARIANT} serves: {{{{ $labels.reason }}}}",
        "A variant has no ready pod, so annotators of its projects get no predictions.",
        "`kubectl ocr why NAME` shows the first cause and the next command; the reason's section says what "
        "to do.",
        by_reason=True,
    ),
    Alert(
        "OCRModelsNotReady",
        "warning",
        "5m",
        _condition("ModelsReady", "false", _LASTING),
        "{{ $labels.namespace }}/{{ $labels.ocrbackend }} has no models: {{ $labels.reason }}",
        "Models of a variant cannot be fetched, mounted or loaded, or read the golden sample wrongly.",
        "The condition ModelsReady (`kubectl describe ocrb NAME`) says which; the reason's section says what "
        "to do.",
        by_reason=True,
    ),
    Alert(
        "OCRBackendNotReady",
        "warning",
        "10m",
        _condition("Ready", "false", _LASTING)
        + f" unless on ({FAMILY}) {_condition('ModelsReady', 'false', _LASTING)}",
        "{{ $labels.namespace }}/{{ $labels.ocrbackend }} is not as its spec says: {{ $labels.reason }}",
        "A variant of the OCRBackend is not ready as its spec says; an older revision may still serve. There "
        "is one alert for each OCRBackend, with the most urgent reason. Models have an alert of their own.",
        "`kubectl ocr why NAME` shows the first cause and the next command; the reason's section says what "
        "to do.",
        by_reason=True,
    ),
    Alert(
        "OCRBackendNotScraped",
        "info",
        "15m",
        f"{_pods('ready')} > 0 unless on ({VARIANT}) up{{{BACKEND}}} == 1",
        f"Prometheus does not see the pods of {_OF_VARIANT}",
        "A variant serves, but none of its pods is scraped: alerts about its predictions are blind.",
        "Set spec.monitoring.serviceMonitor, or metrics.podMonitor.enabled of the chart; check the labels by "
        "which Prometheus chooses monitors, and that spec.networkPolicy lets it in.",
    ),
)

_PREDICTIONS = (
    Alert(
        "OCRPredictionsFailing",
        "critical",
        "5m",
        ratio("ocr_requests_total", VARIANT, "5m", 'status=~"5.."', f'{BACKEND}, path="/predict"')
        + " > 0.05 or "
        + ratio("ocr_tasks_total", VARIANT, "5m", 'outcome="failed"')
        + " > 0.05",
        f"{{{{ $value | humanizePercentage }}}} of the predictions of {_OF_VARIANT} fail",
        "More than 5 % of the requests for predictions are answered with 5xx, or of the tasks fail by a "
        "fault of the backend.",
        "Find the errors in the pods' log by the ids in brackets. 503 means that too many requests wait: "
        "raise replicas or send less at once.",
    ),
    Alert(
        "OCRPredictionsSlow",
        "warning",
        "10m",
        quantile(0.95, "ocr_request_seconds", VARIANT, "5m", f'{BACKEND}, path="/predict"')
        + f" > {SLOW_SECONDS}",
        f"Label Studio waits {{{{ $value | humanizeDuration }}}} for predictions of {_OF_VARIANT}",
        f"One request in twenty takes longer than {SLOW_SECONDS} s. Label Studio gives up after 100 s; the "
        "backend answers after 90 s with what it has read, and the rest needs another Retrieve.",
        "See in the dashboard of the backend where the time goes: `wait` and `read` ask for replicas, cores "
        "or a GPU, `fetch` for a nearer store of images.",
    ),
    Alert(
        "OCRImagesNotRead",
        "warning",
        "10m",
        ratio("ocr_tasks_total", VARIANT, "5m", f'outcome=~"{NOT_READ}"') + " > 0.2",
        f"{{{{ $value | humanizePercentage }}}} of the images for {_OF_VARIANT} cannot be read",
        "More than a fifth of the tasks have an image that does not come (unreachable), is not allowed "
        "(refused) or is none (broken).",
        "The pods' log names task and cause. `unreachable`: storage, its credentials, LABEL_STUDIO_API_KEY; "
        "`refused`: OCR_FETCH_ALLOW and the limits in settings.md; `ocr-backend doctor` looks at all of it.",
    ),
    Alert(
        "OCRSlotsSaturated",
        "info",
        "15m",
        f"sum by ({VARIANT}) (avg_over_time(ocr_slots_busy{{{BACKEND}}}[5m])) / "
        f"sum by ({VARIANT}) (ocr_slots{{{BACKEND}}}) > 0.9 "
        f"and sum by ({VARIANT}) (avg_over_time(ocr_images_waiting{{{BACKEND}}}[5m])) > 1",
        f"Images queue up before {_OF_VARIANT}",
        "All places for reading have been taken for a quarter of an hour, and images wait.",
        "While a whole project is read, let it run. Otherwise raise replicas, or set autoscaling or an "
        "accelerator for the variant.",
    ),
    Alert(
        "OCRMemoryNearLimit",
        "warning",
        "10m",
        f"max by ({POD}) (ocr_memory_bytes{{{BACKEND}}} / ocr_memory_limit_bytes{{{BACKEND}}}) > 0.9",
        "{{ $labels.pod }} uses {{ $value | humanizePercentage }} of its memory",
        "A pod uses more than 90 % of its memory limit; beyond it the kernel kills it and what it reads is "
        "lost.",
        "Raise spec.variants[].resources.limits.memory, or lower spec.server.workers or maxImagePixels.",
    ),
    Alert(
        "OCRWorkersRestarting",
        "warning",
        "5m",
        f"max by ({POD}) (increase(ocr_worker_starts_total{{{BACKEND}}}[30m])) > 3 and "
        f"max by ({POD}) (ocr_worker_starts_total{{{BACKEND}}} - ocr_workers_ready{{{BACKEND}}}) > 3",
        "Workers in {{ $labels.pod }} keep ending",
        "More than three worker processes of a pod had to be replaced within half an hour; what they were "
        "reading was lost.",
        "See the pod's log before each start. A worker that ends without a word was killed: see the memory, "
        "and `dmesg` of the node.",
    ),
    Alert(
        "OCRScoresDropped",
        "info",
        "1h",
        f"{mean('ocr_line_score', _SCORED, '6h')} < 0.93 * ({mean('ocr_line_score', _SCORED, '7d@6h')}) "
        f"and sum by ({_SCORED}) (increase(ocr_line_score_count{{{BACKEND}}}[6h])) > 500",
        "Scores of {{ $labels.language }} in {{ $labels.namespace }}/{{ $labels.ocrbackend }} have dropped",
        "The mean score of lines has been 7 % lower for six hours than in the week before: images or "
        "language of the projects have changed, or the models.",
        "Look at new tasks: another language, photos instead of scans, turned pages? See in the dashboard "
        "whether the version of the models changed at that time.",
    ),
)

GROUPS = {"ocr-operator": _OPERATOR, "ocrbackends": _OCRBACKENDS, "ocr-predictions": _PREDICTIONS}
"""Name of a group of rules -> its alerts."""

ALERTS = tuple(alert for alerts in GROUPS.values() for alert in alerts)
