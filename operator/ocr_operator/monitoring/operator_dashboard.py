"""The dashboard of the operator: leadership, watches, reconciles and API server requests. Pure data."""

from ocr_operator.monitoring.dashboard_model import Dashboard, Level, Panel, Query, Variable, rising
from ocr_operator.monitoring.promql import OPERATOR, RATE_INTERVAL, rate

_OPERATORS = f'{OPERATOR}, namespace=~"$namespace"'
_LEADERS = f"sum by (namespace, name) (leader_election_master_status{{{_OPERATORS}}})"


def _p95(metric: str) -> str:
    return f"histogram_quantile(0.95, sum by (le) (rate({metric}_bucket{{{_OPERATORS}}}[{RATE_INTERVAL}])))"


_NUMBERS = (
    Panel(
        "Leaders",
        "Operators that may write, of the release with the fewest or most: 1 is right, 0 means that nothing "
        "is applied, and 2 that two operators write the same objects.",
        "number",
        (Query(f"max({_LEADERS} > 1) or min({_LEADERS})"),),
        width=4,
        levels=(Level(0, "red"), Level(1, "green"), Level(2, "red")),
    ),
    Panel(
        "OCRBackends",
        "Number of watched OCRBackends.",
        "number",
        (Query(f"sum(max by (namespace) (ocr_operator_backends{{{_OPERATORS}}}))"),),
        width=4,
    ),
    Panel(
        "Work queue depth",
        "OCRBackends that wait for a reconcile.",
        "number",
        (Query(f"sum(workqueue_depth{{{_OPERATORS}}})"),),
        width=4,
        levels=rising(10, 50),
    ),
    Panel(
        "Maximum watch staleness",
        "Longest time since a watch was last confirmed; up to 72 s is normal. The operator restarts after "
        "180 s.",
        "number",
        (Query(f"max(ocr_operator_watch_staleness_seconds{{{_OPERATORS}}})"),),
        unit="s",
        width=4,
        levels=rising(120, 180),
    ),
    Panel(
        "Reconcile errors in 1 h",
        "Reconciles that failed with an error; the log names the object of each.",
        "number",
        (Query(f"sum(increase(controller_runtime_reconcile_errors_total{{{_OPERATORS}}}[1h]))"),),
        width=4,
        levels=rising(1, 10),
    ),
    Panel(
        "Longest-running reconcile",
        "Age of the oldest reconcile that is still running.",
        "number",
        (Query(f"max(workqueue_longest_running_processor_seconds{{{_OPERATORS}}})"),),
        unit="s",
        width=4,
        levels=rising(30, 60),
    ),
)

_TIME_SERIES = (
    Panel(
        "Reconciles by result",
        "requeue: a step failed and is retried. requeue_after: scheduled again, as during a rollout.",
        "stacked",
        (
            Query(
                rate("controller_runtime_reconcile_total", "result", RATE_INTERVAL, _OPERATORS), "{{result}}"
            ),
        ),
        unit="ops",
    ),
    Panel(
        "Reconcile and queue latency (p95)",
        "Duration of reconciles, and time in the queue before them. Many seconds in the queue mean that the "
        "operator does not keep up.",
        "lines",
        (
            Query(_p95("controller_runtime_reconcile_time_seconds"), "reconcile"),
            Query(_p95("workqueue_queue_duration_seconds"), "queue"),
        ),
        unit="s",
    ),
    Panel(
        "API server requests by status",
        "<error>: no response. 429: the operator is throttled. 403: a permission is missing.",
        "stacked",
        (Query(rate("rest_client_requests_total", "code", RATE_INTERVAL, _OPERATORS), "{{code}}"),),
        unit="reqps",
    ),
    Panel(
        "Watch staleness by kind",
        "Seconds since the watch of each kind was last confirmed.",
        "lines",
        (
            Query(
                f"max by (kind) (ocr_operator_watch_staleness_seconds{{{_OPERATORS}}})",
                "{{kind}}",
            ),
        ),
        unit="s",
        levels=rising(120),
    ),
    Panel(
        "CPU cores used by pod",
        "CPU usage of each operator pod.",
        "lines",
        (Query(rate("process_cpu_seconds_total", "pod", RATE_INTERVAL, _OPERATORS), "{{pod}}"),),
    ),
    Panel(
        "Memory by pod",
        "Resident memory of each operator pod.",
        "lines",
        (Query(f"max by (pod) (process_resident_memory_bytes{{{_OPERATORS}}})", "{{pod}}"),),
        unit="bytes",
    ),
)

OPERATOR_DASHBOARD = Dashboard(
    "operator",
    "OCR / Operator",
    "The operator: leadership, watches, reconciles and requests to the API server.",
    (Variable("namespace", "Namespace", "ocr_operator_backends"),),
    (*_NUMBERS, *_TIME_SERIES),
)
