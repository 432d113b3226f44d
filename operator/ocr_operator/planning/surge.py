"""Whether a rollout has to stop an old pod first, because there is no room for both.

Pure.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ocr_operator.api.names import child_name
from ocr_operator.api.operator_config import OperatorConfig
from ocr_operator.api.spec import BackendSpec, Variant
from ocr_operator.manifests.volume_affinity import volume_affinity
from ocr_operator.observed.pod_causes import missing_devices
from ocr_operator.observed.pods import ObservedPod
from ocr_operator.observed.state import Observed

_SHORTAGE = re.compile(r"Insufficient ([\w./-]*\w)|Too many pods")
"""The scheduler's words for a resource that a node has too little of, as of 1.37."""


@dataclass(frozen=True)
class Replacement:
    """How pods are replaced. `in_place`: an old pod stops before the new one starts.

    `wait_seconds`: until an old pod must make room for a pod that waits for it; None if none waits.
    `is_new`: the rollout goes on in place from now on, so its deadline starts again.
    """

    in_place: bool
    wait_seconds: float | None = None
    is_new: bool = False

    @property
    def waits_for_room(self) -> bool:
        """Whether a new pod only waits for room, which is not the fault of its revision."""
        return self.wait_seconds is not None and self.wait_seconds > 0


def replacement(
    spec: BackendSpec, variant: Variant, observed: Observed, config: OperatorConfig
) -> Replacement:
    """How the pods of a variant are replaced now.

    With Auto, a rollout that has begun to replace pods in place goes on so until it ends.
    """
    if spec.surge != "Auto":
        return Replacement(spec.surge == "Never")
    pods = observed.running_pods(variant.name)
    deployment = observed.deployment(child_name(spec.key.name, variant.name))
    if deployment and deployment.is_in_place and any(pod.revision != deployment.revision for pod in pods):
        return Replacement(True)
    deadlines = [
        since + timedelta(seconds=_wait_seconds(spec, variant, pod, config))
        for pod in pods
        if (since := _waiting_since(pod, pods))
    ]
    if not deadlines:
        return Replacement(False)
    wait = (max(deadlines) - observed.now).total_seconds()
    return Replacement(wait <= 0, wait, is_new=wait <= 0)


def _waiting_since(pod: ObservedPod, pods: Sequence[ObservedPod]) -> datetime | None:
    """Since when a new pod waits for room that an old pod has; None if it does not.

    Only a pod that requests as much can make the room: a revision that fits nowhere must stop nothing.
    """
    missing = [match[1] for match in _SHORTAGE.finditer(pod.unschedulable_message)]
    old = (each for each in pods if each.is_scheduled and each.revision != pod.revision)
    has_room = any(all(_frees(each, pod, name) for name in missing if name) for each in old)
    return pod.unschedulable_since if missing and has_room else None


def _frees(old: ObservedPod, new: ObservedPod, resource: str) -> bool:
    amount = old.requests.get(resource, 0)
    return amount > 0 and amount >= new.requests.get(resource, 0)


def _wait_seconds(spec: BackendSpec, variant: Variant, pod: ObservedPod, config: OperatorConfig) -> float:
    """How long a pod waits. Longer if a new node could have room: only a device or a volume is scarce."""
    longest = spec.progress_deadline_seconds / 2
    if missing_devices(pod) or volume_affinity(spec, variant):
        return min(config.surge_wait_seconds, longest)
    return longest
