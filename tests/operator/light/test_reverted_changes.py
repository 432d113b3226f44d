"""Common manual changes of managed objects are reverted; test_drift.py changes every field of every kind."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from operator_process import Operator

pytestmark = pytest.mark.light

CHINESE = {"name": "ch-mobile", "language": "ch", "modelType": "mobile"}
CONTAINER = "/spec/template/spec/containers/0"
MANAGED_BY = "/metadata/labels/app.kubernetes.io~1managed-by"

# The fixture's type lives in conftest.py, which tests cannot import.
Release = Any
Change = Callable[[Release], None]


def _scale(release: Release) -> None:
    release.kubectl("scale", "deployment/ocr-ch-mobile", "--replicas=3")


def _pause(release: Release) -> None:
    release.kubectl("rollout", "pause", "deployment/ocr-ch-mobile")


def _replace(kind: str, path: str, value: Any) -> Change:
    return _patch(kind, {"op": "replace", "path": path, "value": value})


def _remove(kind: str, path: str) -> Change:
    return _patch(kind, {"op": "remove", "path": path})


def _patch(kind: str, operation: dict[str, Any]) -> Change:
    def change(release: Release) -> None:
        patch = json.dumps([operation])
        release.kubectl("patch", kind, "ocr-ch-mobile", "--type=json", f"--patch={patch}")

    return change


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        pytest.param("deployment", _scale, id="the number of pods"),
        pytest.param("deployment", _pause, id="the pause of rollouts"),
        pytest.param("deployment", _replace("deployment", f"{CONTAINER}/image", "evil"), id="the image"),
        pytest.param("deployment", _replace("deployment", f"{CONTAINER}/env/0/value", "x"), id="a variable"),
        pytest.param("deployment", _remove("deployment", f"{CONTAINER}/readinessProbe"), id="a probe"),
        pytest.param("deployment", _remove("deployment", MANAGED_BY), id="the label that selects it"),
        pytest.param("deployment", _remove("deployment", "/metadata/ownerReferences"), id="the owner"),
        pytest.param("service", _replace("service", "/spec/ports/0/targetPort", 1), id="the port"),
        pytest.param(
            "service", _replace("service", "/spec/selector", {"app": "other"}), id="the Service's selector"
        ),
    ],
)
def test_a_manual_change_is_reverted(release: Release, operator: Operator, kind: str, change: Change) -> None:
    release.apply()
    release.wait_for("True", "Available")
    before = _managed_part(release.get(kind, "ocr-ch-mobile"))
    change(release)
    release.cluster.wait(
        lambda: _managed_part(release.get(kind, "ocr-ch-mobile")) == before, f"the {kind} to be reverted"
    )
    release.wait_for("True", "Available")


def _managed_part(body: dict[str, Any]) -> dict[str, Any]:
    metadata = body["metadata"]
    return {
        "uid": metadata["uid"],
        "labels": metadata.get("labels"),
        "owners": metadata.get("ownerReferences"),
        "spec": body["spec"],
    }


@pytest.mark.parametrize("kind", ["deployment", "service", "horizontalpodautoscaler"])
def test_a_deleted_object_is_created_again(release: Release, operator: Operator, kind: str) -> None:
    release.apply(variants=[CHINESE | {"autoscaling": {"maxReplicas": 2}}])
    release.wait_for("True", "Available")
    uid = release.get(kind, "ocr-ch-mobile")["metadata"]["uid"]
    release.kubectl("delete", kind, "ocr-ch-mobile", "--wait=false")
    release.cluster.wait(
        lambda: release.get(kind, "ocr-ch-mobile").get("metadata", {}).get("uid", uid) != uid, f"a new {kind}"
    )
    release.wait_for("True", "Available")
