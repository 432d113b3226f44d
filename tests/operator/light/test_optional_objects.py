"""Managed objects and pod fields that exist only if the spec asks for them."""

from typing import Any

import pytest

from operator_process import Operator

pytestmark = pytest.mark.light

CHINESE = {"name": "ch-mobile", "language": "ch", "modelType": "mobile"}

# The fixture's type lives in conftest.py, which tests cannot import.
Release = Any


def test_optional_objects_are_created_and_deleted_with_the_spec(
    service_monitors: None, release: Release, operator: Operator
) -> None:
    release.apply(
        variants=[CHINESE | {"replicas": 2}],
        networkPolicy={"enabled": True},
        monitoring={"serviceMonitor": "Auto"},
    )
    release.wait_for("True", "Available")
    assert release.managed_names("poddisruptionbudgets") == {"ocr-ch-mobile"}
    assert release.managed_names("networkpolicies") == {"ocr"}
    assert release.managed_names("servicemonitors") == {"ocr"}
    release.cluster.wait(
        lambda: release.get("pdb", "ocr-ch-mobile")["status"].get("disruptionsAllowed") == 1,
        "one allowed disruption",
    )
    release.apply()
    for kind in ("poddisruptionbudgets", "networkpolicies", "servicemonitors"):
        release.cluster.wait(lambda kind=kind: not release.managed_names(kind), f"no {kind}")
    release.wait_for("True", "Available")


def test_pods_with_all_optional_fields_pass_the_restricted_standard(
    release: Release, operator: Operator
) -> None:
    label = "pod-security.kubernetes.io/enforce=restricted"
    release.cluster.kubectl("label", "namespace", release.namespace, label)
    release.kubectl("create", "serviceaccount", "reader")
    release.kubectl("create", "configmap", "files", "--from-literal=LEVEL=INFO")
    from_map = {"configMapKeyRef": {"name": "files", "key": "LEVEL"}}
    release.apply(
        env=[{"name": "NOTE", "valueFrom": from_map}],
        placement={
            "priorityClassName": "system-cluster-critical",
            "topologySpreadConstraints": [{"topologyKey": "kubernetes.io/hostname"}],
        },
        podTemplate={
            "labels": {"team": "labels"},
            "annotations": {"note": "x"},
            "serviceAccountName": "reader",
            "volumes": [{"name": "files", "configMap": {"name": "files"}}],
            "volumeMounts": [{"name": "files", "mountPath": "/files", "readOnly": True}],
        },
    )
    release.wait_for("True", "Available")
    [pod] = release.get("pods", "--selector=team=labels")["items"]
    assert pod["metadata"]["annotations"]["note"] == "x"
    assert pod["spec"]["serviceAccountName"] == "reader"
    assert pod["spec"]["topologySpreadConstraints"][0]["topologyKey"] == "kubernetes.io/hostname"


def test_a_variant_that_scales_on_its_queue_is_left_to_keda(
    scaled_objects: None, release: Release, operator: Operator
) -> None:
    """Its pods are those that KEDA asks for; afterwards the ScaledObject is gone.

    KEDA may just have been installed, which the operator notices within 30 s.
    """
    scaling = {"mode": "Queue", "maxReplicas": 4, "prometheusAddress": "http://prometheus:9090"}
    release.apply(variants=[CHINESE | {"autoscaling": scaling}])
    release.wait_for("True", "Available")
    release.cluster.wait(
        lambda: release.managed_names("scaledobjects") == {"ocr-ch-mobile"}, "the ScaledObject"
    )
    release.kubectl("scale", "deployment/ocr-ch-mobile", "--replicas=3")
    release.settle(operator)
    assert release.get("deployment", "ocr-ch-mobile")["spec"]["replicas"] == 3
    release.apply()
    release.cluster.wait(lambda: not release.managed_names("scaledobjects"), "no ScaledObject")
    release.cluster.wait(
        lambda: release.get("deployment", "ocr-ch-mobile")["spec"]["replicas"] == 1,
        "the replicas of the spec",
    )
