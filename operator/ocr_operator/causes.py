"""Why a pod, a Deployment or a write does not get on: a reason, what was seen, and the next action.

Pure; reads only what the API server says of objects, no log and no event. `variants` asks it.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ocr_operator.conditions import PASSING, URGENCY, Reason, shortened
from ocr_operator.observation import Ended, LiveChild, LivePod

EXIT_CODE_SETTINGS = 2
"""The backend ends with this when its environment is wrong."""
EXIT_CODE_MODELS = 3
"""The backend ends with this when it cannot load its models."""

_MAX_DETAIL = 600
_MAX_LINES = 8
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_PULL_REASONS = (
    "ErrImagePull",
    "ImagePullBackOff",
    "ErrImageNeverPull",
    "InvalidImageName",
    "ImageInspectError",
    "RegistryUnavailable",
    "SignatureValidationFailed",
)
_NOT_CREATED_REASONS = ("CreateContainerConfigError", "CreateContainerError", "RunContainerError")
_MISSING_SECRET = re.compile(r'secret "[^"]+" not found|couldn\'t find key \S+ in Secret \S+', re.IGNORECASE)
_MISSING_VOLUME = re.compile("persistentvolumeclaim|VolumeBinding", re.IGNORECASE)
_MISSING_DEVICE = re.compile(r"Insufficient (\S+/[^\s,.]+)")


@dataclass(frozen=True)
class Cause:
    """A reason from the closed list, and a sentence: what was seen and what to do."""

    reason: Reason
    message: str

    @property
    def is_passing(self) -> bool:
        """Whether it goes away by itself, and thus takes nothing away from what already serves."""
        return self.reason in PASSING


def most_urgent(causes: Iterable[Cause]) -> Cause | None:
    """The cause to show first, if there is any."""
    return min(causes, key=lambda cause: URGENCY.index(cause.reason), default=None)


def pod_cause(pod: LivePod) -> Cause | None:
    """Why a pod is not ready, or None if it is simply on its way."""
    if pod.is_ready or pod.is_leaving:
        return None
    if pod.unscheduled:
        return _unscheduled(pod)
    return _waiting(pod) or ended_cause(pod)


def _unscheduled(pod: LivePod) -> Cause:
    said = f"pod {pod.name}: {_detail(pod.unscheduled)}"
    if missing := missing_devices(pod):
        advice = f"free or add a node with {', '.join(missing)}, or change spec.accelerator"
        return Cause(Reason.INSUFFICIENT_DEVICE, f"{said}; {advice}")
    if _MISSING_VOLUME.search(pod.unscheduled):
        advice = (
            "see `kubectl describe pvc`; a StorageClass is chosen by spec.models.storage.storageClassName"
        )
        return Cause(Reason.STORAGE_PENDING, f"{said}; {advice}")
    advice = "add room or nodes, lower spec.variants[].resources, or change spec.placement"
    return Cause(Reason.UNSCHEDULABLE, f"{said}; {advice}")


def missing_devices(pod: LivePod) -> list[str]:
    """Extended resources that the scheduler did not find for the pod, in order of name."""
    return sorted(set(_MISSING_DEVICE.findall(pod.unscheduled)))


def _waiting(pod: LivePod) -> Cause | None:
    said = f"pod {pod.name}: {_detail(pod.waiting_message) or pod.waiting}"
    if pod.waiting in _PULL_REASONS:
        advice = "check spec.image, its pullSecrets and that the registry can be reached from the node"
        return Cause(Reason.IMAGE_PULL_FAILED, f"{said}; {advice}")
    if pod.waiting not in _NOT_CREATED_REASONS:
        return None
    if _MISSING_SECRET.search(pod.waiting_message):
        advice = "create the Secret or the key, or change the reference in the spec"
        return Cause(Reason.SECRET_NOT_FOUND, f"{said}; {advice}")
    return Cause(Reason.CONTAINER_NOT_CREATED, f"{said}; see `kubectl describe pod {pod.name}`")


def ended_cause(pod: LivePod) -> Cause | None:
    """Why the pod's container ended in failure, the last time it did; None if it never did."""
    ended = pod.ended
    if ended is None or ended.exit_code == 0:
        return None
    times = f"ended {pod.restarts + 1} times" if pod.restarts else "ended"
    said = f"pod {pod.name} {times}, exit code {ended.exit_code}: {_last_words(ended)}"
    if ended.reason == "OOMKilled":
        return Cause(Reason.OOM_KILLED, f"{said}; raise spec.variants[].resources.limits.memory")
    if ended.exit_code == EXIT_CODE_SETTINGS:
        return Cause(Reason.INVALID, f"{said}; change the spec, its extraEnv or its Secrets")
    if ended.exit_code == EXIT_CODE_MODELS:
        return Cause(Reason.MODEL_LOAD_FAILED, said)
    return Cause(Reason.CRASH_LOOPING, f"{said}; see `kubectl logs --previous {pod.name}`")


def _last_words(ended: Ended) -> str:
    """The last message of the log: its last line, with the lines above that it is an indented part of."""
    lines = [line.rstrip() for line in _COLOUR.sub("", ended.message).splitlines() if line.strip()]
    start = len(lines) - 1
    while start > max(0, len(lines) - _MAX_LINES) and lines[start][0].isspace():
        start -= 1
    return _detail(" ".join(lines[max(start, 0) :])) or ended.reason or "it said nothing"


def deployment_cause(deployment: LiveChild) -> Cause | None:
    """Why a Deployment makes no pods, or makes them too slowly; None if it gets on, or was just changed."""
    if deployment.status.get("observedGeneration", 0) < deployment.generation:
        return None
    conditions = {one["type"]: one for one in deployment.status.get("conditions") or []}
    failure, progressing = conditions.get("ReplicaFailure"), conditions.get("Progressing")
    if failure and failure["status"] == "True":
        message = failure.get("message", "")
        return Cause(
            refusal_reason(message), f"{deployment.ref.kind} {deployment.ref.name}: {_detail(message)}"
        )
    if progressing and progressing.get("reason") == "ProgressDeadlineExceeded":
        message = f"{deployment.ref.kind} {deployment.ref.name}: {_detail(progressing.get('message', ''))}"
        advice = "see the pods, or raise spec.rollout.progressDeadlineSeconds"
        return Cause(Reason.PROGRESS_DEADLINE_EXCEEDED, f"{message} {advice}")
    return None


def refusal_reason(message: str) -> Reason:
    """The reason for an object that the API server refused to make as forbidden."""
    return Reason.QUOTA_EXCEEDED if "exceeded quota" in message else Reason.FORBIDDEN


def write_cause(status: int | None, message: str, what: str) -> Cause:
    """Why a write failed; `status` is HTTP's, None where no answer came."""
    said = f"{what}: {_detail(message)}"
    if status == 403:
        reason = refusal_reason(message)
        advice = "raise the quota" if reason is Reason.QUOTA_EXCEEDED else "change the policy or the spec"
        return Cause(reason, f"{said}; {advice}")
    if status in (400, 422):
        return Cause(Reason.INVALID, f"{said}; change the spec")
    return Cause(Reason.API_ERROR, f"{said}; it is tried again")


def _detail(text: str) -> str:
    return shortened(" ".join(text.split()), _MAX_DETAIL)
