"""The files of the chart and the manual that this room generates, and their content. A test compares them."""

from collections.abc import Mapping
from pathlib import Path

import yaml

from ocr_operator.manifests.relabelings import backend_relabelings
from ocr_operator.monitoring import grafana, monitoring_page
from ocr_operator.monitoring.backend_dashboard import BACKEND_DASHBOARD
from ocr_operator.monitoring.dashboard_model import Dashboard
from ocr_operator.monitoring.fleet_dashboard import FLEET_DASHBOARD
from ocr_operator.monitoring.operator_dashboard import OPERATOR_DASHBOARD
from ocr_operator.monitoring.rules import rules_text

ROOT = Path(__file__).parents[3]
CHART_FILES = ROOT / "chart" / "files"
PAGE = ROOT / "docs" / "monitoring.md"
DASHBOARDS = (FLEET_DASHBOARD, BACKEND_DASHBOARD, OPERATOR_DASHBOARD)

_HEADER = (
    "# Made by `make generate` from operator/ocr_operator/manifests/relabelings.py; edit that, not this.\n"
)


def contents() -> Mapping[Path, str]:
    """Path -> content of each file; in the manual's page only the tables and runbooks are new."""
    relabelings = yaml.safe_dump(backend_relabelings(), sort_keys=False)
    folder = CHART_FILES / "dashboards"
    return {
        CHART_FILES / "alerts.yaml": rules_text(),
        CHART_FILES / "backend-relabelings.yaml": _HEADER + relabelings,
        **{folder / f"{dashboard.name}.json": _dashboard_text(dashboard) for dashboard in DASHBOARDS},
        PAGE: monitoring_page.page(PAGE.read_text("utf-8"), DASHBOARDS),
    }


def _dashboard_text(dashboard: Dashboard) -> str:
    others = tuple(other for other in DASHBOARDS if other is not dashboard)
    return grafana.dashboard_text(dashboard, others)
