"""The dashboards' colors, links and variables in Grafana's JSON."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from ocr_operator.api.conditions import Phase
from ocr_operator.monitoring import files, grafana
from ocr_operator.monitoring.backend_dashboard import BACKEND_DASHBOARD
from ocr_operator.monitoring.dashboard_model import PHASE_COLORS, Dashboard
from ocr_operator.monitoring.fleet_dashboard import FLEET_DASHBOARD
from ocr_operator.monitoring.operator_dashboard import OPERATOR_DASHBOARD

Json = dict[str, Any]
_OWN_METRICS = re.compile(r"\b(?:ocr|ocrbackend|ALERTS)\w*{([^}]*)}")


def _page(dashboard: Dashboard) -> Json:
    page: Json = json.loads(grafana.dashboard_text(dashboard, ()))
    return page


def _panel(dashboard: Dashboard, title: str) -> Json:
    [panel] = [panel for panel in _page(dashboard)["panels"] if panel["title"] == title]
    return dict(panel)


def _color(panel: Json, value: float) -> str:
    steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
    [*_, last] = [step for step in steps if step["value"] is None or step["value"] <= value]
    return str(last["color"])


def _overrides(panel: Json, column: str) -> Iterator[Json]:
    for override in panel["fieldConfig"]["overrides"]:
        if re.fullmatch(override["matcher"]["options"], column):
            yield from override["properties"]


@pytest.mark.parametrize(("leaders", "color"), [(0, "red"), (1, "green"), (2, "red")])
def test_exactly_one_leader_is_green(leaders: int, color: str) -> None:
    assert _color(_panel(OPERATOR_DASHBOARD, "Leaders"), leaders) == color


def test_no_ready_variant_is_red() -> None:
    assert _color(_panel(FLEET_DASHBOARD, "Variants ready"), 0) == "red"


def test_a_rollout_is_not_counted_as_needing_action() -> None:
    [target] = _panel(FLEET_DASHBOARD, "Variants that need action")["targets"]
    assert 'phase=~"Failed|RolledBack"' in target["expr"]


def test_every_phase_has_a_color_and_only_failures_are_red() -> None:
    assert set(PHASE_COLORS) >= set(Phase)
    assert [phase for phase, color in PHASE_COLORS.items() if color == "red"] == [Phase.FAILED]
    properties = {
        item["id"]: item["value"] for item in _overrides(_panel(FLEET_DASHBOARD, "Variants"), "phase")
    }
    [mapping] = properties["mappings"]
    assert {value: result["color"] for value, result in mapping["options"].items()} == PHASE_COLORS
    series = _panel(FLEET_DASHBOARD, "Variants by phase")
    [color] = _overrides(series, "Failed")
    assert color["value"] == {"mode": "fixed", "fixedColor": "red"}


def test_a_row_of_the_fleet_links_to_the_dashboard_of_its_variant() -> None:
    [links] = _overrides(_panel(FLEET_DASHBOARD, "Variants"), "variant")
    [link] = links["value"]
    assert link["url"].startswith(f"/d/{grafana.uid(BACKEND_DASHBOARD)}?")
    names = re.findall(r"var-(\w+)=\${__data.fields.(\w+)}", link["url"])
    assert names == [(variable.name, variable.name) for variable in BACKEND_DASHBOARD.variables]


def test_the_backend_page_shows_a_single_ocrbackend() -> None:
    variables = {variable["name"]: variable for variable in _page(BACKEND_DASHBOARD)["templating"]["list"]}
    assert not variables["ocrbackend"].get("multi")
    assert not variables["ocrbackend"].get("includeAll")
    for name in ("ocrbackend", "variant"):
        assert 'namespace=~"$namespace"' in variables[name]["query"]


@pytest.mark.parametrize("dashboard", files.DASHBOARDS, ids=lambda dashboard: dashboard.name)
def test_all_panels_share_the_crosshair_and_the_namespace(dashboard: Dashboard) -> None:
    page = _page(dashboard)
    assert page["graphTooltip"] == 1
    for panel in page["panels"]:
        for target in panel["targets"]:
            selectors = _OWN_METRICS.findall(target["expr"])
            assert all('namespace=~"$namespace"' in selector for selector in selectors), panel["title"]
