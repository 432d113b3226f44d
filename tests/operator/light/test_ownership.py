"""Which existing objects the operator adopts, and which it reports as a conflict and leaves unchanged."""

from typing import Any

import pytest

from operator_process import Operator

pytestmark = pytest.mark.light

# The fixture's type lives in conftest.py, which tests cannot import.
Release = Any


def test_a_foreign_object_is_reported_and_not_changed(release: Release, operator: Operator) -> None:
    release.kubectl("create", "service", "clusterip", "ocr-ch-mobile", "--tcp=80")
    before = release.get("service", "ocr-ch-mobile")
    release.apply()
    ready = release.wait_for("False", "Conflict")
    service = f"Service {release.namespace}/ocr-ch-mobile"
    assert f"{service} exists and this OCRBackend does not own it" in ready["message"]
    assert release.get("service", "ocr-ch-mobile") == before
    release.kubectl("delete", "service", "ocr-ch-mobile")
    release.wait_for("True", "Available")


def test_a_foreign_object_is_adopted_after_it_is_annotated(release: Release, operator: Operator) -> None:
    release.kubectl("create", "service", "clusterip", "ocr-ch-mobile", "--tcp=80")
    uid = release.get("service", "ocr-ch-mobile")["metadata"]["uid"]
    release.apply()
    message = release.wait_for("False", "Conflict", "Reconciled")["message"]
    command = "kubectl annotate service ocr-ch-mobile ocrbackend.io/adopt=ocr"
    assert command in message
    release.kubectl(*command.split()[1:])
    release.wait_for("True", "Applied", "Reconciled")
    service = release.get("service", "ocr-ch-mobile")
    assert service["metadata"]["uid"] == uid
    assert [owner["name"] for owner in service["metadata"]["ownerReferences"]] == ["ocr"]
    assert service["spec"]["selector"]["ocrbackend.io/variant"] == "ch-mobile"
    assert 9090 in [port["port"] for port in service["spec"]["ports"]]


def test_an_object_with_another_controller_is_not_adopted(release: Release, operator: Operator) -> None:
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
    owned_service = {
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
    release.cluster.apply(owned_service)
    release.apply()
    message = release.wait_for("False", "Conflict", "Reconciled")["message"]
    assert "kubectl annotate" not in message
    assert release.get("service", "ocr-ch-mobile")["metadata"]["ownerReferences"][0]["name"] == "other"


def test_orphaned_objects_are_adopted_again(release: Release, operator: Operator) -> None:
    release.apply()
    release.wait_for("True", "Available")
    uids = release.managed_uids("deployments")
    release.kubectl("delete", "ocrb", "ocr", "--cascade=orphan")
    release.apply()
    release.wait_for("True", "Available")
    assert release.managed_uids("deployments") == uids


def test_a_recreated_backend_gets_new_objects(release: Release, operator: Operator) -> None:
    release.apply()
    release.wait_for("True", "Available")
    uids = release.managed_uids("deployments")
    release.kubectl("delete", "ocrb", "ocr", "--wait=false")
    release.apply()
    release.wait_for("True", "Available")

    def has_new_deployment() -> bool:
        current = release.managed_uids("deployments")
        return bool(current) and current != uids

    release.cluster.wait(has_new_deployment, "a new Deployment")
    release.wait_for("True", "Available")
