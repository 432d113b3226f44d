"""The volume for models: created, expanded, retained or deleted; a missing claim or class is reported."""

import json
from typing import Any

import pytest

from operator_process import Operator

pytestmark = pytest.mark.light

# The fixture's type lives in conftest.py, which tests cannot import.
Release = Any


def test_the_volume_for_downloads_is_deleted_with_the_backend(release: Release, operator: Operator) -> None:
    release.apply(models={"source": "Hub", "storage": {"size": "1Gi"}})
    release.cluster.wait(
        lambda: release.managed_names("persistentvolumeclaims") == {"ocr-models"}, "the claim"
    )
    release.wait_for("True", "Available")
    release.kubectl("delete", "ocrb", "ocr")
    release.cluster.wait(
        lambda: not release.managed_names("persistentvolumeclaims"), "the claim to be deleted"
    )


def test_a_retained_volume_is_adopted_by_the_next_backend(release: Release, operator: Operator) -> None:
    release.apply(models={"source": "Hub", "reclaimPolicy": "Retain", "storage": {"size": "1Gi"}})
    release.wait_for("True", "Available")
    before = release.get("pvc", "ocr-models")["metadata"]
    assert "ownerReferences" not in before
    release.kubectl("delete", "ocrb", "ocr", "--cascade=foreground")
    release.cluster.wait(lambda: not release.managed_names("deployments"), "the Deployment to be deleted")
    assert release.managed_names("persistentvolumeclaims") == {"ocr-models"}
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


def _expandable_claim(release: Release) -> dict[str, str]:
    """Waits for a claim of 1Gi whose storage class allows its expansion; returns its fields in the spec."""
    metadata = {"name": release.namespace}
    kind = {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": metadata}
    expandable = {"volumeBindingMode": "WaitForFirstConsumer", "allowVolumeExpansion": True}
    release.cluster.apply(kind | expandable | {"provisioner": "example.com/none"})
    storage = {"storageClassName": release.namespace}
    release.apply(models={"source": "Hub", "storage": storage | {"size": "1Gi"}})
    release.cluster.wait(lambda: release.managed_names("persistentvolumeclaims"), "the claim")
    return storage


def test_a_volume_is_expanded_once_it_is_bound(release: Release, operator: Operator) -> None:
    storage = _expandable_claim(release)
    # A claim without a volume cannot be expanded.
    release.apply(models={"source": "Hub", "storage": storage | {"size": "2Gi"}})
    message = release.wait_for("False", "StoragePending", "Reconciled")["message"]
    assert "spec is immutable after creation except resources.requests" in message
    _provision(release, storage)
    release.wait_for("True", "Applied", "Reconciled")
    release.wait_for("True", "Available")
    claim = release.get("persistentvolumeclaim", "ocr-models")
    assert claim["spec"]["resources"]["requests"]["storage"] == "2Gi"
    # In place of the resizer of a storage driver, which this cluster does not have.
    resized = json.dumps({"status": {"capacity": {"storage": "2Gi"}}})
    release.kubectl(
        "patch", "persistentvolumeclaim", "ocr-models", "--subresource=status", f"--patch={resized}"
    )
    release.settle(operator)
    assert release.condition("Reconciled")["status"] == release.condition()["status"] == "True"
    release.kubectl("delete", "ocrb", "ocr")
    release.cluster.kubectl("delete", "persistentvolume,storageclass", release.namespace, "--wait=false")


def test_a_claim_that_differs_from_the_spec_stays_as_it_is(release: Release, operator: Operator) -> None:
    large = {"size": "2Gi", "storageClassName": "slow", "accessMode": "ReadWriteMany"}
    release.apply(models={"source": "Hub", "reclaimPolicy": "Retain", "storage": large})
    release.cluster.wait(lambda: release.managed_names("persistentvolumeclaims"), "the claim")
    before = release.get("pvc", "ocr-models")["spec"]
    release.kubectl("delete", "ocrb", "ocr", "--cascade=foreground")
    small = {"size": "1Gi", "storageClassName": "fast", "accessMode": "ReadWriteOnce"}
    release.apply(models={"source": "Hub", "storage": small})
    message = release.wait_for("False", "VolumeDiffers", "Reconciled")["message"]
    assert "size is 2Gi, not 1Gi as in the spec" in message
    assert 'storageClassName is "slow", not "fast" as in the spec' in message
    assert "accessMode is ReadWriteMany, not ReadWriteOnce as in the spec" in message
    claim = release.get("pvc", "ocr-models")
    assert claim["spec"] == before
    [owner] = claim["metadata"]["ownerReferences"]
    assert owner["uid"] == release.get("ocrb", "ocr")["metadata"]["uid"]


def test_a_claim_that_was_expanded_by_hand_stays_large(release: Release, operator: Operator) -> None:
    storage = _expandable_claim(release)
    _provision(release, storage)
    release.wait_for("True", "Available")
    patch = json.dumps({"spec": {"resources": {"requests": {"storage": "3Gi"}}}})
    release.kubectl("patch", "pvc", "ocr-models", "--type=merge", f"--patch={patch}")
    message = release.wait_for("False", "VolumeDiffers", "Reconciled")["message"]
    assert "size is 3Gi, not 1Gi as in the spec" in message
    release.settle(operator)
    assert release.get("pvc", "ocr-models")["spec"]["resources"]["requests"]["storage"] == "3Gi"
    assert release.condition()["status"] == "True"
    assert release.condition("Degraded")["status"] == "False"
    release.kubectl("delete", "ocrb", "ocr")
    release.cluster.kubectl("delete", "persistentvolume,storageclass", release.namespace, "--wait=false")


def _provision(release: Release, storage: dict[str, str]) -> None:
    """Creates the volume of the claim, in place of a storage driver."""
    claim = {"name": "ocr-models", "namespace": release.namespace}
    spec = {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], **storage}
    release.cluster.apply(
        {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": release.namespace},
            "spec": spec | {"claimRef": claim, "hostPath": {"path": "/nowhere"}},
        }
    )


def test_a_missing_claim_is_reported_until_it_exists(release: Release, operator: Operator) -> None:
    release.apply(models={"source": "Claim", "storage": {"claimName": "prepared"}})
    assert '"prepared" not found' in release.wait_for("False", "ClaimNotFound")["message"]
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "prepared", "namespace": release.namespace},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    release.cluster.apply(claim)
    release.wait_for("True", "Available")


def test_a_missing_storage_class_is_reported(release: Release, operator: Operator) -> None:
    release.apply(models={"source": "Hub", "storage": {"storageClassName": "no-such"}})
    assert '"no-such" not found' in release.wait_for("False", "StorageClassNotFound")["message"]
