"""Whether a rollout has to stop an old pod first, because there is no room for both.

Pure.
"""

from datetime import datetime, timedelta

from ocr_operator.api.operator_config import OperatorConfig
from ocr_operator.api.spec import BackendSpec, Variant
from ocr_operator.manifests.volume_affinity import volume_affinity
from ocr_operator.observed.pod_causes import missing_devices
from ocr_operator.observed.pods import ObservedPod
from ocr_operator.observed.state import Observed


def surge_wait_seconds(
    spec: BackendSpec, variant: Variant, observed: Observed, config: OperatorConfig
) -> float | None:
    """Seconds until an old pod must make room (<= 0: now); None if no new pod waits for room.

    Pods that the volume keeps on one node wait for its CPU and memory too; other pods only for a device.
    """
    if spec.surge != "Auto":
        return None
    since = _waiting_since(spec, variant, observed)
    if since is None:
        return None
    return (since + timedelta(seconds=config.surge_wait_seconds) - observed.now).total_seconds()


def _waiting_since(spec: BackendSpec, variant: Variant, observed: Observed) -> datetime | None:
    pods = observed.running_pods(variant.name)
    if volume_affinity(spec, variant):
        old = {pod.revision for pod in pods if pod.is_scheduled}
        waiting = [pod for pod in pods if pod.unschedulable_message and old - {pod.revision}]
    elif variant.accelerator:
        waiting = _waiting_for_device(pods, variant.accelerator.resource_name)
    else:
        waiting = []
    return max((pod.unschedulable_since for pod in waiting if pod.unschedulable_since), default=None)


def _waiting_for_device(pods: list[ObservedPod], device: str) -> list[ObservedPod]:
    # Only a pod that holds this device can free it; a CPU pod is not stopped for a missing GPU.
    holders = {pod.revision for pod in pods if pod.is_scheduled and device in pod.devices}
    return [pod for pod in pods if device in missing_devices(pod) and holders - {pod.revision}]
