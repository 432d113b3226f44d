"""The generated parts of docs/monitoring.md: the alerts, their runbooks and the panels. Pure."""

import re
from collections.abc import Sequence

from ocr_operator.monitoring.alert_model import Alert
from ocr_operator.monitoring.alerts import ALERTS
from ocr_operator.monitoring.dashboard_model import Dashboard

_GENERATED = re.compile(r"(<!-- made: ([a-z]+) -->\n).*?(<!-- end -->\n)", re.DOTALL)


def page(text: str, dashboards: Sequence[Dashboard]) -> str:
    """The page with new content between each `<!-- made: NAME -->` and `<!-- end -->`."""
    parts = {dashboard.name: _panel_table(dashboard) for dashboard in dashboards}
    parts |= {"alerts": _alert_table(), "runbooks": _runbooks()}
    return _GENERATED.sub(lambda match: match[1] + parts[match[2]] + match[3], text)


def _alert_table() -> str:
    rows = (
        f"| [{alert.name}](#{alert.name.lower()}) | {alert.severity} | {alert.meaning}{_needs(alert)} |\n"
        for alert in ALERTS
    )
    return "| Alert | Severity | Meaning |\n| --- | --- | --- |\n" + "".join(rows)


def _runbooks() -> str:
    return "\n".join(map(_runbook, ALERTS))


def _runbook(alert: Alert) -> str:
    reason = " The annotations name the reason; its section is in [reasons.md](reasons.md)." * bool(
        alert.reason_selector
    )
    return (
        f"### {alert.name}\n\n{alert.meaning} {alert.action}{reason}{_needs(alert)}\n\n"
        f"Severity {alert.severity}, after {alert.for_duration} of:\n\n```promql\n{alert.expression}\n```\n"
    )


def _needs(alert: Alert) -> str:
    return f" Needs metrics of {alert.source}." if alert.source else ""


def _panel_table(dashboard: Dashboard) -> str:
    rows = (f"| {panel.title} | {panel.description} |\n" for panel in dashboard.panels)
    return "| Panel | What it shows |\n| --- | --- |\n" + "".join(rows)
