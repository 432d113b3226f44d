"""Manifests of the objects that all variants of an OCRBackend share: volume, NetworkPolicy, ServiceMonitor.

Pure. `plan` compares them with the existing objects.
"""

from collections.abc import Iterator
from typing import Any

from ocr_operator.api.names import (
    PORT,
    PORT_NAME,
    SERVICE_MONITOR,
    GroupVersionKind,
    backend_labels,
    claim_name,
)
from ocr_operator.api.spec import BackendSpec, NetworkPolicy, Storage
from ocr_operator.manifests.metadata import ManagedObject, owned, shared_metadata
from ocr_operator.manifests.relabelings import backend_relabelings


def shared_objects(spec: BackendSpec, absent: frozenset[GroupVersionKind]) -> Iterator[ManagedObject]:
    """The shared objects that the spec requests, in order of creation.

    `absent`: optional kinds that the cluster does not serve; what is requested with Auto is left out then.
    """
    storage = spec.storage
    if storage and not storage.claim_name:
        yield claim(spec, storage)
    if spec.network_policy:
        yield network_policy(spec, spec.network_policy)
    mode = spec.monitoring.service_monitor
    if mode == "Always" or (mode == "Auto" and SERVICE_MONITOR not in absent):
        yield service_monitor(spec)


def claim(spec: BackendSpec, storage: Storage) -> ManagedObject:
    """The claim that models are downloaded to."""
    metadata = shared_metadata(spec, claim_name(spec.key.name))
    claim_spec: dict[str, Any] = {
        "accessModes": [storage.access_mode],
        "resources": {"requests": {"storage": storage.size}},
    }
    if storage.storage_class is not None:
        claim_spec["storageClassName"] = storage.storage_class
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": metadata if storage.is_retained else owned(spec, metadata),
        "spec": claim_spec,
    }


def network_policy(spec: BackendSpec, policy: NetworkPolicy) -> ManagedObject:
    """The NetworkPolicy: ingress to the pods' port from the peers in the spec, by default from the namespace.

    An empty list of peers allows no ingress.

    Egress is not restricted: images and models may come from anywhere.
    """
    peers = [{"podSelector": {}}] if policy.allow_from is None else list(policy.allow_from)
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": owned(spec, shared_metadata(spec, spec.key.name)),
        "spec": {
            "podSelector": {"matchLabels": backend_labels(spec.key.name)},
            "policyTypes": ["Ingress"],
            "ingress": [{"from": peers, "ports": [{"port": PORT, "protocol": "TCP"}]}] if peers else [],
        },
    }


def service_monitor(spec: BackendSpec) -> ManagedObject:
    """The ServiceMonitor: Prometheus scrapes `/metrics` of every pod and adds its language and model type."""
    metadata = owned(spec, shared_metadata(spec, spec.key.name))
    api_version, kind = SERVICE_MONITOR
    return {
        "apiVersion": api_version,
        "kind": kind,
        # The operator finds its objects by its own labels: they take precedence.
        "metadata": {**metadata, "labels": {**spec.monitoring.labels, **metadata["labels"]}},
        "spec": {
            "selector": {"matchLabels": backend_labels(spec.key.name)},
            "endpoints": [
                {
                    "port": PORT_NAME,
                    "path": "/metrics",
                    "interval": f"{spec.monitoring.interval_seconds}s",
                    "relabelings": backend_relabelings(),
                }
            ],
        },
    }
