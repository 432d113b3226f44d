"""Alerts about the operator itself. Pure data.

Thresholds are estimates unless a comment says otherwise.
"""

from ocr_operator.monitoring.alert_model import Alert
from ocr_operator.monitoring.promql import OPERATOR, ratio

OPERATOR_ALERTS = (
    Alert(
        "OCROperatorDown",
        "warning",
        "5m",
        f"(group by (namespace) (max_over_time(up{{{OPERATOR}}}[6h])) "
        f"or group by (namespace) (absent_over_time(up{{{OPERATOR}}}[6h]))) "
        f"unless on (namespace) group by (namespace) (up{{{OPERATOR}}} == 1)",
        "Prometheus cannot scrape the OCR operator{{ with $labels.namespace }} in {{ . }}{{ end }}",
        "No operator pod of a namespace that had one in the last six hours answers Prometheus, or Prometheus "
        "has not seen any operator. Backends keep serving, but changes to OCRBackends are not "
        "applied, managed objects are not repaired, and alerts based on operator metrics cannot fire.",
        "Run `kubectl describe pod` and `kubectl logs --previous` for the operator's pods. If they are "
        "healthy, check that Prometheus can reach port 8081.",
    ),
    Alert(
        "OCROperatorNotLeading",
        "warning",
        "2m",
        f"max by (namespace, name) (leader_election_master_status{{{OPERATOR}}}) == 0",
        "No OCR operator in {{ $labels.namespace }} holds the Lease {{ $labels.name }}",
        "Operators are running, but none of them holds the Lease, so no changes are applied.",
        "Run `kubectl get lease` to see the holder and `kubectl logs` for the operators' errors. Check that "
        "the Role named `…-election` exists.",
    ),
    Alert(
        "OCROperatorWatchStale",
        "warning",
        "1m",
        f"max by (namespace, pod, kind) (ocr_operator_watch_staleness_seconds{{{OPERATOR}}}) > 120",
        "The OCR operator has had no confirmed watch of {{ $labels.kind }} for two minutes",
        "The operator could not confirm for two minutes that its watch of this kind works. If it can list "
        "the kind but misses changes, it restarts after three minutes.",
        "Check the operator's log and whether the API server responds. If the alert returns, check that the "
        "operator's Role still allows list and watch for this kind.",
    ),
    Alert(
        "OCROperatorReconcileErrors",
        "warning",
        "10m",
        f"sum by (namespace) (increase(controller_runtime_reconcile_errors_total{{{OPERATOR}}}[10m])) > 0",
        "The OCR operator in {{ $labels.namespace }} fails to reconcile OCRBackends",
        "Reconciles keep failing with an unclassified error.",
        "Find the error in the operator's log (`level` ERROR); each line names its object. The operator "
        "keeps retrying.",
    ),
    Alert(
        "OCROperatorApiErrors",
        "warning",
        "10m",
        ratio("rest_client_requests_total", "namespace", "5m", 'code=~"5..|429|<error>"', OPERATOR)
        + " > 0.05",
        "{{ $value | humanizePercentage }} of the OCR operator's requests to the API server fail",
        "More than 5 % of the operator's requests to the API server get no response, a 5xx status or 429 "
        "(too many requests).",
        "Check the health of the API server, and whether a priority level throttles the operator's "
        "ServiceAccount.",
    ),
)
