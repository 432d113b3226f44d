"""Rapid changes: many edits at once, and OCRBackends and namespaces deleted during their creation."""

import uuid
from typing import Any

import pytest

from operator_process import Operator

pytestmark = pytest.mark.light

# The fixture's type lives in conftest.py, which tests cannot import.
Release = Any

EDITS = 200


def _backend(namespace: str, threshold: str) -> dict[str, Any]:
    spec = {
        "ocrVersion": "PP-OCRv6",
        "models": {"source": "Builtin"},
        "variants": [{"name": "ch-mobile", "language": "ch", "modelType": "mobile"}],
        "options": {"scoreThreshold": threshold},
    }
    metadata = {"name": "ocr", "namespace": namespace}
    return {"apiVersion": "ocrbackend.io/v1alpha1", "kind": "OCRBackend", "metadata": metadata, "spec": spec}


def test_of_200_edits_the_last_one_is_applied(release: Release, operator: Operator) -> None:
    """Within 60 s of the last edit; edits during a reconcile cause no extra work."""
    release.apply()
    release.wait_for("True", "Available")
    before = release.get("deployment", "ocr-ch-mobile")["metadata"]["generation"]
    edits = [_backend(release.namespace, f"0.{number + 100}") for number in range(EDITS)]
    release.cluster.apply(*edits)
    release.wait_for("True", "Available")
    deployment = release.get("deployment", "ocr-ch-mobile")
    [container] = deployment["spec"]["template"]["spec"]["containers"]
    assert f"0.{EDITS + 99}" in {variable.get("value") for variable in container["env"]}
    assert deployment["metadata"]["generation"] - before < EDITS


def test_backends_deleted_during_creation_leave_nothing(release: Release, operator: Operator) -> None:
    """No managed object is left 60 s after the last deletion, and the next OCRBackend becomes Ready."""
    for _ in range(10):
        release.apply()
        release.kubectl("delete", "ocrb", "ocr", "--wait=false")
    for kind in ("deployments", "services"):
        release.cluster.wait(lambda kind=kind: not release.managed_names(kind), f"no {kind}")
    release.apply()
    release.wait_for("True", "Available")


def test_a_namespace_deleted_during_creation_is_gone_within_a_minute(
    release: Release, operator: Operator
) -> None:
    cluster, name = release.cluster, f"test-{uuid.uuid4().hex[:8]}"
    cluster.kubectl("create", "namespace", name)
    cluster.apply(_backend(name, "0.5"))
    cluster.kubectl("delete", "namespace", name, "--wait=false")
    cluster.wait(lambda: not cluster.get("namespace", name), "the namespace to be deleted")
    release.apply()
    release.wait_for("True", "Available")
    assert operator.process.poll() is None
