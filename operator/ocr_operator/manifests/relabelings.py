"""The labels that every series carries, whichever way Prometheus finds the pods.

Pure; alerts and dashboards rely on them. `family_resources` puts them into ServiceMonitors; the chart's
PodMonitor and the manual's scrape configuration say the same, which a test compares.
"""

from ocr_operator.api.names import INSTANCE_LABEL, LANGUAGE_LABEL, MODEL_TYPE_LABEL

BACKEND_JOB = "ocr-backend"
OPERATOR_JOB = "ocr-backend-operator"

_POD_LABELS = {"ocrbackend": INSTANCE_LABEL, "language": LANGUAGE_LABEL, "model_type": MODEL_TYPE_LABEL}


def backend_relabelings() -> list[dict[str, object]]:
    """The Prometheus operator's relabelings to the labels of `ocrbackend_status_variant`, and to one job."""
    named: list[dict[str, object]] = [
        {"sourceLabels": [_meta_label(label)], "targetLabel": target} for target, label in _POD_LABELS.items()
    ]
    return [*named, {"targetLabel": "job", "replacement": BACKEND_JOB}]


def _meta_label(label: str) -> str:
    """Prometheus' name for a pod's label (service discovery of kinds `pod` and `endpoints`)."""
    return "__meta_kubernetes_pod_label_" + "".join(one if one.isalnum() else "_" for one in label)
