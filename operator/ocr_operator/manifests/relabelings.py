"""Relabelings that give every series the same labels, however Prometheus discovers the pods.

Pure; alerts and dashboards rely on the labels. `shared_resources` uses the relabelings in ServiceMonitors; a
test compares them with the chart's PodMonitor and the scrape configuration in the manual.
"""

from ocr_operator.api.names import INSTANCE_LABEL, LANGUAGE_LABEL, MODEL_TYPE_LABEL, VARIANT_LABEL

BACKEND_JOB = "ocr-backend"
OPERATOR_JOB = "ocr-backend-operator"

_POD_LABELS = {
    "ocrbackend": INSTANCE_LABEL,
    "variant": VARIANT_LABEL,
    "language": LANGUAGE_LABEL,
    "model_type": MODEL_TYPE_LABEL,
}


def backend_relabelings() -> list[dict[str, object]]:
    """Relabelings of the Prometheus operator: the labels of `ocrbackend_status_variant_info`, and one job."""
    pod_labels: list[dict[str, object]] = [
        {"sourceLabels": [_meta_label(label)], "targetLabel": target} for target, label in _POD_LABELS.items()
    ]
    return [*pod_labels, {"targetLabel": "job", "replacement": BACKEND_JOB}]


def _meta_label(label: str) -> str:
    """Prometheus' name for a pod label (service discovery roles `pod` and `endpoints`)."""
    return "__meta_kubernetes_pod_label_" + "".join(char if char.isalnum() else "_" for char in label)
