"""How the fetching of each set of models stands: from the Job, its pod and what that tells, to one value.

Pure. `variants` and the status show it; `plan` goes by the Job alone.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ocr_operator.api.names import ObjectReference, download_job_name
from ocr_operator.api.spec import BackendSpec, VariantKey
from ocr_operator.manifests.model_sets import ModelSet, model_sets
from ocr_operator.observed import causes
from ocr_operator.observed.causes import Cause, because
from ocr_operator.observed.container_failures import Failure, last_failure
from ocr_operator.observed.download_progress import Progress
from ocr_operator.observed.observation import ObservedObject, ObservedPod, WarningEvent
from ocr_operator.planning.plan import Observed, Plan

_FIRST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS = 10, 300
"""Of the kubelet, between two attempts; each wait is twice the one before."""
_BACK_OFF = re.compile(r"back-off ((?:\d+[hms])+) ")
_UNIT_SECONDS = {"h": 3600, "m": 60, "s": 1}


@dataclass(frozen=True)
class ModelDownload:
    """One set of models. `cause`: why it does not get on; None where it does, or has.

    `state` is Waiting, Fetching, Verifying or Published; `digests` are `NAME@sha256:…` by part.
    """

    job: str
    state: str
    cause: Cause | None = None
    progress: Progress | None = None
    next_retry: datetime | None = None
    failure: Failure | None = None
    digests: Mapping[str, str] = field(default_factory=dict)
    size: int = 0

    @property
    def is_published(self) -> bool:
        """Whether the models are there."""
        return self.state == "Published"

    @property
    def message(self) -> str:
        """What is being done, in a sentence."""
        if self.progress and self.progress.active:
            return f"fetching models: {self.progress.active}"
        return f"fetching models: waiting for Job {self.job}"


def fetches(
    family: BackendSpec, observed: Observed, plan: Plan, problems: Mapping[ObjectReference, Cause]
) -> dict[VariantKey, ModelDownload]:
    """How it stands with the models of each variant that has them fetched."""
    found: dict[VariantKey, ModelDownload] = {}
    for wanted in model_sets(family.variants):
        name = download_job_name(family.key.name, wanted.id)
        refused = next((cause for ref, cause in problems.items() if ref[1::2] == ("Job", name)), None)
        fetch = _fetch(name, wanted, observed, wanted.id in plan.published, refused)
        found |= dict.fromkeys((variant.key for variant in wanted.variants), fetch)
    return found


def _fetch(
    name: str, wanted: ModelSet, observed: Observed, is_published: bool, refused: Cause | None
) -> ModelDownload:
    pods = [pod for pod in observed.pods if pod.models == wanted.id]
    if is_published:
        digests, size = _report(pods)
        return ModelDownload(name, "Published", digests=digests, size=size)
    alive = [pod for pod in pods if not pod.is_terminating]
    progress = next((observed.progress[pod.name] for pod in alive if pod.name in observed.progress), None)
    found = [_cause(pod, observed.warnings, progress) for pod in alive]
    if refused and not refused.is_passing:
        found.append(refused)
    if not alive:
        found.append(_not_made(name, observed.warnings))
    return ModelDownload(
        name,
        progress.state if progress else "Waiting",
        cause=causes.most_urgent(cause for cause in found if cause),
        progress=progress,
        next_retry=max(filter(None, map(next_retry, alive)), default=None),
        failure=last_failure(pods),
        size=progress.size if progress else 0,
    )


def _cause(pod: ObservedPod, warnings: Iterable[WarningEvent], progress: Progress | None) -> Cause | None:
    """Why a pod does not get on: while a new attempt has brought nothing yet, what ended the one before."""
    if not pod.is_fetching:
        return causes.pod_cause(pod, warnings)
    return None if progress and progress.gained > 0 else causes.ended_cause(pod)


def _not_made(job: str, warnings: Iterable[WarningEvent]) -> Cause | None:
    """Why a Job has no pod: its controller tells it in events only."""
    found = [one for one in warnings if (one.name, one.reason) == (job, "FailedCreate")]
    if not found:
        return None
    return because(causes.refusal_reason(found[-1].message), f"Job {job}: {found[-1].message}")


def without_pods(observed: Observed) -> list[ObservedObject]:
    """The Jobs that have no pod yet, and no end: only events can say why."""
    having = {pod.models for pod in observed.pods if not pod.is_terminating}
    jobs = (child for child in observed.children if child.ref.kind == "Job" and not child.is_deleting)
    return [one for one in jobs if _set_of(one) not in having and not one.status.get("conditions")]


def _set_of(job: ObservedObject) -> str:
    return job.ref.name.rpartition("-")[2]


def next_retry(pod: ObservedPod) -> datetime | None:
    """When the kubelet starts the container again; None where it does not wait, or for a moment only.

    Of a pod of a Job it says no more, as a rule, than that the container has ended (measured with 1.37).
    """
    is_waiting = pod.waiting == "CrashLoopBackOff" or (not pod.waiting and not pod.is_ready and pod.restarts)
    if not is_waiting or pod.ended is None or pod.ended.exit_code == 0 or not pod.ended.time:
        return None
    told = _BACK_OFF.search(pod.waiting_message)
    if told:
        parts = re.findall(r"(\d+)([hms])", told[1])
        seconds = sum(int(number) * _UNIT_SECONDS[unit] for number, unit in parts)
    else:
        seconds = min(_FIRST_WAIT_SECONDS * 2 ** max(pod.restarts - 1, 0), _LONGEST_WAIT_SECONDS)
    return datetime.fromisoformat(pod.ended.time) + timedelta(seconds=seconds)


def _report(pods: Iterable[ObservedPod]) -> tuple[dict[str, str], int]:
    """What a pod has reported at its end: digests by part, and bytes; nothing where its record is gone."""
    for pod in pods:
        if pod.ended is None or pod.ended.exit_code != 0:
            continue
        try:
            told = json.loads(pod.ended.message)
            digests = {str(part): str(name) for part, name in told["models"].items()}
            return digests, int(told["bytes"])
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
    return {}, 0
