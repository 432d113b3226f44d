"""All alerts, in the groups of the rules file. Pure data; `rules` writes the chart's file from them."""

from ocr_operator.monitoring.cluster_alerts import CLUSTER_ALERTS
from ocr_operator.monitoring.ocrbackend_alerts import OCRBACKEND_ALERTS
from ocr_operator.monitoring.operator_alerts import OPERATOR_ALERTS
from ocr_operator.monitoring.prediction_alerts import PREDICTION_ALERTS

GROUPS = {
    "ocr-operator": OPERATOR_ALERTS,
    "ocrbackends": OCRBACKEND_ALERTS,
    "ocr-predictions": PREDICTION_ALERTS,
    "ocr-cluster": CLUSTER_ALERTS,
}
"""Name of a rule group -> its alerts."""

ALERTS = tuple(alert for group in GROUPS.values() for alert in group)
