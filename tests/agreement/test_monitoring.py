"""Alerts and dashboards speak of metrics, labels and pages that exist."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from prometheus_client import CollectorRegistry

from ocr_backend.telemetry import container_metrics
from ocr_backend.telemetry.metrics import Metrics as BackendMetrics
from ocr_operator.api.reasons import Reason
from ocr_operator.manifests.relabelings import BACKEND_JOB, OPERATOR_JOB, backend_relabelings
from ocr_operator.monitoring import files
from ocr_operator.monitoring.alerts import ALERTS
from ocr_operator.monitoring.dashboard_model import Panel
from ocr_operator.monitoring.rules import REASONS_PAGE, rules, runbook
from ocr_operator.telemetry.metrics import Metrics as OperatorMetrics
from ocr_operator.telemetry.status_metrics import StatusCollector

ROOT = Path(__file__).parents[2]
_NAMED = re.compile(r"\b([a-zA-Z_]\w*)\{")
_SUFFIXES = re.compile(r"_(bucket|sum|count)$")
_OF_PROMETHEUS = {"up", "ALERTS"}
PANELS = [
    pytest.param(one, id=f"{page.name}: {one.title}") for page in files.DASHBOARDS for one in page.panels
]


def _known() -> set[str]:
    described = {one.name for one in (*BackendMetrics().described, *container_metrics.DESCRIBED)}
    operator = OperatorMetrics()
    operator.leads("operator", lambda: 1.0)
    operator.watches("Pod", lambda: 0.0)
    statuses = CollectorRegistry()
    statuses.register(StatusCollector(lambda: []))
    collected = [one for registry in (operator.registry, statuses) for one in registry.collect()]
    counters = {f"{one.name}_total" for one in collected if one.type == "counter"}
    return described | {one.name for one in collected} | counters


def _metrics(expression: str) -> set[str]:
    return {_SUFFIXES.sub("", name) for name in _NAMED.findall(expression)} - _OF_PROMETHEUS


def _anchors(page: str) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", (ROOT / page).read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", one).lower().replace(" ", "-") for one in headings}


def _expressions() -> Iterator[str]:
    yield from (alert.expression for alert in ALERTS)
    for page in files.DASHBOARDS:
        yield from (query.expression for panel in page.panels for query in panel.queries)


@pytest.mark.parametrize("path", files.contents(), ids=lambda path: path.name)
def test_what_the_chart_and_the_manual_hold_is_fresh(path: Path) -> None:
    assert path.read_text("utf-8") == files.contents()[path], "run `make generate`"


def test_no_other_dashboard_lies_in_the_chart() -> None:
    found = set((files.CHART_FILES / "dashboards").iterdir())
    assert found <= set(files.contents())


def test_every_metric_that_is_asked_for_exists() -> None:
    asked = set().union(*map(_metrics, _expressions()))
    assert asked - _known() == set()
    assert len(asked) > 25


def test_every_runbook_is_a_section_of_the_manual() -> None:
    for alert in ALERTS:
        page, _, anchor = runbook(alert).partition("#")
        sections = _anchors(page)
        if page == REASONS_PAGE:
            assert {str(reason).lower() for reason in Reason} <= sections
        else:
            assert anchor in sections


def test_every_alert_says_what_to_do() -> None:
    for group in rules()["groups"]:
        for rule in group["rules"]:
            assert len(rule["annotations"]["description"].split(". ")) >= 2, rule["alert"]
            assert rule["labels"]["severity"] in ("critical", "warning", "info")


@pytest.mark.parametrize("panel", PANELS)
def test_every_panel_says_what_it_tells_and_names_its_series(panel: Panel) -> None:
    assert panel.description.endswith((".", "?"))
    if panel.kind in ("lines", "stacked"):
        assert all(query.legend for query in panel.queries)


def test_the_dashboards_are_told_apart_and_link_to_each_other() -> None:
    pages = [json.loads(path.read_text("utf-8")) for path in (files.CHART_FILES / "dashboards").iterdir()]
    uids = {page["uid"] for page in pages}
    assert len(uids) == len(pages)
    for page in pages:
        assert {link["url"].removeprefix("/d/") for link in page["links"]} == uids - {page["uid"]}


def test_the_manuals_configuration_gives_series_the_labels_of_the_monitors() -> None:
    config = yaml.safe_load((ROOT / "docs" / "examples" / "prometheus.yml").read_text("utf-8"))
    jobs = {job["job_name"]: job for job in config["scrape_configs"]}
    assert set(jobs) == {BACKEND_JOB, OPERATOR_JOB}
    told = {
        (tuple(one["source_labels"]), one["target_label"])
        for one in jobs[BACKEND_JOB]["relabel_configs"]
        if "target_label" in one
    }
    wanted = {
        (tuple(one["sourceLabels"]), one["targetLabel"])  # type: ignore[arg-type]
        for one in backend_relabelings()
        if "sourceLabels" in one
    }
    assert wanted < told
    assert jobs[OPERATOR_JOB]["honor_labels"] is True
