"""Manifests of the objects of each variant: Deployment, Service, autoscaler and disruption budget.

Pure. `plan` compares them with the existing objects; `shared_resources` has those that variants share.
"""

from collections.abc import Mapping
from typing import Any

from ocr_operator.api.names import (
    PORT,
    PORT_NAME,
    SCALED_OBJECT,
    GroupVersionKind,
    child_name,
    variant_labels,
)
from ocr_operator.api.operator_config import OperatorConfig
from ocr_operator.api.spec import Autoscaling, BackendSpec, Variant
from ocr_operator.manifests.metadata import ManagedObject, variant_metadata
from ocr_operator.manifests.pod_template import pod_template
from ocr_operator.manifests.scaled_object import scaled_object
from ocr_operator.manifests.volume_affinity import volume_affinity


def variant_objects(
    spec: BackendSpec,
    variant: Variant,
    config: OperatorConfig,
    *,
    in_place: bool,
    absent: frozenset[GroupVersionKind] = frozenset(),
) -> tuple[ManagedObject, ...]:
    """Service, Deployment and, if needed, autoscaler and disruption budget, in order of creation.

    `in_place`: a new revision replaces the old pod before it starts, because there is no room for both.
    `absent`: optional kinds that the cluster does not serve; without KEDA the minimum of pods runs.
    """
    desired = deployment(spec, variant, config, in_place=in_place)
    if (replicas := _replicas(variant, absent)) is not None:
        desired["spec"]["replicas"] = replicas
    objects = [service(spec, variant), desired]
    if variant.is_suspended:
        return tuple(objects)
    if variant.autoscaling and variant.autoscaling.mode == "CPU":
        objects.append(autoscaler(spec, variant, variant.autoscaling))
    if variant.autoscaling and variant.autoscaling.mode == "Queue":
        objects.append(scaled_object(spec, variant, variant.autoscaling))
    # A drain has to empty a node of the volume at once: no pod becomes ready on another node before.
    if variant.max_replicas > 1 and not volume_affinity(spec, variant):
        objects.append(disruption_budget(spec, variant))
    return tuple(objects)


def deployment(
    spec: BackendSpec, variant: Variant, config: OperatorConfig, *, in_place: bool
) -> ManagedObject:
    """The Deployment without `replicas`, which an autoscaler may set."""
    deployment_spec: dict[str, Any] = {
        "selector": {"matchLabels": variant_labels(spec.key.name, variant.name)},
        "paused": False,
        "strategy": {"type": "RollingUpdate", "rollingUpdate": _rolling_update(in_place)},
        "progressDeadlineSeconds": spec.progress_deadline_seconds,
        "revisionHistoryLimit": 2,
        "template": pod_template(spec, variant, config),
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": variant_metadata(spec, variant),
        "spec": deployment_spec,
    }


def _replicas(variant: Variant, absent: frozenset[GroupVersionKind]) -> int | None:
    """Number of pods; None if an autoscaler sets it."""
    if variant.is_suspended or not variant.autoscaling:
        return 0 if variant.is_suspended else variant.replicas
    if variant.autoscaling.mode == "Queue" and SCALED_OBJECT in absent:
        return variant.autoscaling.min_replicas
    return None


def _rolling_update(in_place: bool) -> Mapping[str, int]:
    if in_place:
        return {"maxSurge": 0, "maxUnavailable": 1}
    # The old pod serves until the new one has loaded its models and read the golden sample.
    return {"maxSurge": 1, "maxUnavailable": 0}


def service(spec: BackendSpec, variant: Variant) -> ManagedObject:
    """The Service, whose URL is entered in Label Studio."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": variant_metadata(spec, variant),
        "spec": {
            "type": "ClusterIP",
            "selector": variant_labels(spec.key.name, variant.name),
            "ports": [{"name": PORT_NAME, "port": PORT, "targetPort": PORT_NAME, "protocol": "TCP"}],
        },
    }


def autoscaler(spec: BackendSpec, variant: Variant, autoscaling: Autoscaling) -> ManagedObject:
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
        "metadata": variant_metadata(spec, variant),
        "spec": {
            "scaleTargetRef": {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "name": child_name(spec.key.name, variant.name),
            },
            "minReplicas": autoscaling.min_replicas,
            "maxReplicas": autoscaling.max_replicas,
            "metrics": [metric],
        },
    }


def disruption_budget(spec: BackendSpec, variant: Variant) -> ManagedObject:
    """The PodDisruptionBudget: a drain evicts one pod at a time, and a broken pod does not block it."""
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": variant_metadata(spec, variant),
        "spec": {
            "maxUnavailable": 1,
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
            "selector": {"matchLabels": variant_labels(spec.key.name, variant.name)},
        },
    }
