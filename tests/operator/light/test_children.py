"""Children that are made only where they are asked for, and objects that are not the operator's own."""

import json
from typing import Any

import pytest

from operator_process import Operator

pytestmark = pytest.mark.light

CHINESE = {"language": "ch", "modelType": "mobile"}

# The fixture's type lives in conftest.py, which tests cannot import.
Release = Any


def test_what_is_asked_for_comes_and_what_is_no_longer_goes(
    service_monitors: None, release: Release, operator: Operator
) -> None:
    release.apply(
        variants=[CHINESE | {"replicas": 2}],
        networkPolicy={"enabled": True},
        monitoring={"serviceMonitor": "Auto"},
    )
    release.wait_for("True", "Available")
    assert release.names("poddisruptionbudgets") == {"ocr-ch-mobile"}
    assert release.names("networkpolicies") == {"ocr"}
    assert release.names("servicemonitors") == {"ocr"}
    release.cluster.wait(
        lambda: release.get("pdb", "ocr-ch-mobile")["status"].get("disruptionsAllowed") == 1,
        "one pod to be spared",
    )
    release.apply()
    for kind in ("poddisruptionbudgets", "networkpolicies", "servicemonitors"):
        release.cluster.wait(lambda kind=kind: not release.names(kind), f"no {kind}")
    release.wait_for("True", "Available")


def test_pods_with_all_that_can_be_added_run_under_the_restricted_standard(
    release: Release, operator: Operator
) -> None:
    label = "pod-security.kubernetes.io/enforce=restricted"
    release.cluster.kubectl("label", "namespace", release.namespace, label)
    release.kubectl("create", "serviceaccount", "reader")
    release.kubectl("create", "configmap", "files", "--from-literal=LEVEL=INFO")
    from_map = {"configMapKeyRef": {"name": "files", "key": "LEVEL"}}
    release.apply(
        options={"extraEnv": [{"name": "NOTE", "valueFrom": from_map}]},
        placement={
            "priorityClassName": "system-cluster-critical",
            "topologySpread": [{"topologyKey": "kubernetes.io/hostname"}],
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


def test_an_object_of_somebody_else_is_taken_over_once_it_allows_it(
    release: Release, operator: Operator
) -> None:
    release.kubectl("create", "service", "clusterip", "ocr-ch-mobile", "--tcp=80")
    uid = release.get("service", "ocr-ch-mobile")["metadata"]["uid"]
    release.apply()
    message = release.wait_for("False", "Conflict", "Reconciled")["message"]
    advice = "kubectl annotate service ocr-ch-mobile ocrbackend.io/adopt=ocr"
    assert advice in message
    release.kubectl(*advice.split()[1:])
    release.wait_for("True", "Applied", "Reconciled")
    service = release.get("service", "ocr-ch-mobile")
    assert service["metadata"]["uid"] == uid
    assert [one["name"] for one in service["metadata"]["ownerReferences"]] == ["ocr"]
    assert service["spec"]["selector"]["ocrbackend.io/language"] == "ch"
    assert 9090 in [port["port"] for port in service["spec"]["ports"]]


def test_what_a_controller_holds_is_not_taken_over(release: Release, operator: Operator) -> None:
    release.apply(name="other")
    release.wait_for("True", "Available", name="other")
    uid = release.get("ocrb", "other")["metadata"]["uid"]
    owner = {
        "apiVersion": "ocrbackend.io/v1alpha1",
        "kind": "OCRBackend",
        "name": "other",
        "uid": uid,
        "controller": True,
    }
    theirs = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": "ocr-ch-mobile",
            "namespace": release.namespace,
            "annotations": {"ocrbackend.io/adopt": "ocr"},
            "ownerReferences": [owner],
        },
        "spec": {"ports": [{"port": 80}]},
    }
    release.cluster.apply(theirs)
    release.apply()
    message = release.wait_for("False", "Conflict", "Reconciled")["message"]
    assert "kubectl annotate" not in message
    assert release.get("service", "ocr-ch-mobile")["metadata"]["ownerReferences"][0]["name"] == "other"


def test_a_retained_volume_outlives_its_object_and_is_the_next_ones(
    release: Release, operator: Operator
) -> None:
    release.apply(models={"source": "Hub", "reclaimPolicy": "Retain", "storage": {"size": "1Gi"}})
    release.wait_for("True", "Available")
    before = release.get("pvc", "ocr-models")["metadata"]
    assert "ownerReferences" not in before
    release.kubectl("delete", "ocrb", "ocr", "--cascade=foreground")
    release.cluster.wait(lambda: not release.names("deployments"), "the Deployment to go")
    assert release.names("persistentvolumeclaims") == {"ocr-models"}
    release.apply(models={"source": "Hub", "storage": {"size": "1Gi"}})
    release.wait_for("True", "Available")
    after = release.get("pvc", "ocr-models")["metadata"]
    assert after["uid"] == before["uid"]
    [owner] = after["ownerReferences"]
    assert owner["uid"] == release.get("ocrb", "ocr")["metadata"]["uid"]
    patch = json.dumps({"spec": {"models": {"reclaimPolicy": "Retain"}}})
    release.kubectl("patch", "ocrb", "ocr", "--type=merge", f"--patch={patch}")
    release.cluster.wait(
        lambda: "ownerReferences" not in release.get("pvc", "ocr-models")["metadata"], "no owner"
    )
