"""Whatever somebody does by hand to a child of the operator's, the child is as it was soon after."""

import json
from typing import Any

import pytest

from ocr_cluster.errors import ClusterError
from operator_process import Operator
from owned_fields import meddlings, owned_fields, pointer, value_at

pytestmark = pytest.mark.light

# The fixture's type lives in conftest.py, which tests cannot import.
Release = Any
Json = dict[str, Any]

VARIANT = "ocr-ch-mobile"
CHILDREN = [
    pytest.param("deployment", VARIANT, id="Deployment"),
    pytest.param("service", VARIANT, id="Service"),
    pytest.param("horizontalpodautoscaler", "ocr-en-mobile", id="HorizontalPodAutoscaler"),
    pytest.param("poddisruptionbudget", VARIANT, id="PodDisruptionBudget"),
    pytest.param("persistentvolumeclaim", "ocr-models", id="PersistentVolumeClaim"),
    pytest.param("networkpolicy", "ocr", id="NetworkPolicy"),
    pytest.param("servicemonitor", "ocr", id="ServiceMonitor"),
]

# What the API server itself lets nobody change.
GUARDED = {
    "deployment": {
        "/spec/selector",
    },
    "persistentvolumeclaim": {
        "/spec/accessModes",
        "/spec/resources/requests/storage",
    },
}


@pytest.fixture
def everything(release: Release, operator: Operator, service_monitors: None) -> Release:
    """A namespace with an OCRBackend that has every kind of child, in a state that does not change."""
    release.apply(
        variants=[
            {"language": "ch", "modelType": "mobile", "replicas": 2},
            {"language": "en", "modelType": "mobile", "autoscaling": {"maxReplicas": 2}},
        ],
        models={"source": "Hub", "storage": {"size": "1Gi"}},
        labelStudio={"apiKeySecretRef": {"name": "s", "key": "k"}, "basicAuthSecretRef": {"name": "s"}},
        accelerator={"resourceName": "nvidia.com/gpu"},
        options={"extraEnv": [{"name": "NOTE", "value": "x"}], "scoreThreshold": "0.6"},
        placement={
            "nodeSelector": {"kubernetes.io/os": "linux"},
            "tolerations": [{"key": "gpu", "operator": "Exists"}],
            "topologySpread": [{"topologyKey": "kubernetes.io/hostname"}],
        },
        image={"pullSecrets": [{"name": "pull"}]},
        podTemplate={
            "labels": {"team": "labels"},
            "annotations": {"note": "x"},
            "serviceAccountName": "default",
            "volumes": [{"name": "files", "configMap": {"name": "files", "optional": True}}],
            "volumeMounts": [{"name": "files", "mountPath": "/files"}],
        },
        networkPolicy={"enabled": True, "allowFrom": [{"podSelector": {"matchLabels": {"a": "b"}}}]},
        monitoring={"serviceMonitor": "Always", "labels": {"release": "prometheus"}},
    )
    release.wait_for("True", "Applied", "Reconciled")
    return release


@pytest.mark.parametrize(("kind", "name"), CHILDREN)
def test_every_field_that_the_operator_writes_is_changed_back(
    everything: Release, kind: str, name: str
) -> None:
    child = _child(everything, kind, name)
    fields = owned_fields(child, "ocr-operator")
    assert fields
    guarded = {pointer(path) for path in fields if not _meddled(everything, kind, name, path)}
    assert guarded == {path for path in map(pointer, fields) if _is_guarded(kind, path)}


def _is_guarded(kind: str, path: str) -> bool:
    return any(path == one or path.startswith(f"{one}/") for one in GUARDED.get(kind, ()))


def _meddled(release: Release, kind: str, name: str, path: tuple[str | int, ...]) -> bool:
    """Changes the field and waits for what was there; False if the API server takes no change of it."""
    before = _child(release, kind, name)
    for patch in meddlings(before, path):
        try:
            answer = release.kubectl(
                "patch", kind, name, "--type=json", f"--patch={json.dumps(patch)}", "--output=json"
            )
        except ClusterError:
            continue
        if value_at(json.loads(answer), path) == value_at(before, path):
            continue
        release.cluster.wait(
            lambda: _meaning(_child(release, kind, name)) == _meaning(before),
            f"{kind} to have its {pointer(path)} back",
        )
        return True
    return False


@pytest.mark.parametrize(("kind", "name"), CHILDREN)
def test_a_child_that_somebody_deletes_comes_back(everything: Release, kind: str, name: str) -> None:
    before = _child(everything, kind, name)
    # A volume in use would stay until its pods are gone.
    everything.kubectl("patch", kind, name, "--type=merge", '--patch={"metadata": {"finalizers": null}}')
    everything.kubectl("delete", kind, name, "--wait=false")

    def is_back() -> bool:
        there = everything.get(kind, name)
        return bool(there) and there["metadata"]["uid"] != before["metadata"]["uid"]

    everything.cluster.wait(is_back, f"another {kind}")
    after = _child(everything, kind, name)
    assert owned_fields(after, "ocr-operator") == owned_fields(before, "ocr-operator")


def test_what_others_add_to_a_child_is_theirs(everything: Release, operator: Operator) -> None:
    note = {"metadata": {"annotations": {"mine": "yes"}}, "spec": {"publishNotReadyAddresses": True}}
    everything.kubectl("patch", "service", VARIANT, "--type=merge", f"--patch={json.dumps(note)}")
    everything.settle(operator)
    service = everything.get("service", VARIANT)
    assert service["metadata"]["annotations"] == {"mine": "yes"}
    assert service["spec"]["publishNotReadyAddresses"] is True


def _child(release: Release, kind: str, name: str) -> Json:
    found: Json = release.get(kind, name, "--show-managed-fields")
    return found


def _meaning(body: Json) -> Json:
    metadata = body.get("metadata", {})
    return {
        "uid": metadata.get("uid"),
        "labels": metadata.get("labels"),
        "owners": metadata.get("ownerReferences"),
        "spec": body.get("spec"),
    }
