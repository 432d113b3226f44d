"""Does a variant serve the revision of its Deployment, and if not, which objects say why.

Pure. The status and `kubectl ocr why` use the same rules.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from ocr_operator.api.reasons import Reason
from ocr_operator.observed.causes import Cause
from ocr_operator.observed.controller_causes import deployment_cause, job_cause
from ocr_operator.observed.managed_objects import ObservedObject
from ocr_operator.observed.pod_causes import eviction_cause, lost_node_cause, pod_cause, termination_cause
from ocr_operator.observed.pods import ObservedPod
from ocr_operator.observed.warning_events import WarningEvent


@dataclass(frozen=True)
class LocatedCause:
    """A cause and the pod that has it; None if it is the Deployment's or the Job's."""

    cause: Cause
    pod: ObservedPod | None = None


def is_rolled_out(revision: str | None, pods: Iterable[ObservedPod], needed: int) -> bool:
    """Whether all running pods of a variant have this revision, and at least `needed` of them are ready."""
    running = [pod for pod in pods if not pod.is_terminating]
    is_alone = all(pod.revision == revision for pod in running)
    return is_alone and sum(pod.is_ready for pod in running) >= needed


def rollout_causes(
    deployment: ObservedObject, pods: Sequence[ObservedPod], warnings: Sequence[WarningEvent]
) -> list[LocatedCause]:
    """Causes that keep the Deployment's revision from being rolled out.

    `pods` may include evicted ones, and those that cannot end because their node is lost.
    """
    stuck = [pod for pod in pods if pod.is_stuck_on_lost_node]
    pods = [pod for pod in pods if pod.revision == deployment.revision]
    return _located(
        (deployment_cause(deployment), None),
        *((lost_node_cause(pod, pod_cause(pod, warnings), stuck), pod) for pod in pods),
        (eviction_cause(pods), None),
    )


def download_causes(
    job: str,
    pods: Iterable[ObservedPod],
    warnings: Sequence[WarningEvent],
    progressing: Collection[str] = (),
) -> list[LocatedCause]:
    """Causes that keep a Job from downloading its models. `pods` are the Job's.

    `progressing` names the pods whose present attempt has received data. Until then a pod that runs again
    still shows why its previous attempt failed.
    """
    running = [pod for pod in pods if not pod.is_terminating]
    if not running:
        return _located((job_cause(job, warnings), None))
    return _located(*((_download_cause(pod, warnings, pod.name in progressing), pod) for pod in running))


def _download_cause(pod: ObservedPod, warnings: Iterable[WarningEvent], is_progressing: bool) -> Cause | None:
    if not pod.is_downloading:
        return pod_cause(pod, warnings)
    return None if is_progressing else termination_cause(pod)


def rollout_progress(revision: str | None, pods: Iterable[ObservedPod]) -> Cause:
    """What a rollout without any other cause waits for."""
    running = [pod for pod in pods if not pod.is_terminating]
    if any(pod.is_ready and pod.revision != revision for pod in running):
        return Cause(Reason.ROLLING_OUT, "the previous revision serves until the new one is ready")
    if running:
        return Cause(Reason.STARTING, "waiting for the pod to load its models and read the golden sample")
    return Cause(Reason.STARTING, "waiting for the pod to be created")


def _located(*candidates: tuple[Cause | None, ObservedPod | None]) -> list[LocatedCause]:
    return [LocatedCause(cause, pod) for cause, pod in candidates if cause]
