"""The file of alerting rules that Prometheus and the chart's PrometheusRule read. Pure."""

from typing import Any

import yaml

from ocr_operator.monitoring.alert_model import Alert
from ocr_operator.monitoring.alerts import GROUPS

REASONS_PAGE = "docs/reasons.md"
ALERTS_PAGE = "docs/monitoring.md"

_HEADER = "# Made by `make generate` from operator/ocr_operator/monitoring; edit that, not this.\n"


def rules_text() -> str:
    """The content of the rules file."""
    return _HEADER + yaml.safe_dump(rules(), sort_keys=False, width=110, allow_unicode=True)


def rules() -> dict[str, Any]:
    """The rule groups. `runbook_url` is a path in the repository; the chart puts a prefix before it."""
    groups = [{"name": name, "rules": [_rule(alert) for alert in alerts]} for name, alerts in GROUPS.items()]
    return {"groups": groups}


def runbook(alert: Alert) -> str:
    """Path and anchor of the alert's runbook; a Prometheus template if the alert carries a reason."""
    if alert.by_reason:
        return f"{REASONS_PAGE}#{{{{ $labels.reason | toLower }}}}"
    return f"{ALERTS_PAGE}#{alert.name.lower()}"


def _rule(alert: Alert) -> dict[str, Any]:
    return {
        "alert": alert.name,
        "expr": alert.expression,
        "for": alert.for_duration,
        "labels": {"severity": alert.severity},
        "annotations": {
            "summary": alert.summary,
            "description": f"{alert.meaning} {alert.action}",
            "runbook_url": runbook(alert),
        },
    }
