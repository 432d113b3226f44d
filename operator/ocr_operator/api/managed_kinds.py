"""The kinds of objects that the operator manages, and how the API server names them.

Pure. What the operator watches, lists and may write, and what `kubectl ocr` reads, follows this table; a test
compares the chart's RBAC rules with it.
"""

from dataclasses import dataclass

from ocr_operator.api.names import SCALED_OBJECT, SERVICE_MONITOR, GroupVersionKind


@dataclass(frozen=True)
class ManagedKind:
    """`is_optional`: the API belongs to another product, so not every cluster serves it."""

    gvk: GroupVersionKind
    plural: str
    is_optional: bool = False

    @property
    def resource(self) -> tuple[str, str, str]:
        """(group, version, plural); the group of the core API is empty."""
        group, _, version = self.gvk.api_version.rpartition("/")
        return group, version, self.plural


MANAGED = (
    ManagedKind(GroupVersionKind("apps/v1", "Deployment"), "deployments"),
    ManagedKind(GroupVersionKind("v1", "Service"), "services"),
    ManagedKind(GroupVersionKind("v1", "PersistentVolumeClaim"), "persistentvolumeclaims"),
    ManagedKind(GroupVersionKind("batch/v1", "Job"), "jobs"),
    ManagedKind(GroupVersionKind("autoscaling/v2", "HorizontalPodAutoscaler"), "horizontalpodautoscalers"),
    ManagedKind(GroupVersionKind("policy/v1", "PodDisruptionBudget"), "poddisruptionbudgets"),
    ManagedKind(GroupVersionKind("networking.k8s.io/v1", "NetworkPolicy"), "networkpolicies"),
    ManagedKind(SERVICE_MONITOR, "servicemonitors", is_optional=True),
    ManagedKind(SCALED_OBJECT, "scaledobjects", is_optional=True),
)

MANAGED_KINDS = tuple(managed.gvk for managed in MANAGED)
OPTIONAL_KINDS = frozenset(managed.gvk for managed in MANAGED if managed.is_optional)
