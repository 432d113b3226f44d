"""Objects that variants share are compared as a whole, so that no extra field goes unnoticed."""

from collections.abc import Callable
from typing import Any

import pytest

from ocr_operator.api.names import SERVICE_MONITOR
from ocr_operator.api.spec_parser import parse_backend
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


def _objects(backend: dict[str, Any], *, is_api_missing: bool = False) -> dict[str, dict[str, Any]]:
    absent = frozenset({SERVICE_MONITOR} if is_api_missing else ())
    return {manifest["kind"]: manifest for manifest in shared_objects(parse_backend(backend), absent)}


def test_by_default_there_is_only_the_volume(ocrbackend: Make) -> None:
    assert set(_objects(ocrbackend(models={"source": "Hub"}))) == {"PersistentVolumeClaim"}


def test_the_claim_follows_the_spec(ocrbackend: Make) -> None:
    storage = {"size": "2Gi", "storageClassName": "fast", "accessMode": "ReadWriteMany"}
    assert _objects(ocrbackend(models={"storage": storage}))["PersistentVolumeClaim"] == {
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
        pytest.param({"source": "Claim", "storage": {"claimName": "mine"}}, id="the user provides a volume"),
    ],
)
def test_there_is_no_claim_if(ocrbackend: Make, models: dict[str, Any]) -> None:
    assert _objects(ocrbackend(ocrVersion="PP-OCRv6", models=models)) == {}


def test_a_retained_claim_has_no_owner(ocrbackend: Make) -> None:
    claim = _objects(ocrbackend(models={"reclaimPolicy": "Retain"}))["PersistentVolumeClaim"]
    assert claim["metadata"] == {"name": "ocr-models", "namespace": "labs", "labels": LABELS}


def test_the_network_policy_admits_the_peers_in_the_spec(ocrbackend: Make) -> None:
    peers = [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "label-studio"}}}]
    policy = _objects(ocrbackend(networkPolicy={"enabled": True, "allowFrom": peers}))["NetworkPolicy"]
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


def test_a_network_policy_without_peers_admits_only_the_namespace(
    ocrbackend: Make,
) -> None:
    policy = _objects(ocrbackend(networkPolicy={"enabled": True}))["NetworkPolicy"]
    [rule] = policy["spec"]["ingress"]
    assert rule["from"] == [{"podSelector": {}}]


RELABELINGS = [
    {
        "sourceLabels": ["__meta_kubernetes_pod_label_app_kubernetes_io_instance"],
        "targetLabel": "ocrbackend",
    },
    {"sourceLabels": ["__meta_kubernetes_pod_label_ocrbackend_io_variant"], "targetLabel": "variant"},
    {"sourceLabels": ["__meta_kubernetes_pod_label_ocrbackend_io_language"], "targetLabel": "language"},
    {"sourceLabels": ["__meta_kubernetes_pod_label_ocrbackend_io_model_type"], "targetLabel": "model_type"},
    {"targetLabel": "job", "replacement": "ocr-backend"},
]


def test_the_service_monitor_follows_the_spec(ocrbackend: Make) -> None:
    # The CRD rejects labels of the operator; if one gets here, it is overridden.
    labels = {"release": "prometheus", "app.kubernetes.io/instance": "mine"}
    monitoring = {"serviceMonitor": "Always", "intervalSeconds": 15, "labels": labels}
    assert _objects(ocrbackend(monitoring=monitoring))["ServiceMonitor"] == {
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
    ("mode", "is_api_missing", "is_created"),
    [
        pytest.param("Never", False, False, id="never"),
        pytest.param("Auto", False, True, id="if the API exists"),
        pytest.param("Auto", True, False, id="if the API is missing"),
        pytest.param("Always", True, True, id="always"),
    ],
)
def test_a_service_monitor_is_created_according_to_its_mode(
    ocrbackend: Make, mode: str, is_api_missing: bool, is_created: bool
) -> None:
    objects = _objects(ocrbackend(monitoring={"serviceMonitor": mode}), is_api_missing=is_api_missing)
    assert ("ServiceMonitor" in objects) is is_created
