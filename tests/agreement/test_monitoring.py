"""Alerts and dashboards use metrics, labels and pages that exist."""

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
from ocr_operator.monitoring.alert_model import Alert
from ocr_operator.monitoring.alerts import ALERTS
from ocr_operator.monitoring.dashboard_model import Panel
from ocr_operator.monitoring.rules import REASONS_PAGE, rules, runbook
from ocr_operator.telemetry.metrics import Metrics as OperatorMetrics
from ocr_operator.telemetry.status_metrics import StatusCollector

ROOT = Path(__file__).parents[2]
_METRIC_NAME = re.compile(r"\b([a-zA-Z_]\w*)\{")
_SUFFIXES = re.compile(r"_(bucket|sum|count)$")
_PROMETHEUS_METRICS = {"up", "ALERTS"}
_CLUSTER_METRICS = re.compile(r"(kube|kubelet_volume_stats)_")
"""Metrics of kube-state-metrics and the kubelet."""
PANELS = [
    pytest.param(panel, id=f"{dashboard.name}: {panel.title}")
    for dashboard in files.DASHBOARDS
    for panel in dashboard.panels
]


def _exported_metrics() -> set[str]:
    described = {metric.name for metric in (*BackendMetrics().descriptions, *container_metrics.DESCRIPTIONS)}
    operator = OperatorMetrics()
    operator.track_leader("operator", lambda: 1.0)
    operator.track_watch("Pod", lambda: 0.0)
    statuses = CollectorRegistry()
    statuses.register(StatusCollector(lambda: []))
    collected = [family for registry in (operator.registry, statuses) for family in registry.collect()]
    counters = {f"{family.name}_total" for family in collected if family.type == "counter"}
    return described | {family.name for family in collected} | counters


def _metrics(expression: str) -> set[str]:
    return {_SUFFIXES.sub("", name) for name in _METRIC_NAME.findall(expression)} - _PROMETHEUS_METRICS


def _anchors(page: str) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", (ROOT / page).read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


def _expressions() -> Iterator[str]:
    yield from (alert.expression for alert in ALERTS)
    for dashboard in files.DASHBOARDS:
        yield from (query.expression for panel in dashboard.panels for query in panel.queries)


@pytest.mark.parametrize("path", files.contents(), ids=lambda path: path.name)
def test_the_generated_file_is_up_to_date(path: Path) -> None:
    assert path.read_text("utf-8") == files.contents()[path], "run `make generate`"


def test_the_chart_holds_no_other_dashboard() -> None:
    dashboards = set((files.CHART_FILES / "dashboards").iterdir())
    assert dashboards <= set(files.contents())


def test_every_queried_metric_is_exported() -> None:
    queried = set().union(*map(_metrics, _expressions()))
    unknown = queried - _exported_metrics()
    assert {name for name in unknown if not _CLUSTER_METRICS.match(name)} == set()
    assert len(queried) > 25


def test_every_runbook_link_leads_to_a_section_of_the_manual() -> None:
    for alert in ALERTS:
        page, _, anchor = runbook(alert).partition("#")
        sections = _anchors(page)
        if page == REASONS_PAGE:
            assert {str(reason).lower() for reason in Reason} <= sections
        else:
            assert anchor in sections


def test_alerts_that_need_metrics_of_the_cluster_say_so() -> None:
    for alert in ALERTS:
        needs = {_CLUSTER_METRICS.match(name) is not None for name in _metrics(alert.expression)}
        assert (alert.source is not None) == (True in needs), alert.name


def test_every_alert_says_what_to_do() -> None:
    for group in rules()["groups"]:
        for rule in group["rules"]:
            assert len(rule["annotations"]["description"].split(". ")) >= 2, rule["alert"]
            assert rule["labels"]["severity"] in ("critical", "warning", "info")


@pytest.mark.parametrize("panel", PANELS)
def test_every_panel_has_a_description_and_a_legend(panel: Panel) -> None:
    assert panel.description.endswith((".", "?"))
    if panel.kind in ("lines", "stacked"):
        assert all(query.legend for query in panel.queries)


def test_dashboards_have_different_uids_and_link_to_each_other() -> None:
    paths = (files.CHART_FILES / "dashboards").iterdir()
    dashboards = [json.loads(path.read_text("utf-8")) for path in paths]
    uids = {dashboard["uid"] for dashboard in dashboards}
    assert len(uids) == len(dashboards)
    for dashboard in dashboards:
        linked = {link["url"].removeprefix("/d/") for link in dashboard["links"]}
        assert linked == uids - {dashboard["uid"]}


def test_the_example_prometheus_config_sets_the_same_labels_as_the_monitors() -> None:
    config = yaml.safe_load((ROOT / "docs" / "examples" / "prometheus.yml").read_text("utf-8"))
    jobs = {job["job_name"]: job for job in config["scrape_configs"]}
    assert set(jobs) == {BACKEND_JOB, OPERATOR_JOB}
    configured = {
        (tuple(rule["source_labels"]), rule["target_label"])
        for rule in jobs[BACKEND_JOB]["relabel_configs"]
        if "target_label" in rule
    }
    expected = {
        (tuple(rule["sourceLabels"]), rule["targetLabel"])  # type: ignore[arg-type]
        for rule in backend_relabelings()
        if "sourceLabels" in rule
    }
    assert expected < configured
    assert jobs[OPERATOR_JOB]["honor_labels"] is True


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_percentages_in_the_manual_are_those_of_the_expression(alert: Alert) -> None:
    """A threshold of 0.93 is named as a drop by 7 %."""
    thresholds = {round(100 * float(text)) for text in re.findall(r"[<>] (0\.\d+)", alert.expression)}
    named = {int(text) for text in re.findall(r"(\d+) %", alert.meaning)}
    assert named <= thresholds | {100 - threshold for threshold in thresholds}
