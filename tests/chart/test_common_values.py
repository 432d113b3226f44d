"""Values that affect every object, or the cluster around the operator."""

from collections.abc import Callable
from typing import Any

import pytest

from ocr_operator.api.names import FIELD_MANAGER, MANAGED_BY_LABEL, PORT

pytestmark = pytest.mark.helm

Json = dict[str, Any]
Render = Callable[..., list[Json]]


def test_every_object_and_the_operators_pods_have_the_common_labels(render: Render) -> None:
    run = {"project": 1, "backend": {"url": "http://ocr:9090"}, "labelStudio": {"url": "http://labels"}}
    run["labelStudio"]["apiKeySecretRef"] = {"name": "labels", "key": "token"}
    objects = render(
        **{
            "global.commonLabels": {"team": "labels"},
            "operator.replicas": 2,
            "operator.networkPolicy.enabled": True,
            "operator.watch.allNamespaces": True,
            "prelabel": {"once": run, "nightly": run | {"schedule": "0 2 * * *"}},
        }
    )
    assert {body["metadata"]["labels"]["team"] for body in objects} == {"labels"}
    [deployment] = [body for body in objects if body["kind"] == "Deployment"]
    assert deployment["spec"]["template"]["metadata"]["labels"]["team"] == "labels"
    assert "team" not in deployment["spec"]["selector"]["matchLabels"]


def test_common_labels_do_not_replace_the_charts_labels(render: Render) -> None:
    objects = render(**{"global.commonLabels": {r"app\.kubernetes\.io/instance": "another"}})
    assert {body["metadata"]["labels"]["app.kubernetes.io/instance"] for body in objects} == {"r"}


def test_the_network_policy_of_the_operator(render: Render) -> None:
    peer = {"namespaceSelector": {"matchLabels": {"name": "monitoring"}}}
    objects = render(
        **{
            "operator.networkPolicy": {
                "enabled": True,
                "metricsFrom": [peer],
                "apiServerPorts": [6443],
                "apiServerNetworks": ["10.0.0.0/8"],
            }
        }
    )
    [policy] = [body for body in objects if body["kind"] == "NetworkPolicy"]
    [deployment] = [body for body in objects if body["kind"] == "Deployment"]
    managed_pods = {MANAGED_BY_LABEL: FIELD_MANAGER}
    dns = [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}]
    assert policy["spec"] == {
        "podSelector": deployment["spec"]["selector"],
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [{"ports": [{"protocol": "TCP", "port": "metrics"}], "from": [peer]}],
        "egress": [
            {"ports": dns},
            {
                "ports": [{"protocol": "TCP", "port": PORT}],
                "to": [{"namespaceSelector": {}, "podSelector": {"matchLabels": managed_pods}}],
            },
            {"ports": [{"protocol": "TCP", "port": 6443}], "to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]},
        ],
    }


def test_by_default_there_is_no_network_policy(render: Render) -> None:
    assert not [body for body in render() if body["kind"] == "NetworkPolicy"]


def test_extra_objects_are_yaml_or_strings_with_templates(render: Render) -> None:
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: two}\ndata: {in: '{{ .Release.Namespace }}'}"
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "one"}}
    objects = render(extraObjects=[body | {"data": {"of": "{{ .Release.Name }}"}}, text])
    data = {item["metadata"]["name"]: item.get("data") for item in objects if item["kind"] == "ConfigMap"}
    assert data["one"] == {"of": "r"}
    assert data["two"] == {"in": "labs"}
