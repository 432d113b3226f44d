"""The children that each variant shall have, as whole Kubernetes objects, ready for server-side apply.

Pure: from the family's values to plain dicts. `plan` compares them with what is there; what a family has once
is in `family_resources`.
"""

from collections.abc import Mapping
from typing import Any

from ocr_operator.api.names import PORT, PORT_NAME, variant_labels, variant_name
from ocr_operator.api.operator_config import OperatorConfig
from ocr_operator.api.spec import Autoscaling, BackendSpec, Variant
from ocr_operator.manifests.metadata import Child, variant_metadata
from ocr_operator.manifests.pod_template import pod_template


def variant_children(
    family: BackendSpec, variant: Variant, config: OperatorConfig, *, in_place: bool
) -> tuple[Child, ...]:
    """Service, Deployment and, where asked for or needed, autoscaler and budget, in order of creation.

    `in_place`: a new revision replaces the old pod before it runs, for want of room for both.
    """
    children = [service(family, variant), deployment(family, variant, config, in_place=in_place)]
    if variant.autoscaling:
        children.append(autoscaler(family, variant, variant.autoscaling))
    if variant.needed_replicas > 1:
        children.append(disruption_budget(family, variant))
    return tuple(children)


def deployment(family: BackendSpec, variant: Variant, config: OperatorConfig, *, in_place: bool) -> Child:
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
        "metadata": variant_metadata(family, variant),
        "spec": spec,
    }


def _rolling(in_place: bool) -> Mapping[str, int]:
    if in_place:
        return {"maxSurge": 0, "maxUnavailable": 1}
    # The old pod serves until the new one has loaded its models and read its golden sample.
    return {"maxSurge": 1, "maxUnavailable": 0}


def service(family: BackendSpec, variant: Variant) -> Child:
    """The Service whose URL is entered in Label Studio."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": variant_metadata(family, variant),
        "spec": {
            "type": "ClusterIP",
            "selector": variant_labels(family.key.name, *variant.key),
            "ports": [{"name": PORT_NAME, "port": PORT, "targetPort": PORT_NAME, "protocol": "TCP"}],
        },
    }


def autoscaler(family: BackendSpec, variant: Variant, autoscaling: Autoscaling) -> Child:
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
        "metadata": variant_metadata(family, variant),
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


def disruption_budget(family: BackendSpec, variant: Variant) -> Child:
    """The PodDisruptionBudget: a drained node takes one pod at a time, and a broken pod holds no drain up."""
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": variant_metadata(family, variant),
        "spec": {
            "maxUnavailable": 1,
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
            "selector": {"matchLabels": variant_labels(family.key.name, *variant.key)},
        },
    }
