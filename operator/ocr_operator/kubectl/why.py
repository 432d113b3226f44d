"""The first cause of an OCRBackend that is not ready, with the path to the object that has it.

Pure. Reads the objects themselves with the operator's own rules, so it also works while no operator runs.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ocr_operator.api.names import MODELS_LABEL, child_name
from ocr_operator.api.reason_groups import URGENCY
from ocr_operator.api.reasons import Reason
from ocr_operator.kubectl.cluster_objects import ClusterObjects
from ocr_operator.kubectl.next_command import Command, describe, next_command
from ocr_operator.observed.causes import Cause, cause_with_action
from ocr_operator.observed.first_cause import (
    LocatedCause,
    download_causes,
    is_rolled_out,
    rollout_causes,
    rollout_progress,
)
from ocr_operator.observed.managed_objects import ObservedObject, observed_object
from ocr_operator.observed.pods import ObservedPod, observed_pod
from ocr_operator.observed.rollout_record import record

Json = Mapping[str, Any]
Path = tuple[str, ...]

OPERATOR_SILENT = "OperatorSilent"
"""Not in the operator's list of reasons: an operator that does not run cannot report it."""

_WAITING_REASONS = (Reason.ROLLOUT_QUEUED, Reason.ROLLOUT_HELD, Reason.PROGRESS_DEADLINE_EXCEEDED)
"""Reasons that only the operator knows."""


@dataclass(frozen=True)
class Answer:
    """The path to the object with the first cause, the cause, and the next command.

    `command` is without `kubectl`; empty if the OCRBackend is ready.
    """

    path: Path
    reason: str
    message: str
    command: Command

    @property
    def is_ready(self) -> bool:
        """Whether there is no problem."""
        return self.reason == Reason.AVAILABLE


def why(objects: ClusterObjects) -> Answer:
    """The most urgent cause; `Available` if every variant is ready."""
    answers = [*_backend_answers(objects), *_download_answers(objects), *_variant_answers(objects)]
    if not answers:
        total = len(objects.backend["spec"]["variants"])
        message = f"{total} of {total} variants are ready"
        return Answer((_top(objects),), Reason.AVAILABLE, message, ())
    return min(answers, key=lambda answer: _urgency(answer.reason))


def _top(objects: ClusterObjects) -> str:
    return f"OCRBackend {objects.key.namespace}/{objects.key.name}"


def _urgency(reason: str) -> int:
    """Position in the order of urgency; a reason that this version does not know comes first."""
    return URGENCY.index(Reason(reason)) if reason in URGENCY else -1


def _backend_answers(objects: ClusterObjects) -> Iterator[Answer]:
    generation = objects.backend["metadata"]["generation"]
    if objects.status.get("observedGeneration", 0) < generation:
        message = (
            f"no operator has reconciled generation {generation}; "
            "check that the operator runs and watches this namespace"
        )
        selector = "--selector=app.kubernetes.io/part-of=ocr-backend"
        command: Command = ("get", "pods", "--all-namespaces", selector)
        yield Answer((_top(objects),), OPERATOR_SILENT, message, command)
    for condition in objects.status.get("conditions") or []:
        if condition["type"] == "Reconciled" and condition["status"] == "False":
            reason = condition["reason"]
            command = next_command(reason, objects.key.name)
            yield Answer((_top(objects),), reason, condition["message"], command)


def _download_answers(objects: ClusterObjects) -> Iterator[Answer]:
    """An answer for each Job that has not downloaded its models yet."""
    for job in objects.of_kind("jobs"):
        if not _is_complete(job):
            yield _download_answer(objects, job)


def _is_complete(job: Json) -> bool:
    conditions = (job.get("status") or {}).get("conditions") or []
    return any(each["type"] == "Complete" and each["status"] == "True" for each in conditions)


def _download_answer(objects: ClusterObjects, job: Json) -> Answer:
    name = job["metadata"]["name"]
    path = (_top(objects), f"Job {name}")
    model_set = (job["metadata"].get("labels") or {}).get(MODELS_LABEL)
    pods = [pod for pod in map(observed_pod, objects.of_kind("pods")) if pod.model_set == model_set]
    if causes := download_causes(name, pods, objects.warnings):
        located = _most_urgent(causes)
        below = (f"Pod {located.pod.name}",) if located.pod else ()
        return _answer(objects, (*path, *below), located)
    has_pod = any(not pod.is_terminating for pod in pods)
    command = ("logs", "--follow", f"job/{name}") if has_pod else describe("job", name)
    variant = _downloading_variant(objects, name)
    is_stalled = variant.get("reason") == Reason.DOWNLOAD_STALLED
    reason = Reason.DOWNLOAD_STALLED if is_stalled else Reason.DOWNLOADING
    return Answer(path, reason, variant.get("message") or "the models are being downloaded", command)


def _downloading_variant(objects: ClusterObjects, job: str) -> Json:
    """What the operator reports about a variant that waits for the download."""
    variants = objects.status.get("variants") or []
    return next((each for each in variants if each.get("models", {}).get("job") == job), {})


def _variant_answers(objects: ClusterObjects) -> Iterator[Answer]:
    deployments = {body["metadata"]["name"]: body for body in objects.of_kind("deployments")}
    for variant in objects.backend["spec"]["variants"]:
        name = child_name(objects.key.name, variant["name"])
        if name not in deployments:
            path = (_top(objects), f"variant {variant['name']}")
            message = f"Deployment {name} does not exist yet; see the conditions of the OCRBackend"
            yield Answer(path, Reason.STARTING, message, describe("ocrb", objects.key.name))
            continue
        deployment = observed_object(deployments[name])
        located = [
            *_rollout_causes(objects, variant, deployment),
            *_waiting_causes(objects, variant["name"], deployment),
        ]
        path = (_top(objects), f"Deployment {name}")
        yield from (_answer(objects, (*path, *_owners(objects, each.pod)), each) for each in located)


def _rollout_causes(objects: ClusterObjects, variant: Json, deployment: ObservedObject) -> list[LocatedCause]:
    """The first cause why the Deployment's revision is not rolled out; none if it is."""
    pods = [pod for pod in map(observed_pod, objects.of_kind("pods")) if pod.variant == variant["name"]]
    autoscaling = variant.get("autoscaling")
    needed = autoscaling["minReplicas"] if autoscaling else deployment.replicas or 0
    if is_rolled_out(deployment.revision, pods, needed):
        return []
    if causes := rollout_causes(deployment, pods, objects.warnings):
        return [_most_urgent(causes)]
    starting = next((pod for pod in pods if not pod.is_ready and not pod.is_terminating), None)
    return [LocatedCause(rollout_progress(deployment.revision, pods), starting)]


def _waiting_causes(objects: ClusterObjects, name: str, deployment: ObservedObject) -> Iterator[LocatedCause]:
    """Why a variant runs another revision than the spec's, although its pods may all be ready."""
    if rolled_back := record(deployment.rollout).rolled_back:
        yield LocatedCause(cause_with_action(Reason.ROLLED_BACK, rolled_back.summary))
        return
    for variant in objects.status.get("variants") or []:
        if variant["name"] == name and variant.get("reason") in _WAITING_REASONS:
            yield LocatedCause(Cause(Reason(variant["reason"]), variant["message"]))


def _most_urgent(causes: Iterable[LocatedCause]) -> LocatedCause:
    return min(causes, key=lambda located: _urgency(located.cause.reason))


def _answer(objects: ClusterObjects, path: Path, located: LocatedCause) -> Answer:
    cause = located.cause
    command = next_command(cause.reason, objects.key.name, located.pod)
    return Answer(path, cause.reason, cause.message, command)


def _owners(objects: ClusterObjects, pod: ObservedPod | None) -> Path:
    """The owners of a pod, then the pod itself."""
    if pod is None:
        return ()
    body = next(body for body in objects.of_kind("pods") if body["metadata"]["name"] == pod.name)
    owners = body["metadata"].get("ownerReferences") or []
    return (*(f"{owner['kind']} {owner['name']}" for owner in owners), f"Pod {pod.name}")
