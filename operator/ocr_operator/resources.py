"""The children an OCRBackend shall have, as whole Kubernetes objects, ready for server-side apply.

Pure: from the family's values to plain dicts. `plan` compares them with what is there.
"""

from collections.abc import Mapping
from typing import Any

from ocr_operator.config import OperatorConfig
from ocr_operator.names import (
    API_VERSION,
    KIND,
    PORT,
    PORT_NAME,
    claim_name,
    family_labels,
    variant_labels,
    variant_name,
)
from ocr_operator.pod_template import pod_template
from ocr_operator.spec import Autoscaling, Family, Json, Storage, Variant

Child = dict[str, Any]


def claim(family: Family) -> Child | None:
    """The volume that models are downloaded to; None where the spec brings or needs none."""
    storage = family.storage
    if storage is None or storage.existing_claim:
        return None
    metadata = _metadata(family, claim_name(family.key.name), family_labels(family.key.name))
    spec = _claim_spec(storage)
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec}


def _claim_spec(storage: Storage) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "accessModes": [storage.access_mode],
        "resources": {"requests": {"storage": storage.size}},
    }
    if storage.storage_class is not None:
        spec["storageClassName"] = storage.storage_class
    return spec


def variant_children(
    family: Family, variant: Variant, config: OperatorConfig, *, in_place: bool
) -> tuple[Child, ...]:
    """Service, Deployment and, where asked for, HorizontalPodAutoscaler of one variant, in order of creation.

    `in_place`: a new revision replaces the old pod before it runs, for want of room for both.
    """
    children = [service(family, variant), deployment(family, variant, config, in_place=in_place)]
    if variant.autoscaling:
        children.append(autoscaler(family, variant, variant.autoscaling))
    return tuple(children)


def deployment(family: Family, variant: Variant, config: OperatorConfig, *, in_place: bool) -> Child:
    """The Deployment; `replicas` is left out where an autoscaler writes it."""
    spec: dict[str, Any] = {
        "selector": {"matchLabels": variant_labels(family.key.name, *variant.key)},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": _rolling(in_place)},
        "progressDeadlineSeconds": family.progress_deadline_seconds,
        "revisionHistoryLimit": 2,
        "template": pod_template(family, variant, config),
    }
    if not variant.autoscaling:
        spec["replicas"] = variant.replicas
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": _variant_metadata(family, variant),
        "spec": spec,
    }


def _rolling(in_place: bool) -> Mapping[str, int]:
    if in_place:
        return {"maxSurge": 0, "maxUnavailable": 1}
    # The old pod serves until the new one has loaded its models and read its test picture.
    return {"maxSurge": 1, "maxUnavailable": 0}


def service(family: Family, variant: Variant) -> Child:
    """The Service whose URL is entered in Label Studio."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": _variant_metadata(family, variant),
        "spec": {
            "type": "ClusterIP",
            "selector": variant_labels(family.key.name, *variant.key),
            "ports": [{"name": PORT_NAME, "port": PORT, "targetPort": PORT_NAME, "protocol": "TCP"}],
        },
    }


def autoscaler(family: Family, variant: Variant, autoscaling: Autoscaling) -> Child:
    """The HorizontalPodAutoscaler on CPU utilization."""
    metric = {
        "type": "Resource",
        "resource": {
            "name": "cpu",
            "target": {"type": "Utilization", "averageUtilization": autoscaling.target_cpu},
        },
    }
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": _variant_metadata(family, variant),
        "spec": {
            "scaleTargetRef": {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "name": variant_name(family.key.name, *variant.key),
            },
            "minReplicas": autoscaling.min_replicas,
            "maxReplicas": autoscaling.max_replicas,
            "metrics": [metric],
        },
    }


def owner_reference(family: Family) -> Json:
    """What makes garbage collection remove a child with its OCRBackend, the operator running or not."""
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "name": family.key.name,
        "uid": family.uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }


def _variant_metadata(family: Family, variant: Variant) -> dict[str, Any]:
    name = variant_name(family.key.name, *variant.key)
    return _metadata(family, name, variant_labels(family.key.name, *variant.key))


def _metadata(family: Family, name: str, labels: Mapping[str, str]) -> dict[str, Any]:
    return {
        "name": name,
        "namespace": family.key.namespace,
        "labels": dict(labels),
        "ownerReferences": [owner_reference(family)],
    }
