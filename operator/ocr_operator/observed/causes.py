"""Why a pod, a Deployment or a write does not get on: a reason, what was seen, and the next action.

Pure; reads only what the API server says of objects, no log. `variants` and `kubectl ocr why` ask it.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from ocr_operator.api.conditions import shortened
from ocr_operator.api.reasons import PASSING, URGENCY, Reason
from ocr_operator.observed.observation import ContainerTermination, ObservedObject, ObservedPod, WarningEvent
from ocr_operator.observed.termination_message import termination_message

EXIT_CODE_SETTINGS = 2
"""The backend ends with this when its environment is wrong."""
EXIT_CODE_MODELS = 3
"""The backend ends with this when it cannot load its models."""

FETCH_REASONS = {
    EXIT_CODE_SETTINGS: Reason.INVALID,
    3: Reason.DOWNLOAD_FAILED,
    4: Reason.MODEL_NOT_FOUND,
    5: Reason.CHECKSUM_MISMATCH,
    6: Reason.STORAGE_FULL,
}
"""What a pod that fetches models ends with. tests/agreement holds it and the backend together."""

_MAX_DETAIL = 600
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
_WITHOUT_VOLUME = re.compile("persistentvolumeclaim|VolumeBinding|storageclass", re.IGNORECASE)
_MISSING_CLAIM = re.compile(r'persistentvolumeclaim "[^"]+" not found')
_MISSING_CLASS = re.compile(r'storageclass(\.storage\.k8s\.io)? "[^"]+" not found', re.IGNORECASE)
_NOT_MOUNTED = ("FailedMount", "FailedAttachVolume", "FailedMapVolume")
_MAY_NOT_FETCH = re.compile("OCR_OFFLINE=true forbids")
_MODEL_TROUBLES = (
    (re.compile("^the golden sample "), Reason.GOLDEN_MISMATCH),
    (re.compile("^no model .* in .* [(]looked for "), Reason.MODELS_MISSING),
    (re.compile("cannot be downloaded from|is of no use: "), Reason.DOWNLOAD_FAILED),
    (re.compile("is broken: "), Reason.MODELS_DAMAGED),
)
"""In the backend's words; tests/agreement holds both together."""
_PUZZLING_SECONDS = 10.0
"""How long a container may be in the making before its events are asked. Guess: mounting takes seconds."""
_ASK_AGAIN_SECONDS = 15.0
"""How often events are asked again: nothing watches them."""
_REPLACED_SECONDS = 60.0
"""How soon after an eviction a ReplicaSet has made the next pod. Guess: it needs a second."""
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


def because(reason: Reason, seen: str) -> Cause:
    """A cause: what was seen, and then the reason's next action."""
    return Cause(reason, f"{seen}; {reason.action}" if reason.action else seen)


def most_urgent(causes: Iterable[Cause]) -> Cause | None:
    """The cause to show first, if there is any."""
    return min(causes, key=lambda cause: URGENCY.index(cause.reason), default=None)


def needs_events(pod: ObservedPod, now: datetime) -> bool:
    """Whether only events, of the pod or its claims, can say why it does not get on."""
    if pod.is_ready or pod.is_terminating:
        return False
    if pod.unscheduled:
        return bool(pod.claims and _WITHOUT_VOLUME.search(pod.unscheduled))
    return pod.waiting == "ContainerCreating" and is_overdue(pod, now)


def is_overdue(one: ObservedPod | ObservedObject, now: datetime) -> bool:
    """Whether what has been made only just could speak for itself by now."""
    return _age(one, now) >= _PUZZLING_SECONDS


def _age(one: ObservedPod | ObservedObject, now: datetime) -> float:
    return (now - one.created).total_seconds() if one.created else 0.0


def event_poll_seconds(
    pods: Iterable[ObservedPod], now: datetime, others: Iterable[ObservedObject] = ()
) -> float | None:
    """Seconds until events are to be asked, or asked again; None where every pod speaks for itself.

    `others`: further objects of which only events tell.
    """
    waits = [
        _ASK_AGAIN_SECONDS if needs_events(pod, now) else _PUZZLING_SECONDS - _age(pod, now)
        for pod in pods
        if needs_events(pod, now) or pod.waiting == "ContainerCreating"
    ]
    waits += [
        _ASK_AGAIN_SECONDS if is_overdue(one, now) else _PUZZLING_SECONDS - _age(one, now) for one in others
    ]
    return max(min(waits), 0.0) if waits else None


def pod_cause(pod: ObservedPod, warnings: Iterable[WarningEvent] = ()) -> Cause | None:
    """Why a pod is not ready, or None if it is simply on its way. `warnings`: of any objects."""
    if pod.is_ready or pod.is_terminating:
        return None
    if pod.is_node_unreachable:
        return because(Reason.NODE_LOST, f"pod {pod.name} was ready, but its node no longer reports")
    if pod.unscheduled:
        return _unscheduled(pod, [one for one in warnings if one.name in pod.claims])
    return _waiting(pod) or ended_cause(pod) or _not_mounted(pod, warnings)


def _unscheduled(pod: ObservedPod, of_claims: list[WarningEvent]) -> Cause:
    said = f"pod {pod.name}: {_detail(pod.unscheduled)}"
    if missing_devices(pod):
        return because(Reason.INSUFFICIENT_DEVICE, said)
    if not _WITHOUT_VOLUME.search(pod.unscheduled):
        return because(Reason.UNSCHEDULABLE, said)
    if _MISSING_CLAIM.search(pod.unscheduled):
        return because(Reason.CLAIM_NOT_FOUND, said)
    told = "".join(f"; claim {one.name}: {_detail(one.message)}" for one in of_claims[-1:])
    if _MISSING_CLASS.search(said + told):
        return because(Reason.STORAGE_CLASS_NOT_FOUND, said + told)
    return because(Reason.STORAGE_PENDING, said + told)


def _not_mounted(pod: ObservedPod, warnings: Iterable[WarningEvent]) -> Cause | None:
    found = [one for one in warnings if one.name == pod.name and one.reason in _NOT_MOUNTED]
    if not found:
        return None
    return because(Reason.MOUNT_FAILED, f"pod {pod.name}: {_detail(found[-1].message)}")


def missing_devices(pod: ObservedPod) -> list[str]:
    """Extended resources that the scheduler did not find for the pod, in order of name."""
    return sorted(set(_MISSING_DEVICE.findall(pod.unscheduled)))


def _waiting(pod: ObservedPod) -> Cause | None:
    said = f"pod {pod.name}: {_detail(pod.waiting_message) or pod.waiting}"
    if pod.waiting in _PULL_REASONS:
        return because(Reason.IMAGE_PULL_FAILED, said)
    if pod.waiting not in _NOT_CREATED_REASONS:
        return None
    if _MISSING_SECRET.search(pod.waiting_message):
        return because(Reason.SECRET_NOT_FOUND, said)
    return because(Reason.CONTAINER_NOT_CREATED, said)


def ended_cause(pod: ObservedPod) -> Cause | None:
    """Why the pod's container ended in failure, the last time it did; None if it never did."""
    ended = pod.ended
    if ended is None or ended.exit_code == 0:
        return None
    times = f"ended {pod.restarts + 1} times" if pod.restarts else "ended"
    words = _detail(termination_message(ended.message)) or ended.reason or "it said nothing"
    reason = _fetch_reason(ended, words) if pod.models else _ended_reason(ended, words)
    return because(reason, f"pod {pod.name} {times}, exit code {ended.exit_code}: {words}")


def _ended_reason(ended: ContainerTermination, words: str) -> Reason:
    if ended.reason == "OOMKilled":
        return Reason.OOM_KILLED
    if ended.exit_code == EXIT_CODE_SETTINGS:
        return Reason.INVALID
    if ended.exit_code != EXIT_CODE_MODELS:
        return Reason.CRASH_LOOPING
    found = (reason for pattern, reason in _MODEL_TROUBLES if pattern.search(words))
    return next(found, Reason.MODEL_LOAD_FAILED)


def _fetch_reason(ended: ContainerTermination, words: str) -> Reason:
    if ended.reason == "OOMKilled":
        return Reason.OOM_KILLED
    if ended.exit_code == EXIT_CODE_MODELS and _MAY_NOT_FETCH.search(words):
        return Reason.MODELS_MISSING
    return FETCH_REASONS.get(ended.exit_code, Reason.CRASH_LOOPING)


def deployment_cause(deployment: ObservedObject) -> Cause | None:
    """Why a Deployment makes no pods, or makes them too slowly; None if it gets on, or was just changed."""
    if deployment.status.get("observedGeneration", 0) < deployment.generation:
        return None
    conditions = {one["type"]: one for one in deployment.status.get("conditions") or []}
    failure, progressing = conditions.get("ReplicaFailure"), conditions.get("Progressing")
    what = f"{deployment.ref.kind} {deployment.ref.name}"
    if failure and failure["status"] == "True":
        message = failure.get("message", "")
        return because(refusal_reason(message), f"{what}: {_detail(message)}")
    if progressing and progressing.get("reason") == "ProgressDeadlineExceeded":
        message = _detail(progressing.get("message", ""))
        return because(Reason.PROGRESS_DEADLINE_EXCEEDED, f"{what}: {message}")
    return None


def is_late(deployment: ObservedObject, since: str) -> bool:
    """Whether the present template of a Deployment, applied at `since` (RFC 3339), was not ready in time.

    For a moment the Deployment may still say so of the template before.
    """
    if deployment.status.get("observedGeneration", 0) < deployment.generation:
        return False
    conditions = {one["type"]: one for one in deployment.status.get("conditions") or []}
    told = conditions.get("Progressing") or {}
    if told.get("reason") != "ProgressDeadlineExceeded":
        return False
    at = told.get("lastUpdateTime")
    return not (since and at) or datetime.fromisoformat(at) >= datetime.fromisoformat(since)


def eviction_cause(pods: Iterable[ObservedPod]) -> Cause | None:
    """That a kubelet has ended a pod, for as long as the pod in its place is not ready; else None."""
    pods = tuple(pods)
    replacements = [pod for pod in pods if not pod.is_ready and not pod.is_terminating]
    evicted = [pod for pod in pods if pod.evicted and any(_replaces(one, pod) for one in replacements)]
    if not evicted:
        return None
    last = max(evicted, key=lambda pod: pod.evicted_at.timestamp() if pod.evicted_at else 0.0)
    return because(Reason.EVICTED, f"pod {last.name} was evicted: {_detail(last.evicted)}")


def _replaces(pod: ObservedPod, evicted: ObservedPod) -> bool:
    if pod.created is None or evicted.evicted_at is None:
        return True
    return abs((pod.created - evicted.evicted_at).total_seconds()) <= _REPLACED_SECONDS


def refusal_reason(message: str) -> Reason:
    """The reason for an object that the API server refused to make as forbidden."""
    return Reason.QUOTA_EXCEEDED if "exceeded quota" in message else Reason.FORBIDDEN


_NOT_EXPANDABLE = re.compile("the storageclass that provisions the pvc must support resize")
_NOT_BOUND = re.compile("for bound claims|[Oo]nly bound persistent volume claims can be expanded")
"""In the API server's words, as of 1.37, of a claim that shall grow."""


def write_cause(status: int | None, message: str, what: str) -> Cause:
    """Why a write failed; `status` is HTTP's, None where no answer came."""
    said = f"{what}: {_detail(message)}"
    if _NOT_EXPANDABLE.search(message):
        return because(Reason.VOLUME_NOT_EXPANDABLE, said)
    if _NOT_BOUND.search(message):
        return because(Reason.STORAGE_PENDING, said)
    if status == 403:
        return because(refusal_reason(message), said)
    if status in (400, 422):
        return because(Reason.INVALID, said)
    return because(Reason.API_ERROR, said)


def _detail(text: str) -> str:
    return shortened(" ".join(text.split()), _MAX_DETAIL)
