"""Whatever somebody does by hand to a child of the operator's, the child is as it was soon after."""

import json
import re
from typing import Any

import pytest

from ocr_backend.config.settings import Settings
from ocr_cluster.errors import ClusterError
from ocr_operator.manifests.model_sets import set_id
from operator_process import Operator
from owned_fields import Field, meddlings, owned_values

pytestmark = pytest.mark.light

# The fixture's type lives in conftest.py, which tests cannot import.
Release = Any

VARIANT = "ocr-ch-mobile"
JOB = f"ocr-models-{set_id(Settings('PP-OCRv6', language='ch', model_type='mobile', use_gpu=True))}"
AS_IS = ("--output=json", "--show-managed-fields")
CHILDREN = [
    pytest.param("deployment", VARIANT, id="Deployment"),
    pytest.param("service", VARIANT, id="Service"),
    pytest.param("horizontalpodautoscaler", "ocr-en-mobile", id="HorizontalPodAutoscaler"),
    pytest.param("poddisruptionbudget", VARIANT, id="PodDisruptionBudget"),
    pytest.param("persistentvolumeclaim", "ocr-models", id="PersistentVolumeClaim"),
    pytest.param("networkpolicy", "ocr", id="NetworkPolicy"),
    pytest.param("servicemonitor", "ocr", id="ServiceMonitor"),
    pytest.param("job", JOB, id="Job"),
]

# What the API server itself lets nobody change or take away, as patterns.
GUARDED = {
    "deployment": (
        r"spec\.selector.*",
        r"spec\.template\.metadata\.labels\.(app\.kubernetes\.io/.*|ocrbackend\.io/(language|model-type))",
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
    release.cluster.wait(
        lambda: release.names("deployments") == {VARIANT, "ocr-en-mobile"}, "the models, and then the pods"
    )
    release.wait_for("True", "Applied", "Reconciled")
    return release


@pytest.mark.parametrize(("kind", "name"), CHILDREN)
def test_every_field_that_the_operator_writes_is_changed_back(
    everything: Release, kind: str, name: str
) -> None:
    fields = list(_ours(everything, kind, name))
    if kind == "job":
        # Its template is guarded as a whole: one field of it stands for all.
        template = [field for field in fields if _path(field).startswith("spec.template.")]
        fields = [field for field in fields if field not in template[1:]]
    assert fields
    guarded = {_path(field) for field in fields if not _meddled(everything, kind, name, field)}
    assert not {path for path in guarded if not _is_guarded(kind, path)}


def _is_guarded(kind: str, path: str) -> bool:
    return any(re.fullmatch(pattern, path) for pattern in GUARDED.get(kind, ()))


def _meddled(release: Release, kind: str, name: str, field: Field) -> bool:
    """Changes the field and waits for what was there; False if the API server takes no change of it."""
    before = _ours(release, kind, name)
    for patch in meddlings(release.get(kind, name), field):
        try:
            answer = release.kubectl(
                "patch", kind, name, "--type=json", f"--patch={json.dumps(patch)}", *AS_IS
            )
        except ClusterError:
            continue
        if _ours_of(json.loads(answer)) == before:
            continue
        release.cluster.wait(
            lambda: _ours(release, kind, name) == before, f"{kind} to have its {_path(field)} back"
        )
        return True
    return False


def _path(field: Field) -> str:
    return ".".join(name.partition(":")[2] for name in field)


@pytest.mark.parametrize(("kind", "name"), CHILDREN)
def test_a_child_that_somebody_deletes_comes_back(everything: Release, kind: str, name: str) -> None:
    uid = everything.get(kind, name)["metadata"]["uid"]
    before = _ours(everything, kind, name)
    # A volume in use would stay until its pods are gone.
    everything.kubectl("patch", kind, name, "--type=merge", '--patch={"metadata": {"finalizers": null}}')
    everything.kubectl("delete", kind, name, "--wait=false")

    def is_back() -> bool:
        there = everything.get(kind, name)
        return bool(there) and there["metadata"]["uid"] != uid

    everything.cluster.wait(is_back, f"another {kind}")
    assert _ours(everything, kind, name) == before


def test_what_others_add_to_a_child_is_theirs(everything: Release, operator: Operator) -> None:
    note = {"metadata": {"annotations": {"mine": "yes"}}, "spec": {"publishNotReadyAddresses": True}}
    everything.kubectl("patch", "service", VARIANT, "--type=merge", f"--patch={json.dumps(note)}")
    everything.settle(operator)
    service = everything.get("service", VARIANT)
    assert service["metadata"]["annotations"] == {"mine": "yes"}
    assert service["spec"]["publishNotReadyAddresses"] is True


def _ours(release: Release, kind: str, name: str) -> dict[Field, Any]:
    """What the operator owns of the child, with its values."""
    return _ours_of(json.loads(release.kubectl("get", kind, name, *AS_IS)))


def _ours_of(body: dict[str, Any]) -> dict[Field, Any]:
    return owned_values(body, "ocr-operator")
