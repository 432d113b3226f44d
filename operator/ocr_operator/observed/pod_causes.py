"""Why a pod is not ready: what the scheduler, the kubelet and the container's termination message say.

Pure; reads only what the API server reports, no logs.
"""

import re
from collections.abc import Iterable

from ocr_operator.api.conditions import timestamp
from ocr_operator.api.reasons import Reason
from ocr_operator.observed.causes import Cause, cause_with_action, detail
from ocr_operator.observed.pods import ContainerTermination, ObservedPod
from ocr_operator.observed.termination_message import termination_message
from ocr_operator.observed.warning_events import WarningEvent

EXIT_CODE_SETTINGS = 2
"""Exit code of the backend when its environment is invalid."""
EXIT_CODE_MODELS = 3
"""Exit code of the backend when it cannot load its models."""

DOWNLOAD_REASONS = {
    EXIT_CODE_SETTINGS: Reason.INVALID,
    3: Reason.DOWNLOAD_FAILED,
    4: Reason.MODEL_NOT_FOUND,
    5: Reason.CHECKSUM_MISMATCH,
    6: Reason.STORAGE_FULL,
}
"""Reasons by the exit code of a pod that downloads models. tests/agreement compares it with the backend."""

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
_MISSING_VOLUME = re.compile("persistentvolumeclaim|VolumeBinding|storageclass", re.IGNORECASE)
_MISSING_CLAIM = re.compile(r'persistentvolumeclaim "[^"]+" not found')
_MISSING_CLASS = re.compile(r'storageclass(\.storage\.k8s\.io)? "[^"]+" not found', re.IGNORECASE)
_MISSING_DEVICE = re.compile(r"Insufficient (\S+/[^\s,.]+)")
_MOUNT_FAILURES = ("FailedMount", "FailedAttachVolume", "FailedMapVolume")
_DOWNLOAD_FORBIDDEN = re.compile("OCR_OFFLINE=true forbids")
_MODEL_FAILURES = (
    (re.compile("^the golden sample "), Reason.GOLDEN_MISMATCH),
    (re.compile("^no model .* in .* [(]looked for "), Reason.MODELS_MISSING),
    (re.compile("cannot be downloaded from|is of no use: "), Reason.DOWNLOAD_FAILED),
    (re.compile("is broken: "), Reason.MODELS_DAMAGED),
)
"""Patterns of the backend's messages; tests/agreement compares them with the backend."""
_BOUND_TO_A_NODE = (Reason.UNSCHEDULABLE, Reason.MOUNT_FAILED)
"""What a pod reports whose volume is still attached to another node."""
_REPLACEMENT_SECONDS = 60.0
"""How long after an eviction a ReplicaSet may create the replacement. Guess: it takes about a second."""


def pod_cause(pod: ObservedPod, warnings: Iterable[WarningEvent] = ()) -> Cause | None:
    """Why a pod is not ready; None if it is ready or starting normally.

    `warnings` may be about any objects.
    """
    if pod.is_ready or pod.is_terminating:
        return None
    if pod.is_node_unreachable:
        message = f"pod {pod.name} was ready, but its node no longer reports"
        return cause_with_action(Reason.NODE_LOST, message)
    if pod.unschedulable_message:
        return _scheduling_cause(pod, [warning for warning in warnings if warning.name in pod.claims])
    return (
        _waiting_cause(pod) or _readiness_cause(pod) or termination_cause(pod) or _mount_cause(pod, warnings)
    )


def _readiness_cause(pod: ObservedPod) -> Cause | None:
    """Why a pod whose container runs is not ready; an earlier termination is not the cause then."""
    if pod.failed_gates:
        message = f"pod {pod.name}: {detail(pod.failed_gates)}"
        return cause_with_action(Reason.READINESS_GATES_NOT_READY, message)
    if pod.unready_since is None:
        return None
    message = f"pod {pod.name} was ready, but has not been since {timestamp(pod.unready_since)}"
    return cause_with_action(Reason.UNREADY, message)


def _scheduling_cause(pod: ObservedPod, claim_warnings: list[WarningEvent]) -> Cause:
    message = f"pod {pod.name}: {detail(pod.unschedulable_message)}"
    if missing_devices(pod):
        return cause_with_action(Reason.INSUFFICIENT_DEVICE, message)
    if not lacks_volume(pod):
        return cause_with_action(Reason.UNSCHEDULABLE, message)
    if _MISSING_CLAIM.search(pod.unschedulable_message):
        return cause_with_action(Reason.CLAIM_NOT_FOUND, message)
    for warning in claim_warnings[-1:]:
        message += f"; claim {warning.name}: {detail(warning.message)}"
    is_class_missing = _MISSING_CLASS.search(message)
    return cause_with_action(
        Reason.STORAGE_CLASS_NOT_FOUND if is_class_missing else Reason.STORAGE_PENDING, message
    )


def lacks_volume(pod: ObservedPod) -> bool:
    """Whether the scheduler found no node because of a volume."""
    return bool(_MISSING_VOLUME.search(pod.unschedulable_message))


def missing_devices(pod: ObservedPod) -> list[str]:
    """Extended resources that the scheduler did not find for the pod, sorted by name."""
    return sorted(set(_MISSING_DEVICE.findall(pod.unschedulable_message)))


def _waiting_cause(pod: ObservedPod) -> Cause | None:
    message = f"pod {pod.name}: {detail(pod.waiting_message) or pod.waiting_reason}"
    if pod.waiting_reason in _PULL_REASONS:
        return cause_with_action(Reason.IMAGE_PULL_FAILED, message)
    if pod.waiting_reason not in _NOT_CREATED_REASONS:
        return None
    if _MISSING_SECRET.search(pod.waiting_message):
        return cause_with_action(Reason.SECRET_NOT_FOUND, message)
    return cause_with_action(Reason.CONTAINER_NOT_CREATED, message)


def _mount_cause(pod: ObservedPod, warnings: Iterable[WarningEvent]) -> Cause | None:
    failures = [
        warning for warning in warnings if warning.name == pod.name and warning.reason in _MOUNT_FAILURES
    ]
    if not failures:
        return None
    return cause_with_action(Reason.MOUNT_FAILED, f"pod {pod.name}: {detail(failures[-1].message)}")


def termination_cause(pod: ObservedPod) -> Cause | None:
    """Why the pod's container ended with an error the last time; None if it never did."""
    termination = pod.termination
    if termination is None or termination.exit_code == 0:
        return None
    times = f"ended {pod.restarts + 1} times" if pod.restarts else "ended"
    message = detail(termination_message(termination.message)) or termination.reason or "no message"
    reason_of = _download_reason if pod.model_set else _backend_reason
    observation = f"pod {pod.name} {times}, exit code {termination.exit_code}: {message}"
    return cause_with_action(reason_of(termination, message), observation)


def _backend_reason(termination: ContainerTermination, message: str) -> Reason:
    if termination.reason == "OOMKilled":
        return Reason.OOM_KILLED
    if termination.exit_code == EXIT_CODE_SETTINGS:
        return Reason.INVALID
    if termination.exit_code != EXIT_CODE_MODELS:
        return Reason.CRASH_LOOPING
    matching = (reason for pattern, reason in _MODEL_FAILURES if pattern.search(message))
    return next(matching, Reason.MODEL_LOAD_FAILED)


def _download_reason(termination: ContainerTermination, message: str) -> Reason:
    if termination.reason == "OOMKilled":
        return Reason.OOM_KILLED
    if termination.exit_code == EXIT_CODE_MODELS and _DOWNLOAD_FORBIDDEN.search(message):
        return Reason.MODELS_MISSING
    return DOWNLOAD_REASONS.get(termination.exit_code, Reason.CRASH_LOOPING)


def eviction_cause(pods: Iterable[ObservedPod]) -> Cause | None:
    """That the kubelet evicted a pod, until the pod's replacement is ready; else None."""
    pods = tuple(pods)
    starting = [pod for pod in pods if not pod.is_ready and not pod.is_terminating]
    evicted = [
        pod
        for pod in pods
        if pod.eviction_message and any(_may_replace(candidate, pod) for candidate in starting)
    ]
    if not evicted:
        return None
    last = max(evicted, key=lambda pod: pod.evicted_at.timestamp() if pod.evicted_at else 0.0)
    return cause_with_action(Reason.EVICTED, f"pod {last.name} was evicted: {detail(last.eviction_message)}")


def lost_node_cause(pod: ObservedPod, cause: Cause | None, stuck: Iterable[ObservedPod]) -> Cause | None:
    """The cause of a pod, or the lost node if the pod waits for one on which others are stuck.

    Their volume stays attached to that node, and the pods of a volume belong on one node.
    """
    first = min((each.name for each in stuck), default="")
    if not first or cause is None or cause.reason not in _BOUND_TO_A_NODE:
        return cause
    message = f"pod {pod.name} waits for the end of pod {first}, whose node no longer reports"
    return cause_with_action(Reason.NODE_LOST, message)


def _may_replace(pod: ObservedPod, evicted: ObservedPod) -> bool:
    if pod.created is None or evicted.evicted_at is None:
        return True
    return abs((pod.created - evicted.evicted_at).total_seconds()) <= _REPLACEMENT_SECONDS
