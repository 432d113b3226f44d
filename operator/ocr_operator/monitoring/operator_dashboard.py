"""The dashboard of the operator: does it lead, see and keep up, does the API server answer it. Pure data."""

from ocr_operator.monitoring.dashboard_model import Dashboard, Panel, Query, Variable
from ocr_operator.monitoring.promql import OPERATOR, WINDOW, total

_RELEASE = f'{OPERATOR}, namespace=~"$namespace"'

PAGE = Dashboard(
    "operator",
    "OCR / Operator",
    "The operator: does it lead, does it see, does it keep up, does the API server answer it.",
    (Variable("namespace", "Namespace", "ocr_operator_backends"),),
    (
        Panel(
            "Leaders",
            "Operators that may write: one for each release.",
            "number",
            (Query(f"sum(leader_election_master_status{{{_RELEASE}}})"),),
            width=4,
        ),
        Panel(
            "OCRBackends",
            "How many are watched.",
            "number",
            (Query(f"sum(max by (namespace) (ocr_operator_backends{{{_RELEASE}}}))"),),
            width=4,
        ),
        Panel(
            "Waiting",
            "OCRBackends that wait to be looked at.",
            "number",
            (Query(f"sum(workqueue_depth{{{_RELEASE}}})"),),
            width=4,
            worse_from=(10, 50),
        ),
        Panel(
            "Blind for",
            "Longest time for which nothing was known of a kind. It starts anew after 180 s.",
            "number",
            (Query(f"max(ocr_operator_watch_staleness_seconds{{{_RELEASE}}})"),),
            unit="s",
            width=4,
            worse_from=(90, 120),
        ),
        Panel(
            "Errors in an hour",
            "Looks that ended in an error; the log has each with its object.",
            "number",
            (Query(f"sum(increase(controller_runtime_reconcile_errors_total{{{_RELEASE}}}[1h]))"),),
            width=4,
            worse_from=(1, 10),
        ),
        Panel(
            "Longest look",
            "Age of the look at an OCRBackend that takes longest now.",
            "number",
            (Query(f"max(workqueue_longest_running_processor_seconds{{{_RELEASE}}})"),),
            unit="s",
            width=4,
            worse_from=(30, 60),
        ),
        Panel(
            "Looks by result",
            "requeue: a step failed and is tried again. requeue_after: time matters, as while rolling out.",
            "stacked",
            (Query(total("controller_runtime_reconcile_total", "result", WINDOW, _RELEASE), "{{result}}"),),
            unit="ops",
        ),
        Panel(
            "How long a look takes (p95)",
            "And how long an OCRBackend waits for it: more than seconds means that the operator "
            "does not keep up.",
            "lines",
            tuple(
                Query(
                    f"histogram_quantile(0.95, sum by (le) (rate({metric}_bucket{{{_RELEASE}}}[{WINDOW}])))",
                    name,
                )
                for metric, name in (
                    ("controller_runtime_reconcile_time_seconds", "look"),
                    ("workqueue_queue_duration_seconds", "wait"),
                )
            ),
            unit="s",
        ),
        Panel(
            "Requests to the API server",
            "By status; <error> where no answer came, 429 where it is throttled, 403 where a right "
            "is missing.",
            "stacked",
            (Query(total("rest_client_requests_total", "code", WINDOW, _RELEASE), "{{code}}"),),
            unit="reqps",
        ),
        Panel(
            "Does it see?",
            "Seconds since watching each kind was last known to work.",
            "lines",
            (
                Query(
                    f"max by (kind) (ocr_operator_watch_staleness_seconds{{{_RELEASE}}})",
                    "{{kind}}",
                ),
            ),
            unit="s",
            worse_from=(120,),
        ),
        Panel(
            "Cores in use",
            "By pod of the operator.",
            "lines",
            (Query(total("process_cpu_seconds_total", "pod", WINDOW, _RELEASE), "{{pod}}"),),
        ),
        Panel(
            "Memory",
            "By pod of the operator.",
            "lines",
            (Query(f"max by (pod) (process_resident_memory_bytes{{{_RELEASE}}})", "{{pod}}"),),
            unit="bytes",
        ),
    ),
)
