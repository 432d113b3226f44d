"""Values that concern every object, or the operator's surroundings."""

from collections.abc import Callable
from typing import Any

import pytest

from ocr_operator.api.names import FIELD_MANAGER, MANAGED_BY_LABEL, PORT

pytestmark = pytest.mark.helm

Json = dict[str, Any]
Render = Callable[..., list[Json]]


def test_common_labels_are_on_every_object_and_on_the_operators_pods(render: Render) -> None:
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
    assert {one["metadata"]["labels"]["team"] for one in objects} == {"labels"}
    [deployment] = [one for one in objects if one["kind"] == "Deployment"]
    assert deployment["spec"]["template"]["metadata"]["labels"]["team"] == "labels"
    assert "team" not in deployment["spec"]["selector"]["matchLabels"]


def test_common_labels_do_not_take_the_place_of_the_charts(render: Render) -> None:
    objects = render(**{"global.commonLabels": {r"app\.kubernetes\.io/instance": "another"}})
    found = {one["metadata"]["labels"]["app.kubernetes.io/instance"] for one in objects}
    assert found == {"r"}


def test_the_operators_network_policy(render: Render) -> None:
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
    [policy] = [one for one in objects if one["kind"] == "NetworkPolicy"]
    [deployment] = [one for one in objects if one["kind"] == "Deployment"]
    ours = {MANAGED_BY_LABEL: FIELD_MANAGER}
    dns = [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}]
    assert policy["spec"] == {
        "podSelector": deployment["spec"]["selector"],
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [{"ports": [{"protocol": "TCP", "port": "metrics"}], "from": [peer]}],
        "egress": [
            {"ports": dns},
            {
                "ports": [{"protocol": "TCP", "port": PORT}],
                "to": [{"namespaceSelector": {}, "podSelector": {"matchLabels": ours}}],
            },
            {"ports": [{"protocol": "TCP", "port": 6443}], "to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]},
        ],
    }


def test_by_default_there_is_no_network_policy(render: Render) -> None:
    assert not [one for one in render() if one["kind"] == "NetworkPolicy"]


def test_extra_objects_are_yaml_or_text_with_templates(render: Render) -> None:
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: two}\ndata: {in: '{{ .Release.Namespace }}'}"
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "one"}}
    objects = render(extraObjects=[body | {"data": {"of": "{{ .Release.Name }}"}}, text])
    found = {one["metadata"]["name"]: one.get("data") for one in objects if one["kind"] == "ConfigMap"}
    assert found["one"] == {"of": "r"}
    assert found["two"] == {"in": "labs"}
