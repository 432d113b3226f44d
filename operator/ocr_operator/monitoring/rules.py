"""The file of alerting rules, as Prometheus reads it and the chart's PrometheusRule carries it. Pure."""

from typing import Any

import yaml

from ocr_operator.monitoring.alerts import GROUPS, Alert

REASONS_PAGE = "docs/reasons.md"
ALERTS_PAGE = "docs/monitoring.md"

_HEADER = "# Made by `make generate` from operator/ocr_operator/monitoring/alerts.py; edit that, not this.\n"


def rules_text() -> str:
    """The file."""
    return _HEADER + yaml.safe_dump(rules(), sort_keys=False, width=110, allow_unicode=True)


def rules() -> dict[str, Any]:
    """Groups of rules; `runbook_url` is a path below the project's root, which the chart completes."""
    groups = [{"name": name, "rules": [_rule(one) for one in alerts]} for name, alerts in GROUPS.items()]
    return {"groups": groups}


def runbook(alert: Alert) -> str:
    """Where the manual says what to do; a template where the alert carries a reason."""
    if alert.by_reason:
        return f"{REASONS_PAGE}#{{{{ $labels.reason | toLower }}}}"
    return f"{ALERTS_PAGE}#{alert.name.lower()}"


def _rule(alert: Alert) -> dict[str, Any]:
    return {
        "alert": alert.name,
        "expr": alert.expression,
        "for": alert.lasting,
        "labels": {"severity": alert.severity},
        "annotations": {
            "summary": alert.summary,
            "description": f"{alert.meaning} {alert.action}",
            "runbook_url": runbook(alert),
        },
    }
