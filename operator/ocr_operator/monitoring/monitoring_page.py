"""The parts of docs/monitoring.md that are made of code: alerts with a section each, and panels. Pure."""

import re
from collections.abc import Sequence

from ocr_operator.monitoring.alerts import ALERTS, Alert
from ocr_operator.monitoring.dashboard_model import Dashboard

_MARKED = re.compile(r"(<!-- made: ([a-z]+) -->\n).*?(<!-- end -->\n)", re.DOTALL)


def page(written: str, dashboards: Sequence[Dashboard]) -> str:
    """The text with what stands between each `<!-- made: NAME -->` and `<!-- end -->` made anew."""
    made = {one.name: _panels(one) for one in dashboards} | {"alerts": _table(), "runbooks": _sections()}
    return _MARKED.sub(lambda found: found[1] + made[found[2]] + found[3], written)


def _table() -> str:
    rows = (f"| [{one.name}](#{one.name.lower()}) | {one.severity} | {one.meaning} |\n" for one in ALERTS)
    return "| Alert | Severity | Meaning |\n| --- | --- | --- |\n" + "".join(rows)


def _sections() -> str:
    return "\n".join(map(_section, ALERTS))


def _section(alert: Alert) -> str:
    reason = " The link of the alert leads to its reason in [reasons.md](reasons.md)." * alert.by_reason
    return (
        f"### {alert.name}\n\n{alert.meaning} {alert.action}{reason}\n\n"
        f"Severity {alert.severity}, after {alert.lasting} of:\n\n```promql\n{alert.expression}\n```\n"
    )


def _panels(dashboard: Dashboard) -> str:
    rows = (f"| {one.title} | {one.description} |\n" for one in dashboard.panels)
    return "| Panel | What it tells |\n| --- | --- |\n" + "".join(rows)
