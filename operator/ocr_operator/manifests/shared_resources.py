"""The children that an OCRBackend has once for all its variants, ready for server-side apply.

Pure: from the family's values to plain dicts. `plan` compares them with what is there.
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
from ocr_operator.manifests.metadata import Child, owned, shared_metadata
from ocr_operator.manifests.relabelings import backend_relabelings


def shared_objects(family: BackendSpec, absent: frozenset[GroupVersionKind]) -> Iterator[Child]:
    """Volume, NetworkPolicy and ServiceMonitor, as far as they are asked for, in order of creation.

    `absent`: kinds that the cluster does not have; what is asked for only where it can be is left out then.
    """
    storage = family.storage
    if storage and not storage.existing_claim:
        yield claim(family, storage)
    if family.network_policy:
        yield network_policy(family, family.network_policy)
    asked = family.monitoring.service_monitor
    if asked == "Always" or (asked == "Auto" and SERVICE_MONITOR not in absent):
        yield service_monitor(family)


def claim(family: BackendSpec, storage: Storage) -> Child:
    """The volume that models are downloaded to."""
    metadata = shared_metadata(family, claim_name(family.key.name))
    spec: dict[str, Any] = {
        "accessModes": [storage.access_mode],
        "resources": {"requests": {"storage": storage.size}},
    }
    if storage.storage_class is not None:
        spec["storageClassName"] = storage.storage_class
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": metadata if storage.is_retained else owned(family, metadata),
        "spec": spec,
    }


def network_policy(family: BackendSpec, asked: NetworkPolicy) -> Child:
    """The NetworkPolicy: the pods' one port, for those that the spec names or else for the namespace.

    What pods may reach is left open: images and models come from anywhere.
    """
    peers = list(asked.allow_from) or [{"podSelector": {}}]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": owned(family, shared_metadata(family, family.key.name)),
        "spec": {
            "podSelector": {"matchLabels": backend_labels(family.key.name)},
            "policyTypes": ["Ingress"],
            "ingress": [{"from": peers, "ports": [{"port": PORT, "protocol": "TCP"}]}],
        },
    }


def service_monitor(family: BackendSpec) -> Child:
    """The ServiceMonitor: Prometheus asks every pod for `/metrics`, and knows its language and size."""
    metadata = owned(family, shared_metadata(family, family.key.name))
    api_version, kind = SERVICE_MONITOR
    return {
        "apiVersion": api_version,
        "kind": kind,
        # The operator finds its children by its own labels: those win.
        "metadata": {**metadata, "labels": {**family.monitoring.labels, **metadata["labels"]}},
        "spec": {
            "selector": {"matchLabels": backend_labels(family.key.name)},
            "endpoints": [
                {
                    "port": PORT_NAME,
                    "path": "/metrics",
                    "interval": f"{family.monitoring.interval_seconds}s",
                    "relabelings": backend_relabelings(),
                }
            ],
        },
    }
