"""The chart's objects for Prometheus and Grafana, all disabled by default."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from ocr_operator.api.names import SELECTOR
from ocr_operator.manifests.relabelings import backend_relabelings
from ocr_operator.monitoring.alerts import ALERTS

pytestmark = pytest.mark.helm

CHART = Path(__file__).parents[2] / "chart"
Render = Callable[..., list[dict[str, Any]]]
Helm = Callable[..., subprocess.CompletedProcess[str]]
STACK = {"release": "kube-prometheus-stack"}
SCRAPED = {"metrics.serviceMonitor.enabled": True}
"""The operator's metrics are scraped, as the alerts require."""


def _only(objects: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    [body] = [body for body in objects if body["kind"] == kind]
    return body


def _alerts(rule: dict[str, Any]) -> list[dict[str, Any]]:
    return [alert for group in rule["spec"]["groups"] for alert in group["rules"]]


def test_by_default_there_are_no_monitoring_objects(render: Render) -> None:
    assert not {body["kind"] for body in render()} & {"ServiceMonitor", "PodMonitor", "PrometheusRule"}
    assert not [body for body in render() if "dashboard" in body["metadata"]["name"]]


def test_the_service_monitor_selects_the_operators_service(render: Render) -> None:
    settings = {"enabled": True, "interval": "15s", "scrapeTimeout": "5s", "labels": {"team": "ocr"}}
    objects = render(**{"metrics.serviceMonitor": settings, "metrics.additionalLabels": STACK})
    monitor, service = _only(objects, "ServiceMonitor"), _only(objects, "Service")
    assert monitor["metadata"]["labels"].items() >= {**STACK, "team": "ocr"}.items()
    assert monitor["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    [endpoint] = monitor["spec"]["endpoints"]
    assert endpoint == {
        "port": service["spec"]["ports"][0]["name"],
        "honorLabels": True,
        "path": "/metrics",
        "interval": "15s",
        "scrapeTimeout": "5s",
        "relabelings": [{"targetLabel": "job", "replacement": "ocr-backend-operator"}],
    }


def test_the_pod_monitor_selects_all_backend_pods_and_sets_the_labels_of_a_service_monitor(
    render: Render,
) -> None:
    additional = {"targetLabel": "cluster", "replacement": "one"}
    values = {"metrics.podMonitor": {"enabled": True, "relabelings": [additional]}}
    spec = _only(render(**values, **{"operator.watch.namespaces": ["team"]}), "PodMonitor")["spec"]
    [endpoint] = spec["podMetricsEndpoints"]
    assert endpoint["relabelings"] == [*backend_relabelings(), additional]
    assert endpoint["port"] == "http"
    name, _, value = SELECTOR.partition("=")
    assert spec["selector"]["matchLabels"][name] == value
    assert spec["namespaceSelector"] == {"matchNames": ["labs", "team"]}
    all_namespaces = render(**values, **{"operator.watch.allNamespaces": True})
    assert _only(all_namespaces, "PodMonitor")["spec"]["namespaceSelector"] == {"any": True}


def test_the_rule_contains_every_alert_unchanged(render: Render) -> None:
    rule = _only(
        render(**SCRAPED, **{"metrics.prometheusRule.enabled": True, "metrics.additionalLabels": STACK}),
        "PrometheusRule",
    )
    assert rule["spec"] == yaml.safe_load((CHART / "files" / "alerts.yaml").read_text("utf-8"))
    assert rule["metadata"]["labels"].items() >= STACK.items()


def test_without_a_prefix_no_alert_has_a_runbook_url(render: Render) -> None:
    rule = _only(render(**SCRAPED, **{"metrics.prometheusRule.enabled": True}), "PrometheusRule")
    assert not [alert["alert"] for alert in _alerts(rule) if "runbook_url" in alert["annotations"]]


def test_alerts_can_be_disabled_labeled_and_linked_to_runbooks(render: Render) -> None:
    settings = {
        "enabled": True,
        "disabled": ["OCRScoresDropped"],
        "alertLabels": {"team": "ocr"},
        "runbookUrlPrefix": "https://example.com/ocr/",
    }
    alerts = _alerts(_only(render(**SCRAPED, **{"metrics.prometheusRule": settings}), "PrometheusRule"))
    assert [alert["alert"] for alert in alerts] == [
        alert.name for alert in ALERTS if alert.name != "OCRScoresDropped"
    ]
    assert {alert["labels"]["team"] for alert in alerts} == {"ocr"}
    assert alerts[0]["labels"]["severity"] == "warning"
    assert alerts[0]["annotations"]["runbook_url"] == (
        "https://example.com/ocr/docs/monitoring.md#ocroperatordown"
    )


def test_the_dashboards_are_config_maps_for_the_sidecar(render: Render) -> None:
    objects = render(**{"metrics.dashboards": {"enabled": True, "namespace": "grafana", "folder": "Labels"}})
    dashboards = [body for body in objects if "grafana_dashboard" in body["metadata"].get("labels", {})]
    assert len(dashboards) == 3
    for dashboard in dashboards:
        assert dashboard["metadata"]["namespace"] == "grafana"
        assert dashboard["metadata"]["labels"]["grafana_dashboard"] == "1"
        assert dashboard["metadata"]["annotations"]["grafana_folder"] == "Labels"
        [(name, text)] = dashboard["data"].items()
        assert name.startswith("ocr-")
        committed = CHART / "files" / "dashboards" / name.removeprefix("ocr-")
        assert json.loads(text) == json.loads(committed.read_text("utf-8"))


def test_scrape_annotations_can_be_enabled(render: Render) -> None:
    annotations = _only(render(**{"metrics.scrapeAnnotations": True}), "Service")["metadata"]["annotations"]
    assert annotations["prometheus.io/scrape"] == "true"
    assert "annotations" not in _only(render(), "Service")["metadata"]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        pytest.param(
            {
                "metrics.podMonitor.enabled": True,
                "backends.ocr": {
                    "variants": [{"name": "korean", "language": "korean", "modelType": "mobile"}],
                    "monitoring": {"serviceMonitor": "Auto"},
                },
            },
            "scraped twice",
            id="two monitors for the same pods",
        ),
        pytest.param(
            {"metrics.serviceMonitor.enabled": True, "operator.metrics.service.create": False},
            "requires operator.metrics.service.create",
            id="no service",
        ),
        pytest.param(
            SCRAPED | {"metrics.prometheusRule": {"enabled": True, "disabled": ["OCRDown"]}},
            "disabled: unknown alert OCRDown; known alerts: OCROperatorDown, ",
            id="an unknown alert",
        ),
        pytest.param(
            {"metrics.prometheusRule.enabled": True}, "nothing scrapes the operator", id="unscraped"
        ),
        pytest.param({"metrics.serviceMonitor.interval": "30"}, "interval", id="an interval without a unit"),
    ],
)
def test_invalid_monitoring_values_are_rejected(helm: Helm, values: dict[str, Any], message: str) -> None:
    sets = [f"--set-json={name}={json.dumps(value)}" for name, value in values.items()]
    done = helm("template", "r", str(CHART), *sets)
    assert done.returncode != 0
    assert message in done.stderr
