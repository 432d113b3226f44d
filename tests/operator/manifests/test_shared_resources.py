"""Children are compared whole, so that no stray field can hide."""

from collections.abc import Callable
from typing import Any

import pytest

from ocr_operator.api.names import SERVICE_MONITOR
from ocr_operator.api.spec import family
from ocr_operator.manifests.shared_resources import shared_objects

Make = Callable[..., dict[str, Any]]

LABELS = {
    "app.kubernetes.io/name": "ocr-backend",
    "app.kubernetes.io/instance": "ocr",
    "app.kubernetes.io/managed-by": "ocr-operator",
}
OWNER = {
    "apiVersion": "ocrbackend.io/v1alpha1",
    "kind": "OCRBackend",
    "name": "ocr",
    "uid": "uid-1",
    "controller": True,
    "blockOwnerDeletion": True,
}
METADATA = {"name": "ocr", "namespace": "labs", "labels": LABELS, "ownerReferences": [OWNER]}


def _children(backend: dict[str, Any], *, is_bare: bool = False) -> dict[str, dict[str, Any]]:
    absent = frozenset({SERVICE_MONITOR} if is_bare else ())
    return {child["kind"]: child for child in shared_objects(family(backend), absent)}


def test_of_itself_there_is_only_the_volume(ocrbackend: Make) -> None:
    assert set(_children(ocrbackend(models={"source": "Hub"}))) == {"PersistentVolumeClaim"}


def test_it_makes_this_claim(ocrbackend: Make) -> None:
    storage = {"size": "2Gi", "storageClassName": "fast", "accessMode": "ReadWriteMany"}
    assert _children(ocrbackend(models={"storage": storage}))["PersistentVolumeClaim"] == {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": METADATA | {"name": "ocr-models"},
        "spec": {
            "accessModes": ["ReadWriteMany"],
            "resources": {"requests": {"storage": "2Gi"}},
            "storageClassName": "fast",
        },
    }


@pytest.mark.parametrize(
    "models",
    [
        pytest.param({"source": "Builtin"}, id="the models are in the image"),
        pytest.param(
            {"source": "Claim", "storage": {"existingClaim": "mine"}}, id="the user brings a volume"
        ),
    ],
)
def test_no_claim_is_made_where(ocrbackend: Make, models: dict[str, Any]) -> None:
    assert _children(ocrbackend(ocrVersion="PP-OCRv6", models=models)) == {}


def test_a_retained_claim_belongs_to_nobody(ocrbackend: Make) -> None:
    claim = _children(ocrbackend(models={"reclaimPolicy": "Retain"}))["PersistentVolumeClaim"]
    assert claim["metadata"] == {"name": "ocr-models", "namespace": "labs", "labels": LABELS}


def test_it_makes_this_network_policy(ocrbackend: Make) -> None:
    peers = [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "label-studio"}}}]
    policy = _children(ocrbackend(networkPolicy={"enabled": True, "allowFrom": peers}))["NetworkPolicy"]
    assert policy == {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": METADATA,
        "spec": {
            "podSelector": {"matchLabels": LABELS},
            "policyTypes": ["Ingress"],
            "ingress": [{"from": peers, "ports": [{"port": 9090, "protocol": "TCP"}]}],
        },
    }


def test_a_network_policy_that_names_nobody_lets_the_namespace_in_and_not_the_world(
    ocrbackend: Make,
) -> None:
    policy = _children(ocrbackend(networkPolicy={"enabled": True}))["NetworkPolicy"]
    [rule] = policy["spec"]["ingress"]
    assert rule["from"] == [{"podSelector": {}}]


RELABELINGS = [
    {
        "sourceLabels": ["__meta_kubernetes_pod_label_app_kubernetes_io_instance"],
        "targetLabel": "ocrbackend",
    },
    {"sourceLabels": ["__meta_kubernetes_pod_label_ocrbackend_io_language"], "targetLabel": "language"},
    {"sourceLabels": ["__meta_kubernetes_pod_label_ocrbackend_io_model_type"], "targetLabel": "model_type"},
    {"targetLabel": "job", "replacement": "ocr-backend"},
]


def test_it_makes_this_service_monitor(ocrbackend: Make) -> None:
    # A label of ours cannot be had: the schema refuses it, and here it would lose.
    labels = {"release": "prometheus", "app.kubernetes.io/instance": "mine"}
    monitoring = {"serviceMonitor": "Always", "intervalSeconds": 15, "labels": labels}
    assert _children(ocrbackend(monitoring=monitoring))["ServiceMonitor"] == {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "ServiceMonitor",
        "metadata": METADATA | {"labels": LABELS | {"release": "prometheus"}},
        "spec": {
            "selector": {"matchLabels": LABELS},
            "endpoints": [
                {"port": "http", "path": "/metrics", "interval": "15s", "relabelings": RELABELINGS}
            ],
        },
    }


@pytest.mark.parametrize(
    ("asked", "is_bare", "is_there"),
    [
        pytest.param("Never", False, False, id="never"),
        pytest.param("Auto", False, True, id="where it can be"),
        pytest.param("Auto", True, False, id="where it cannot be"),
        pytest.param("Always", True, True, id="in any case"),
    ],
)
def test_a_service_monitor_is_made_as_asked(
    ocrbackend: Make, asked: str, is_bare: bool, is_there: bool
) -> None:
    found = _children(ocrbackend(monitoring={"serviceMonitor": asked}), is_bare=is_bare)
    assert ("ServiceMonitor" in found) is is_there
