"""Which files of the chart and the manual are made here, and what stands in them. A test compares."""

from collections.abc import Mapping
from pathlib import Path

import yaml

from ocr_operator.manifests.relabelings import backend_relabelings
from ocr_operator.monitoring import (
    backend_dashboard,
    fleet_dashboard,
    grafana,
    monitoring_page,
    operator_dashboard,
)
from ocr_operator.monitoring.rules import rules_text

ROOT = Path(__file__).parents[3]
CHART_FILES = ROOT / "chart" / "files"
PAGE = ROOT / "docs" / "monitoring.md"
DASHBOARDS = (fleet_dashboard.PAGE, backend_dashboard.PAGE, operator_dashboard.PAGE)

_HEADER = (
    "# Made by `make generate` from operator/ocr_operator/manifests/relabelings.py; edit that, not this.\n"
)


def contents() -> Mapping[Path, str]:
    """Path -> content of each file; of the manual's page, only the tables are made anew."""
    relabelings = yaml.safe_dump(backend_relabelings(), sort_keys=False)
    return {
        CHART_FILES / "alerts.yaml": rules_text(),
        CHART_FILES / "backend-relabelings.yaml": _HEADER + relabelings,
        **{CHART_FILES / "dashboards" / f"{one.name}.json": _dashboard(one.name) for one in DASHBOARDS},
        PAGE: monitoring_page.page(PAGE.read_text("utf-8"), DASHBOARDS),
    }


def _dashboard(name: str) -> str:
    [wanted] = [one for one in DASHBOARDS if one.name == name]
    return grafana.dashboard_text(wanted, tuple(one for one in DASHBOARDS if one is not wanted))
