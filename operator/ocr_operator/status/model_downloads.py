"""The state of each download: from the Job, its pods and their progress.

Pure. The status shows it; `planning` depends on the Job alone.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ocr_operator.api.names import ObjectReference, download_job_name
from ocr_operator.api.spec import BackendSpec, VariantName
from ocr_operator.manifests.model_sets import model_sets
from ocr_operator.observed.causes import Cause, most_urgent
from ocr_operator.observed.container_failures import Failure, last_failure
from ocr_operator.observed.download_progress import ModelProgress, Progress
from ocr_operator.observed.first_cause import download_causes
from ocr_operator.observed.managed_objects import ObservedObject
from ocr_operator.observed.object_metadata import parsed_time
from ocr_operator.observed.pods import ObservedPod
from ocr_operator.observed.state import Observed
from ocr_operator.planning.steps import Plan
from ocr_operator.status.retry_time import next_retry


@dataclass(frozen=True)
class ModelDownload:
    """The download of one model set. `cause`: why it does not progress; None if it does or is complete.

    `state` is Waiting, Downloading, Verifying or Published; `digests` are `NAME@sha256:…` by role; `size` is
    in bytes. `progress_time`: when size or state changed the last time; None if it is published.
    """

    job: str
    state: str
    cause: Cause | None = None
    progress: Progress | None = None
    next_retry: datetime | None = None
    failure: Failure | None = None
    digests: Mapping[str, str] = field(default_factory=dict)
    size: int = 0
    progress_time: datetime | None = None
    is_suspended: bool = False

    @property
    def is_published(self) -> bool:
        """Whether the models are on the volume."""
        return self.state == "Published"

    @property
    def message(self) -> str:
        """The progress in a sentence."""
        if self.progress and self.progress.active:
            return f"downloading models: {self.progress.active}"
        if self.is_suspended:
            return f"downloading models: Job {self.job} is suspended"
        return f"downloading models: waiting for Job {self.job}"


def model_downloads(
    spec: BackendSpec, observed: Observed, plan: Plan, problems: Mapping[ObjectReference, Cause]
) -> dict[VariantName, ModelDownload]:
    """The download of each variant whose models come from a hub."""
    write_causes = {ref.name: cause for ref, cause in problems.items() if ref.kind == "Job"}
    downloads: dict[VariantName, ModelDownload] = {}
    for model_set in model_sets(spec.variants):
        job = download_job_name(spec.key.name, model_set.id)
        pods = [pod for pod in observed.pods if pod.model_set == model_set.id]
        if model_set.id in plan.published:
            download = _published(job, pods)
        else:
            download = _unpublished(job, pods, observed, write_causes.get(job))
        downloads |= dict.fromkeys((variant.name for variant in model_set.variants), download)
    return downloads


def _unpublished(
    job: str, pods: Iterable[ObservedPod], observed: Observed, write_cause: Cause | None
) -> ModelDownload:
    running = [pod for pod in pods if not pod.is_terminating]
    by_pod = {pod.name: observed.progress[pod.name] for pod in running if pod.name in observed.progress}
    progressing = [name for name, progress in by_pod.items() if progress.gained > 0]
    causes = [located.cause for located in download_causes(job, running, observed.warnings, progressing)]
    if write_cause and not write_cause.is_informational:
        causes.append(write_cause)
    progress = next(iter(by_pod.values()), None) or _progress_in_status(job, running, observed)
    state, size = (progress.state, progress.size) if progress else ("Waiting", 0)
    return ModelDownload(
        job,
        state,
        cause=most_urgent(causes),
        progress=progress,
        next_retry=max(filter(None, map(next_retry, running)), default=None),
        failure=last_failure(pods),
        size=size,
        progress_time=_progress_time(job, state, size, observed),
        is_suspended=_is_suspended(job, observed),
    )


def _progress_in_status(job: str, pods: Iterable[ObservedPod], observed: Observed) -> Progress | None:
    """The progress by the previous status, for a pod that downloads and has not answered this process yet.

    The download of a pod that does not answer after a restart of the operator has not begun again.
    """
    models = _models_in_status(job, observed)
    if not any(pod.is_downloading for pod in pods) or models.get("state") not in ("Downloading", "Verifying"):
        return None
    size, total = models.get("bytes") or 0, models.get("totalBytes") or 0
    active = ModelProgress("all models", models["state"], size, total)
    return Progress((active,), size, total, models.get("percent") or 0)


def _progress_time(job: str, state: str, size: int, observed: Observed) -> datetime:
    """When state or size changed, by the previous status."""
    models = _models_in_status(job, observed)
    if (models.get("state"), models.get("bytes")) != (state, size):
        return observed.now
    return parsed_time(models.get("lastProgressTime")) or observed.now


def _models_in_status(job: str, observed: Observed) -> Mapping[str, Any]:
    """What the previous status says of the download by this Job; empty if nothing."""
    entries = (variant.get("models") or {} for variant in observed.previous_status.get("variants") or [])
    return next((models for models in entries if models.get("job") == job), {})


def _is_suspended(job: str, observed: Observed) -> bool:
    """Whether somebody, such as a queue, has suspended the Job."""
    objects = (each for each in observed.objects if (each.ref.kind, each.ref.name) == ("Job", job))
    conditions = [condition for each in objects for condition in each.status.get("conditions") or []]
    return any((each["type"], each["status"]) == ("Suspended", "True") for each in conditions)


def _published(job: str, pods: Iterable[ObservedPod]) -> ModelDownload:
    """A complete download, with digests and size from the report in a pod's termination message.

    Without the pod, digests are empty and size is 0.
    """
    for pod in pods:
        if pod.termination is None or pod.termination.exit_code != 0:
            continue
        if report := _report(pod.termination.message):
            digests, size = report
            return ModelDownload(job, "Published", digests=digests, size=size)
    return ModelDownload(job, "Published")


def _report(message: str) -> tuple[dict[str, str], int] | None:
    """Digests by role, and bytes; None if the message is no report."""
    try:
        report = json.loads(message)
        digests = {str(role): str(name) for role, name in report["models"].items()}
        return digests, int(report["bytes"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def jobs_without_pods(objects: Iterable[ObservedObject], pods: Iterable[ObservedPod]) -> list[ObservedObject]:
    """Unfinished Jobs that have no pod yet; only Events say why."""
    sets_with_pods = {pod.model_set for pod in pods if not pod.is_terminating}
    jobs = (existing for existing in objects if existing.ref.kind == "Job" and not existing.is_deleting)
    return [job for job in jobs if _set_id(job) not in sets_with_pods and not job.status.get("conditions")]


def _set_id(job: ObservedObject) -> str:
    return job.ref.name.rpartition("-")[2]
