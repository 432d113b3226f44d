"""Values that change the operator's pods, and the roles of users."""

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.helm

Json = dict[str, Any]
Render = Callable[..., list[Json]]

POD_FIELDS: Json = {
    "runtimeClassName": "gvisor",
    "priorityClassName": "system-cluster-critical",
    "hostAliases": [{"ip": "10.0.0.1", "hostnames": ["api"]}],
    "nodeSelector": {"pool": "system"},
    "topologySpreadConstraints": [
        {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule", "labelSelector": {}}
    ],
}
VOLUME = {"name": "ca", "secret": {"secretName": "ca"}}
MOUNT = {"name": "ca", "mountPath": "/ca", "readOnly": True}
PROXY = {"name": "HTTPS_PROXY", "value": "http://proxy:3128"}


def only(objects: list[Json], kind: str, suffix: str = "") -> Json:
    [body] = [body for body in objects if body["kind"] == kind and body["metadata"]["name"].endswith(suffix)]
    return body


def test_fields_of_the_pod_can_be_set(render: Render) -> None:
    values = {f"operator.{name}": value for name, value in POD_FIELDS.items()}
    deployment = only(render(**values), "Deployment")
    pod = deployment["spec"]["template"]["spec"]
    assert {name: pod[name] for name in POD_FIELDS} == POD_FIELDS


def test_arguments_variables_and_volumes_are_added(render: Render) -> None:
    values = {"extraArgs": ["--x=1"], "extraEnv": [PROXY], "extraVolumes": [VOLUME]}
    values |= {"extraVolumeMounts": [MOUNT]}
    deployment = only(render(**{f"operator.{name}": value for name, value in values.items()}), "Deployment")
    pod = deployment["spec"]["template"]["spec"]
    [container] = pod["containers"]
    assert container["args"][-1] == "--x=1"
    assert container["env"] == [PROXY]
    assert MOUNT in container["volumeMounts"]
    assert VOLUME in pod["volumes"]


def test_security_contexts_are_merged_with_the_defaults(render: Render) -> None:
    values = {
        "operator.podSecurityContext": {"runAsUser": 7},
        "operator.securityContext": {"privileged": False},
    }
    pod = only(render(**values), "Deployment")["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsUser"] == 7
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["containers"][0]["securityContext"]["readOnlyRootFilesystem"] is True


def test_strategy_token_and_disruption_budget_can_be_set(render: Render) -> None:
    values = {"replicas": 3, "strategy": {"type": "Recreate"}, "automountServiceAccountToken": False}
    values |= {"podDisruptionBudget": {"maxUnavailable": "50%"}}
    objects = render(**{f"operator.{name}": value for name, value in values.items()})
    spec = only(objects, "Deployment")["spec"]
    assert spec["strategy"] == {"type": "Recreate"}
    assert spec["template"]["spec"]["automountServiceAccountToken"] is False
    assert only(objects, "PodDisruptionBudget")["spec"]["maxUnavailable"] == "50%"
    disabled = render(**{"operator.replicas": 3, "operator.podDisruptionBudget.enabled": False})
    assert not [body for body in disabled if body["kind"] == "PodDisruptionBudget"]


def test_replicas_prefer_different_nodes(render: Render) -> None:
    deployment = only(render(**{"operator.replicas": 2}), "Deployment")
    [constraint] = deployment["spec"]["template"]["spec"]["topologySpreadConstraints"]
    assert constraint["topologyKey"] == "kubernetes.io/hostname"
    assert constraint["labelSelector"] == deployment["spec"]["selector"]


@pytest.mark.parametrize(
    ("suffix", "verbs", "roles"),
    [
        pytest.param("-view", {"get", "list", "watch"}, {"view", "edit", "admin"}, id="view"),
        pytest.param(
            "-edit",
            {"create", "update", "patch", "delete", "deletecollection"},
            {"edit", "admin"},
            id="edit",
        ),
    ],
)
def test_the_roles_of_users_include_ocrbackends(
    render: Render, suffix: str, verbs: set[str], roles: set[str]
) -> None:
    role = only(render(), "ClusterRole", suffix)
    prefix = "rbac.authorization.k8s.io/aggregate-to-"
    labels = {name.removeprefix(prefix) for name in role["metadata"]["labels"] if name.startswith(prefix)}
    assert labels == roles
    [rule] = role["rules"]
    assert set(rule["verbs"]) == verbs
    assert "ocrbackends" in rule["resources"]


def test_the_roles_of_users_can_be_left_out(render: Render) -> None:
    objects = render(**{"operator.rbac.aggregateClusterRoles": False})
    assert not [body for body in objects if body["kind"] == "ClusterRole"]
