"""Whether a rollout has to stop an old pod first, because no device is free for the new one.

Pure.
"""

from datetime import timedelta

from ocr_operator.api.operator_config import OperatorConfig
from ocr_operator.api.spec import BackendSpec, Variant
from ocr_operator.observed.pod_causes import missing_devices
from ocr_operator.observed.state import Observed


def surge_wait_seconds(
    spec: BackendSpec, variant: Variant, observed: Observed, config: OperatorConfig
) -> float | None:
    """Seconds until an old pod must release its device (<= 0: now); None if no pod waits for a device."""
    if spec.surge != "Auto" or variant.accelerator is None:
        return None
    device = variant.accelerator.resource_name
    pods = observed.running_pods(variant.name)
    # Only a pod that holds this device can free it; a CPU pod is not stopped for a missing GPU.
    holders = {pod.revision for pod in pods if pod.is_scheduled and device in pod.devices}
    waiting = [pod for pod in pods if device in missing_devices(pod) and holders - {pod.revision}]
    since = max((pod.unschedulable_since for pod in waiting if pod.unschedulable_since), default=None)
    if since is None:
        return None
    return (since + timedelta(seconds=config.surge_wait_seconds) - observed.now).total_seconds()
