"""What the chart makes for Prometheus and Grafana, and that it makes nothing of it unasked."""

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


def _only(objects: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    [found] = [one for one in objects if one["kind"] == kind]
    return found


def _alerts(rule: dict[str, Any]) -> list[dict[str, Any]]:
    return [alert for group in rule["spec"]["groups"] for alert in group["rules"]]


def test_nothing_of_it_is_made_unasked(render: Render) -> None:
    assert not {one["kind"] for one in render()} & {"ServiceMonitor", "PodMonitor", "PrometheusRule"}
    assert not [one for one in render() if "dashboard" in one["metadata"]["name"]]


def test_the_service_monitor_finds_the_operators_service(render: Render) -> None:
    wanted = {"enabled": True, "interval": "15s", "scrapeTimeout": "5s", "labels": {"team": "ocr"}}
    objects = render(**{"metrics.serviceMonitor": wanted, "metrics.additionalLabels": STACK})
    found, service = _only(objects, "ServiceMonitor"), _only(objects, "Service")
    assert found["metadata"]["labels"].items() >= {**STACK, "team": "ocr"}.items()
    assert found["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    [endpoint] = found["spec"]["endpoints"]
    assert endpoint == {
        "port": service["spec"]["ports"][0]["name"],
        "honorLabels": True,
        "path": "/metrics",
        "interval": "15s",
        "scrapeTimeout": "5s",
        "relabelings": [{"targetLabel": "job", "replacement": "ocr-backend-operator"}],
    }


def test_the_pod_monitor_finds_the_pods_of_all_backends_with_the_labels_of_a_service_monitor(
    render: Render,
) -> None:
    more = {"targetLabel": "cluster", "replacement": "one"}
    values = {"metrics.podMonitor": {"enabled": True, "relabelings": [more]}}
    spec = _only(render(**values, **{"operator.watch.namespaces": ["team"]}), "PodMonitor")["spec"]
    [endpoint] = spec["podMetricsEndpoints"]
    assert endpoint["relabelings"] == [*backend_relabelings(), more]
    assert endpoint["port"] == "http"
    name, _, value = SELECTOR.partition("=")
    assert spec["selector"]["matchLabels"][name] == value
    assert spec["namespaceSelector"] == {"matchNames": ["labs", "team"]}
    accept_all = render(**values, **{"operator.watch.allNamespaces": True})
    assert _only(accept_all, "PodMonitor")["spec"]["namespaceSelector"] == {"any": True}


def test_the_rule_holds_every_alert_as_it_is(render: Render) -> None:
    found = _only(
        render(**{"metrics.prometheusRule.enabled": True, "metrics.additionalLabels": STACK}),
        "PrometheusRule",
    )
    assert found["spec"] == yaml.safe_load((CHART / "files" / "alerts.yaml").read_text("utf-8"))
    assert found["metadata"]["labels"].items() >= STACK.items()


def test_alerts_can_be_left_out_labelled_and_linked(render: Render) -> None:
    wanted = {
        "enabled": True,
        "disabled": ["OCRScoresDropped"],
        "alertLabels": {"team": "ocr"},
        "runbookUrlPrefix": "https://example.com/ocr/",
    }
    alerts = _alerts(_only(render(**{"metrics.prometheusRule": wanted}), "PrometheusRule"))
    assert [one["alert"] for one in alerts] == [one.name for one in ALERTS if one.name != "OCRScoresDropped"]
    assert {one["labels"]["team"] for one in alerts} == {"ocr"}
    assert alerts[0]["labels"]["severity"] == "critical"
    assert alerts[0]["annotations"]["runbook_url"] == (
        "https://example.com/ocr/docs/monitoring.md#ocroperatordown"
    )


def test_the_dashboards_are_config_maps_for_the_sidecar(render: Render) -> None:
    objects = render(**{"metrics.dashboards": {"enabled": True, "namespace": "grafana", "folder": "Labels"}})
    found = [one for one in objects if "grafana_dashboard" in one["metadata"].get("labels", {})]
    assert len(found) == 3
    for one in found:
        assert one["metadata"]["namespace"] == "grafana"
        assert one["metadata"]["labels"]["grafana_dashboard"] == "1"
        assert one["metadata"]["annotations"]["grafana_folder"] == "Labels"
        [(name, text)] = one["data"].items()
        assert name.startswith("ocr-")
        committed = CHART / "files" / "dashboards" / name.removeprefix("ocr-")
        assert json.loads(text) == json.loads(committed.read_text("utf-8"))


def test_annotations_are_for_a_prometheus_that_goes_by_them(render: Render) -> None:
    annotations = _only(render(**{"metrics.scrapeAnnotations": True}), "Service")["metadata"]["annotations"]
    assert annotations["prometheus.io/scrape"] == "true"
    assert "annotations" not in _only(render(), "Service")["metadata"]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        pytest.param(
            {"metrics.podMonitor.enabled": True, "backends.ocr.monitoring.serviceMonitor": "Auto"},
            "scraped twice",
            id="two ways to the same pods",
        ),
        pytest.param(
            {"metrics.serviceMonitor.enabled": True, "operator.metrics.service.create": False},
            "needs operator.metrics.service.create",
            id="no service",
        ),
        pytest.param(
            {"metrics.prometheusRule": {"enabled": True, "disabled": ["OCRDown"]}},
            "names OCRDown, which is no alert",
            id="an unknown alert",
        ),
        pytest.param({"metrics.serviceMonitor.interval": "30"}, "interval", id="an interval without a unit"),
    ],
)
def test_it_refuses(helm: Helm, values: dict[str, Any], said: str) -> None:
    sets = [f"--set-json={name}={json.dumps(value)}" for name, value in values.items()]
    done = helm("template", "r", str(CHART), *sets)
    assert done.returncode != 0
    assert said in done.stderr
