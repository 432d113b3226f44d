"""The first cause, from the OCRBackend down to its Deployments, pods and claims, and the next command.

Pure. Finds causes as the operator does, from the objects themselves: an operator that is dead hides nothing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ocr_operator.api.names import LANGUAGE_LABEL, MODEL_TYPE_LABEL, MODELS_LABEL, variant_name
from ocr_operator.api.reasons import PASSING, URGENCY, Reason
from ocr_operator.kubectl.cluster_objects import Found
from ocr_operator.observed import causes
from ocr_operator.observed.causes import Cause
from ocr_operator.observed.observation import (
    ObservedObject,
    ObservedPod,
    observed_object,
    observed_pod,
    warned,
)
from ocr_operator.observed.rollout_record import record

Json = Mapping[str, Any]

OPERATOR_SILENT = "OperatorSilent"
"""Not one of the operator's own reasons: it cannot tell that it does not run."""


@dataclass(frozen=True)
class Answer:
    """What was found on the way down, the reason at its end, and what to type next.

    `command` is without `kubectl`, and empty if all is well.
    """

    path: tuple[str, ...]
    reason: str
    message: str
    command: tuple[str, ...]

    @property
    def is_well(self) -> bool:
        """Whether nothing is wrong."""
        return self.reason == Reason.AVAILABLE


def why(found: Found) -> Answer:
    """The first cause, most urgent first; `Available` where every variant serves."""
    top = f"OCRBackend {found.key.namespace}/{found.key.name}"
    candidates = [*_of_the_whole(found, top), *_of_fetching(found, top), *_of_variants(found, top)]
    if not candidates:
        variants = len(found.backend["spec"]["variants"])
        return Answer((top,), Reason.AVAILABLE, f"{variants} of {variants} variants serve", ())
    return min(candidates, key=lambda answer: _rank(answer.reason))


def _rank(reason: str) -> int:
    """Its place by urgency; what no table of this version knows comes first."""
    return URGENCY.index(Reason(reason)) if reason in URGENCY else -1


def _of_the_whole(found: Found, top: str) -> Iterator[Answer]:
    backend = found.backend
    status = backend.get("status") or {}
    if status.get("observedGeneration", 0) < backend["metadata"]["generation"]:
        message = (
            f"no operator has looked at generation {backend['metadata']['generation']} of it; "
            "see whether one runs and watches this namespace"
        )
        command = ("get", "pods", "--all-namespaces", "--selector=app.kubernetes.io/part-of=ocr-backend")
        yield Answer((top,), OPERATOR_SILENT, message, command)
    for one in status.get("conditions") or []:
        if one["type"] == "Reconciled" and one["status"] == "False":
            yield Answer((top,), one["reason"], one["message"], _command(one["reason"], found, None))


def _of_fetching(found: Found, top: str) -> Iterator[Answer]:
    """The causes of what fetches models and has not done so yet."""
    for job in found.of("jobs"):
        conditions = (job.get("status") or {}).get("conditions") or []
        if any(one["type"] == "Complete" and one["status"] == "True" for one in conditions):
            continue
        name = job["metadata"]["name"]
        wanted = (job["metadata"].get("labels") or {}).get(MODELS_LABEL)
        pods = [
            pod
            for pod in map(observed_pod, found.of("pods"))
            if pod.models == wanted and not pod.is_terminating
        ]
        yield _of_job(found, (top, f"Job {name}"), name, pods)


def _of_job(found: Found, path: tuple[str, ...], name: str, pods: list[ObservedPod]) -> Answer:
    warnings = [warned(one) for one in found.of("events") if one.get("type") == "Warning"]
    for pod in pods:
        cause = causes.ended_cause(pod) if pod.is_fetching else causes.pod_cause(pod, warnings)
        if cause:
            command = _command(cause.reason, found, pod)
            return Answer((*path, f"Pod {pod.name}"), cause.reason, cause.message, command)
    refused = [one for one in warnings if (one.name, one.reason) == (name, "FailedCreate")]
    if refused and not pods:
        reason = causes.refusal_reason(refused[-1].message)
        return Answer(path, reason, refused[-1].message, _command(reason, found, None))
    told = next((one for one in _told(found) if one.get("models", {}).get("job") == name), {})
    message = f"the models are on their way; {told.get('message', '')}".rstrip("; ")
    command = ("logs", "--follow", f"job/{name}") if pods else _describe("job", name)
    return Answer(path, Reason.FETCHING, message, command)


def _told(found: Found) -> list[Json]:
    """What the operator tells of the variants."""
    return list((found.backend.get("status") or {}).get("variants") or [])


def _of_variants(found: Found, top: str) -> Iterator[Answer]:
    for wanted in found.backend["spec"]["variants"]:
        key = wanted["language"], wanted["modelType"]
        name = variant_name(found.key.name, *key)
        pods = [observed_pod(one) for one in found.of("pods") if _variant(one) == key]
        deployment = next((one for one in found.of("deployments") if one["metadata"]["name"] == name), None)
        if deployment is None:
            message = f"Deployment {name} is not there yet; the conditions of the OCRBackend say why"
            yield Answer(
                (top, f"variant {'/'.join(key)}"), Reason.STARTING, message, _describe("ocrb", found.key.name)
            )
            continue
        child = observed_object(deployment)
        alive = [pod for pod in pods if not pod.is_terminating]
        is_served = any(pod.is_ready and pod.revision == child.revision for pod in alive)
        if not is_served or len([pod for pod in alive if pod.is_ready]) < (child.replicas or 0):
            yield _down(found, (top, f"Deployment {name}"), child, pods)
        if cause := _held_back(found, key, child):
            command = _command(cause.reason, found, None)
            yield Answer((top, f"Deployment {name}"), cause.reason, cause.message, command)


_WAITING = (Reason.ROLLOUT_QUEUED, Reason.ROLLOUT_HELD)


def _held_back(found: Found, key: tuple[str, str], deployment: ObservedObject) -> Cause | None:
    """Why a variant does not run what the spec asks for, though nothing may be wrong with its pods."""
    if rolled_back := record(deployment.rollout).rolled_back:
        said = f"revision {rolled_back.revision} was taken back ({rolled_back.reason}: {rolled_back.message})"
        return causes.because(Reason.ROLLED_BACK, said)
    told = (found.backend.get("status") or {}).get("variants") or []
    mine = (one for one in told if (one["language"], one["modelType"]) == key)
    waiting = next((one for one in mine if one.get("reason") in _WAITING), None)
    return Cause(Reason(waiting["reason"]), waiting["message"]) if waiting else None


def _down(found: Found, path: tuple[str, ...], deployment: ObservedObject, pods: list[ObservedPod]) -> Answer:
    """The cause of one variant: of its Deployment, or of the first pod that has one, those gone included."""
    warnings = [warned(one) for one in found.of("events") if one.get("type") == "Warning"]
    seen: list[tuple[Cause, ObservedPod | None]] = []
    if cause := causes.deployment_cause(deployment):
        seen.append((cause, None))
    for pod in pods:
        if cause := causes.pod_cause(pod, warnings):
            seen.append((cause, pod))
    if cause := causes.eviction_cause(pods):
        seen.append((cause, None))
    waiting = next((pod for pod in pods if not pod.is_ready and not pod.is_terminating), None)
    if not seen:
        seen.append((_on_its_way(waiting), waiting))
    cause, culprit = min(seen, key=lambda one: _rank(one[0].reason))
    below = _replica_set(found, culprit) if culprit else ()
    return Answer((*path, *below), cause.reason, cause.message, _command(cause.reason, found, culprit))


def _on_its_way(pod: ObservedPod | None) -> Cause:
    if pod is None:
        return Cause(Reason.STARTING, "its pods are not made yet")
    return Cause(Reason.STARTING, f"pod {pod.name} is on its way: it is being made, or loads its models")


def _replica_set(found: Found, pod: ObservedPod) -> tuple[str, ...]:
    body = next(one for one in found.of("pods") if one["metadata"]["name"] == pod.name)
    owners = body["metadata"].get("ownerReferences") or []
    return (*(f"{one['kind']} {one['name']}" for one in owners), f"Pod {pod.name}")


def _variant(pod: Json) -> tuple[Any, Any]:
    labels = pod["metadata"].get("labels") or {}
    return labels.get(LANGUAGE_LABEL), labels.get(MODEL_TYPE_LABEL)


def _describe(kind: str, name: str = "") -> tuple[str, ...]:
    return ("describe", kind, name) if name else ("describe", kind)


_ENDED: set[str] = {
    Reason.INVALID,
    Reason.GOLDEN_MISMATCH,
    Reason.DOWNLOAD_FAILED,
    Reason.MODEL_NOT_FOUND,
    Reason.CHECKSUM_MISMATCH,
    Reason.STORAGE_FULL,
    Reason.MODELS_DAMAGED,
    Reason.MODEL_LOAD_FAILED,
    Reason.CRASH_LOOPING,
}
_ELSEWHERE: dict[str, tuple[str, ...]] = {
    Reason.QUOTA_EXCEEDED: _describe("resourcequotas"),
    Reason.SECRET_NOT_FOUND: ("get", "secrets"),
    Reason.STORAGE_CLASS_NOT_FOUND: ("get", "storageclasses"),
    Reason.CLAIM_NOT_FOUND: ("get", "persistentvolumeclaims"),
    Reason.INSUFFICIENT_DEVICE: _describe("nodes"),
    Reason.UNSCHEDULABLE: _describe("nodes"),
    Reason.EVICTED: _describe("nodes"),
    Reason.NODE_LOST: ("get", "nodes"),
    Reason.FORBIDDEN: ("get", "events", "--field-selector=type=Warning"),
}


def _command(reason: str, found: Found, pod: ObservedPod | None) -> tuple[str, ...]:
    """What shows most of a cause."""
    if reason in _ELSEWHERE:
        return _ELSEWHERE[reason]
    if pod is None:
        return _describe("ocrb", found.key.name)
    if reason == Reason.STORAGE_PENDING and pod.claims:
        return _describe("persistentvolumeclaim", pod.claims[0])
    if reason in _ENDED:
        return ("logs", "--previous", pod.name)
    if reason in PASSING:
        return ("logs", "--follow", pod.name)
    return _describe("pod", pod.name)
