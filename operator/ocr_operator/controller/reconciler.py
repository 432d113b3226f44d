"""One look at one OCRBackend: observe, plan, apply, summarise.

Knows `cluster` for the doing and leaves the thinking to `plan` and `status`. Called by `handlers` for one key
at a time; may run twice, late, or after a restart: nothing depends on having seen an earlier event.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Protocol

from ocr_operator.api.conditions import ConditionType
from ocr_operator.api.names import (
    API_VERSION,
    HANDOVER_MANAGER,
    INSTANCE_LABEL,
    KIND,
    SELECTOR,
    SERVICE_MONITOR,
    GroupVersionKind,
    NamespacedName,
    ObjectReference,
)
from ocr_operator.api.operator_config import OperatorConfig
from ocr_operator.api.reasons import Reason
from ocr_operator.api.revision import digest
from ocr_operator.api.spec import BackendSpec, family
from ocr_operator.cluster.client import Cluster, ClusterError
from ocr_operator.cluster.event_recorder import EventRecorder
from ocr_operator.cluster.optional_apis import FRESH_SECONDS, OptionalApis
from ocr_operator.cluster.progress_reader import ASK_AGAIN_SECONDS, ProgressReader
from ocr_operator.controller.last_applied import LastApplied
from ocr_operator.manifests.metadata import Child
from ocr_operator.observed import causes
from ocr_operator.observed.causes import Cause
from ocr_operator.observed.observation import ObservedObject, observed_object, observed_pod
from ocr_operator.planning import plan
from ocr_operator.planning.plan import Apply, Observed, Plan, Remove, Step, TransferReplicasOwnership
from ocr_operator.status import model_downloads
from ocr_operator.status.status import recorded_jobs, status_of
from ocr_operator.status.variant_status import variant_states

logger = logging.getLogger(__name__)

CHILD_KINDS = (
    GroupVersionKind("apps/v1", "Deployment"),
    GroupVersionKind("v1", "Service"),
    GroupVersionKind("v1", "PersistentVolumeClaim"),
    GroupVersionKind("batch/v1", "Job"),
    GroupVersionKind("autoscaling/v2", "HorizontalPodAutoscaler"),
    GroupVersionKind("policy/v1", "PodDisruptionBudget"),
    GroupVersionKind("networking.k8s.io/v1", "NetworkPolicy"),
    SERVICE_MONITOR,
)

IN_THE_WAY_SECONDS = 10.0
"""How often it is seen whether an object in the way has gone: without our labels no watch shows it."""

_WATCHED_FOR = {
    Reason.CONFLICT: IN_THE_WAY_SECONDS,
    Reason.TERMINATING: IN_THE_WAY_SECONDS,
    Reason.API_MISSING: FRESH_SECONDS,
}
"""Reasons that no event ends: seconds until it is looked whether they still hold."""


class ObservedCache(Protocol):
    """What has been seen by watching; may lag behind the cluster."""

    def backend(self, key: NamespacedName) -> Mapping[str, Any] | None:
        """The OCRBackend, or None if there is none."""

    def observed(self, key: NamespacedName) -> Observed:
        """Its children and pods."""


@dataclass(frozen=True)
class Result:
    """How a look ended: whether nothing is to be tried again, and in how many seconds time matters."""

    is_settled: bool
    requeue_after: float | None = None


class Reconciler:
    """Brings OCRBackends' children and statuses to what their specs say."""

    def __init__(
        self,
        cluster: Cluster,
        watched: ObservedCache,
        config: OperatorConfig,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        progress: ProgressReader | None = None,
    ) -> None:
        self._cluster = cluster
        self._watched = watched
        self._config = config
        self._clock = clock
        self.optional = OptionalApis(cluster.serves, clock)
        self._suspect: set[NamespacedName] = set()
        self._events = EventRecorder(cluster)
        self._progress = progress or ProgressReader()
        self.memory = LastApplied()

    def mark_stale(self, key: NamespacedName) -> None:
        """Has the next look ask the API server itself, since a watch may have missed something."""
        self._suspect.add(key)

    async def reconcile(self, key: NamespacedName) -> Result:
        """Does what is left to do for one OCRBackend, and says so in its status.

        Raises:
            ClusterError: the OCRBackend could not be read, or its status not be written.
        """
        seen = self._watched.backend(key)
        if seen is None:
            self.memory.forget(key)
            self._progress.forget(key)
            self._suspect.discard(key)
            return Result(is_settled=True)
        backend = self.memory.newest_backend(key, seen)
        if "deletionTimestamp" in backend["metadata"]:
            # Its children go by garbage collection; what we would write now would only be in its way.
            return Result(is_settled=True)
        return await self._carry_out(family(backend), backend)

    async def _carry_out(self, wanted: BackendSpec, backend: Mapping[str, Any]) -> Result:
        observed = await self._observe(wanted.key)
        if wanted.monitoring.service_monitor != "Never":
            observed = replace(observed, absent=await self.optional.absent([SERVICE_MONITOR]))
        now = self._clock()
        jobs = model_downloads.without_pods(observed)
        warnings = await self._events.warnings(wanted.key.namespace, observed.pods, _overdue(jobs, now), now)
        observed = replace(
            observed,
            warnings=warnings,
            refused=self.memory.refused(wanted.key),
            recorded=recorded_jobs(backend.get("status") or {}),
        )
        todo = plan.plan(wanted, observed, self.memory.written(wanted.key), self._config, now)
        if _makes_something(todo) and not await self._still_exists(wanted):
            return Result(is_settled=True)
        refused = await self._apply(wanted, todo)
        lasting = (ref for ref, cause in refused.items() if not cause.is_passing)
        self.memory.were_refused(wanted.key, lasting)
        problems = {**todo.problems, **refused}
        progress = await self._progress.progress(wanted.key, observed.pods)
        observed = replace(self.memory.newest(wanted.key, observed), progress=progress)
        states = variant_states(wanted, observed, todo, problems)
        status = status_of(wanted, states, problems, backend.get("status") or {}, now)
        await self._write_status(wanted, backend, status)
        is_settled = all(cause.reason in _WATCHED_FOR for cause in problems.values())
        times = [todo.requeue_after, causes.event_poll_seconds(observed.pods, now, jobs)]
        times += [ASK_AGAIN_SECONDS for pod in observed.pods if pod.is_fetching]
        return Result(is_settled, _look_again(times, problems))

    async def _observe(self, key: NamespacedName) -> Observed:
        if key not in self._suspect:
            return self.memory.newest(key, self._watched.observed(key))
        observed = await self._list(key)
        self.memory.trust(key, observed.children)
        self._suspect.discard(key)
        return observed

    async def _list(self, key: NamespacedName) -> Observed:
        selector = f"{SELECTOR},{INSTANCE_LABEL}={key.name}"
        absent = await self.optional.absent(CHILD_KINDS)
        kinds = (*(kind for kind in CHILD_KINDS if kind not in absent), ("v1", "Pod"))
        *children, pods = await asyncio.gather(
            *(self._cluster.list(version, kind, key.namespace, selector) for version, kind in kinds)
        )
        found = tuple(observed_object(body) for bodies in children for body in bodies)
        return Observed(found, tuple(observed_pod(body) for body in pods))

    async def _still_exists(self, wanted: BackendSpec) -> bool:
        """Whether to make children: those of a deleted OCRBackend would be collected, and made, for ever."""
        there = await self._cluster.get(ObjectReference(API_VERSION, KIND, *wanted.key))
        metadata = there["metadata"] if there else {}
        return metadata.get("uid") == wanted.uid and "deletionTimestamp" not in metadata

    async def _apply(self, wanted: BackendSpec, todo: Plan) -> dict[ObjectReference, Cause]:
        """Takes every step; answers why those failed that did."""
        problems = {}
        for step in todo.steps:
            try:
                cause = await self._take(wanted, step)
            except ClusterError as error:
                logger.warning("%s: %s: %s", step.ref, type(step).__name__.lower(), error)
                self.mark_stale(wanted.key)
                cause = causes.write_cause(error.status, error.message, str(step.ref))
            if cause:
                problems[step.ref] = cause
        return problems

    async def _take(self, wanted: BackendSpec, step: Step) -> Cause | None:
        """Takes one step; answers what stands in its way, if something does."""
        match step:
            case Apply(child, None):
                return await self._make(wanted, child)
            case Apply(child, str(uid)):
                await self._write(wanted, child, uid)
            case TransferReplicasOwnership(ref, uid, replicas):
                await self._cluster.apply(
                    _identified(ref, uid) | {"spec": {"replicas": replicas}}, HANDOVER_MANAGER
                )
            case Remove(ref, uid):
                logger.info("%s: deleting it, the spec has it no longer", ref)
                await self._cluster.delete(ref, uid)
        return None

    async def _make(self, wanted: BackendSpec, child: Child) -> Cause | None:
        """Writes a child that no watch has shown; it may exist all the same, and belong to somebody else."""
        body = await self._cluster.get(plan.ref_of(child))
        if body is None:
            logger.info("%s: making it", plan.ref_of(child))
            await self._write(wanted, child, None)
            return None
        there = observed_object(body)
        if obstacle := plan.ownership_conflict(there, wanted):
            return obstacle
        for step in plan.writing(child, there, None):
            await self._take(wanted, step)
        return None

    async def _write(self, wanted: BackendSpec, child: Child, uid: str | None) -> None:
        body = {**child, "metadata": {**child["metadata"], **({"uid": uid} if uid else {})}}
        answer = await self._cluster.apply(body)
        self.memory.wrote(wanted.key, digest(child), observed_object(answer))

    async def _write_status(
        self, wanted: BackendSpec, backend: Mapping[str, Any], status: Mapping[str, Any]
    ) -> None:
        if status == backend.get("status"):
            return
        ref, before = ObjectReference(API_VERSION, KIND, *wanted.key), backend.get("status") or {}
        body = _identified(ref, wanted.uid) | {"status": status}
        self.memory.wrote_status(wanted.key, await self._cluster.apply_status(body))
        _log_change(wanted.key, before, status)
        await self._events.tell(ref, wanted.uid, before, status, self._clock())


def _overdue(jobs: Iterable[ObservedObject], now: datetime) -> list[str]:
    return [job.ref.name for job in jobs if causes.is_overdue(job, now)]


def _log_change(key: NamespacedName, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    was, now = _ready(before), _ready(after)
    if (was.get("status"), was.get("reason")) != (now["status"], now["reason"]):
        summary = after["summary"]
        logger.info("%s/%s: %s ready, %s: %s", *key, summary, now["reason"], now["message"])


def _ready(status: Mapping[str, Any]) -> Mapping[str, Any]:
    found = (one for one in status.get("conditions") or [] if one["type"] == ConditionType.READY)
    return next(found, {})


def _look_again(seconds: Iterable[float | None], problems: Mapping[ObjectReference, Cause]) -> float | None:
    times = [one for one in seconds if one is not None]
    times += [_WATCHED_FOR[cause.reason] for cause in problems.values() if cause.reason in _WATCHED_FOR]
    return min(times, default=None)


def _makes_something(todo: Plan) -> bool:
    return any(isinstance(step, Apply) and step.uid is None for step in todo.steps)


def _identified(ref: ObjectReference, uid: str) -> dict[str, Any]:
    """The least of an object that an apply needs."""
    metadata = {"name": ref.name, "namespace": ref.namespace, "uid": uid}
    return {"apiVersion": ref.api_version, "kind": ref.kind, "metadata": metadata}
