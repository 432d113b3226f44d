"""Every manual change of a managed object is reverted: each field of each kind, and deletions."""

import json
import re
from typing import Any

import pytest

from drift_patches import drift_patches
from ocr_backend.config.settings import Settings
from ocr_cluster.errors import ClusterError
from ocr_operator.manifests.model_sets import set_id
from ocr_operator.observed.owned_fields import Field, applied_fields, owned_values
from operator_process import Operator

pytestmark = pytest.mark.light

# The fixture's type lives in conftest.py, which tests cannot import.
Release = Any

VARIANT = "ocr-ch-mobile"
JOB = f"ocr-models-{set_id(Settings('PP-OCRv6', language='ch', model_type='mobile', use_gpu=True))}"
AS_IS = ("--output=json", "--show-managed-fields")
MANAGED = [
    pytest.param("deployment", VARIANT, id="Deployment"),
    pytest.param("service", VARIANT, id="Service"),
    pytest.param("horizontalpodautoscaler", "ocr-en-mobile", id="HorizontalPodAutoscaler"),
    pytest.param("poddisruptionbudget", VARIANT, id="PodDisruptionBudget"),
    pytest.param("persistentvolumeclaim", "ocr-models", id="PersistentVolumeClaim"),
    pytest.param("networkpolicy", "ocr", id="NetworkPolicy"),
    pytest.param("servicemonitor", "ocr", id="ServiceMonitor"),
    pytest.param("job", JOB, id="Job"),
]

# Patterns of the fields that the API server does not let anyone change or remove.
IMMUTABLE = {
    "deployment": (
        # The API server stores only true; test_reverted_changes.py sets it.
        r"spec\.paused",
        r"spec\.selector.*",
        r"spec\.template\.metadata\.labels\.(app\.kubernetes\.io/.*|ocrbackend\.io/variant)",
        r"spec\.strategy\.type",
        r"spec\.template\.spec\.containers\.[^.]*",
        r"spec\.template\.spec\.volumes\.[^.]*",
        r"spec\.template\.spec\.containers\..*\.volumeMounts\..*\.name",
        r"spec\.template\.spec\.securityContext\.seccompProfile\.type",
    ),
    "service": (r"spec\.ports\.[^.]*",),
    "horizontalpodautoscaler": (r"spec\.scaleTargetRef\.apiVersion",),
    "persistentvolumeclaim": (r"spec\..*",),
    "job": (r"spec\.template.*",),
}


@pytest.fixture
def everything(release: Release, operator: Operator, service_monitors: None) -> Release:
    """A namespace with a settled OCRBackend that has managed objects of every kind."""
    release.apply(
        variants=[
            {"name": "ch-mobile", "language": "ch", "modelType": "mobile", "replicas": 2},
            {
                "name": "en-mobile",
                "language": "en",
                "modelType": "mobile",
                "autoscaling": {"maxReplicas": 2},
                "accelerator": {},
                # No node has so much: a running pod would keep the claim from being deleted.
                "resources": {"requests": {"cpu": "1000"}},
            },
        ],
        # Shared by nodes: a variant whose pods share a node gets no disruption budget.
        models={"source": "Hub", "storage": {"size": "1Gi", "accessMode": "ReadWriteMany"}},
        labelStudio={"apiKeySecretRef": {"name": "s", "key": "k"}, "basicAuthSecretRef": {"name": "s"}},
        accelerator={"resourceName": "nvidia.com/gpu"},
        env=[{"name": "NOTE", "value": "x"}],
        options={"scoreThreshold": "0.6"},
        placement={
            "nodeSelector": {"kubernetes.io/os": "linux"},
            "tolerations": [{"key": "gpu", "operator": "Exists"}],
            "topologySpreadConstraints": [{"topologyKey": "kubernetes.io/hostname"}],
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
    release.cluster.wait(
        lambda: release.managed_names("deployments") == {VARIANT, "ocr-en-mobile"},
        "the Deployments, which wait for the models",
    )
    release.wait_for("True", "Applied", "Reconciled")
    return release


@pytest.mark.parametrize(("kind", "name"), MANAGED)
def test_a_change_of_any_managed_field_is_reverted(everything: Release, kind: str, name: str) -> None:
    fields = list(_owned_fields(everything, kind, name))
    if kind == "job":
        # Its template is immutable: one field of it stands for all.
        template = [field for field in fields if _path(field).startswith("spec.template.")]
        fields = [field for field in fields if field not in template[1:]]
    assert fields
    immutable = {_path(field) for field in fields if not _is_reverted(everything, kind, name, field)}
    assert not {path for path in immutable if not _is_expected(kind, path)}


def _is_expected(kind: str, path: str) -> bool:
    return any(re.fullmatch(pattern, path) for pattern in IMMUTABLE.get(kind, ()))


def _is_reverted(release: Release, kind: str, name: str, field: Field) -> bool:
    """Changes the field and waits until it is reverted; False if the API server rejects every change."""
    before = _owned_fields(release, kind, name)
    for patch in drift_patches(release.get(kind, name), field):
        try:
            output = release.kubectl(
                "patch", kind, name, "--type=json", f"--patch={json.dumps(patch)}", *AS_IS
            )
        except ClusterError:
            continue
        if _owned_values(json.loads(output)) == before:
            continue
        release.cluster.wait(
            lambda: _owned_fields(release, kind, name) == before,
            f"{_path(field)} of the {kind} to be reverted",
        )
        return True
    return False


def _path(field: Field) -> str:
    return ".".join(name.partition(":")[2] for name in field)


def test_a_write_of_the_operators_own_field_manager_is_reverted(everything: Release) -> None:
    before = _owned_fields(everything, "service", VARIANT)
    service = everything.get("service", VARIANT)
    body = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {each: service["metadata"][each] for each in ("name", "labels", "ownerReferences")},
        "spec": {
            "type": "ClusterIP",
            "selector": service["spec"]["selector"] | {"ocrbackend.io/variant": "other"},
            "ports": service["spec"]["ports"],
        },
    }
    output = everything.kubectl(
        *("apply", "--server-side", "--field-manager=ocr-operator", "--filename=-", *AS_IS),
        input=json.dumps(body),
    )
    after = _owned_values(json.loads(output))
    assert (after.keys(), after == before) == (before.keys(), False)
    everything.cluster.wait(
        lambda: _owned_fields(everything, "service", VARIANT) == before, "the selector to be reverted"
    )


@pytest.mark.parametrize(("kind", "name"), MANAGED)
def test_a_deleted_object_of_any_kind_is_created_again(everything: Release, kind: str, name: str) -> None:
    uid = everything.get(kind, name)["metadata"]["uid"]
    before = _owned_fields(everything, kind, name)
    # A claim in use would stay until its pods are deleted.
    everything.kubectl("patch", kind, name, "--type=merge", '--patch={"metadata": {"finalizers": null}}')
    everything.kubectl("delete", kind, name, "--wait=false")

    def is_created_again() -> bool:
        body = everything.get(kind, name)
        return bool(body) and body["metadata"]["uid"] != uid

    everything.cluster.wait(is_created_again, f"a new {kind}")
    assert _owned_fields(everything, kind, name) == before


def test_fields_of_other_managers_are_kept(everything: Release, operator: Operator) -> None:
    patch = {"metadata": {"annotations": {"mine": "yes"}}, "spec": {"publishNotReadyAddresses": True}}
    everything.kubectl("patch", "service", VARIANT, "--type=merge", f"--patch={json.dumps(patch)}")
    everything.settle(operator)
    service = everything.get("service", VARIANT)
    assert service["metadata"]["annotations"] == {"mine": "yes"}
    assert service["spec"]["publishNotReadyAddresses"] is True


def _owned_fields(release: Release, kind: str, name: str) -> dict[Field, Any]:
    """The fields of an object that the operator owns, with their values."""
    return _owned_values(json.loads(release.kubectl("get", kind, name, *AS_IS)))


def _owned_values(body: dict[str, Any]) -> dict[Field, Any]:
    return owned_values(body, applied_fields(body["metadata"], "ocr-operator"))
