"""Gathers everything that is observed of one OCRBackend into one value.

Reads the informer cache; asks the API server for what no watch shows, and for everything if the cache may be
stale.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Protocol

from ocr_operator.api.managed_kinds import MANAGED_KINDS
from ocr_operator.api.names import (
    INSTANCE_LABEL,
    SELECTOR,
    NamespacedName,
)
from ocr_operator.api.spec import BackendSpec
from ocr_operator.cluster.client import Cluster
from ocr_operator.cluster.optional_apis import OptionalApis
from ocr_operator.cluster.progress_reader import ProgressReader
from ocr_operator.cluster.warning_events import warning_events
from ocr_operator.controller.last_applied import LastApplied
from ocr_operator.observed import event_polling
from ocr_operator.observed.managed_objects import ObservedObject, observed_object
from ocr_operator.observed.pods import ObservedPod, observed_pod
from ocr_operator.observed.state import Observed
from ocr_operator.observed.warning_events import WarningEvent
from ocr_operator.status.model_downloads import jobs_without_pods

_ObjectsAndPods = tuple[tuple[ObservedObject, ...], tuple[ObservedPod, ...]]


class Cache(Protocol):
    """What the watches have reported; it may lag behind the API server."""

    def backend(self, key: NamespacedName) -> Mapping[str, Any] | None:
        """The OCRBackend, or None if there is none."""

    def objects(self, key: NamespacedName) -> tuple[ObservedObject, ...]:
        """Its managed objects."""

    def pods(self, key: NamespacedName) -> tuple[ObservedPod, ...]:
        """Its pods."""

    def statuses(self) -> Iterable[tuple[NamespacedName, Mapping[str, Any]]]:
        """The status of every OCRBackend."""


class Observer:
    """Observes OCRBackends, one per call; `clock` says when."""

    def __init__(
        self, cluster: Cluster, cache: Cache, last_applied: LastApplied, clock: Callable[[], datetime]
    ) -> None:
        self._cluster = cluster
        self._cache = cache
        self._last_applied = last_applied
        self._clock = clock
        self._progress = ProgressReader()
        self._stale: set[NamespacedName] = set()
        self.optional_apis = OptionalApis(cluster.serves, clock)

    def mark_stale(self, key: NamespacedName) -> None:
        """The next observation of the OCRBackend bypasses the cache and lists from the API server."""
        self._stale.add(key)

    def forget(self, key: NamespacedName) -> None:
        """Drops what is kept of an OCRBackend that was deleted."""
        self._stale.discard(key)
        self._progress.forget(key)

    async def observe(self, spec: BackendSpec, backend: Mapping[str, Any]) -> Observed:
        """The present state of an OCRBackend.

        Raises:
            ClusterError: a request to the API server failed.
        """
        objects, pods = await self._objects_and_pods(spec.key)
        absent_apis = await self.optional_apis.absent(spec.optional_kinds)
        now = self._clock()
        return Observed(
            now=now,
            objects=objects,
            pods=pods,
            warnings=await self._warnings(spec.key.namespace, objects, pods, now),
            absent_apis=absent_apis,
            progress=await self._progress.progress(spec.key, pods),
            refused=self._last_applied.refused(spec.key),
            previous_status=backend.get("status") or {},
            last_applied=self._last_applied.applied(spec.key),
        )

    async def _objects_and_pods(self, key: NamespacedName) -> _ObjectsAndPods:
        if key not in self._stale:
            return self._last_applied.newest(key, self._cache.objects(key)), self._cache.pods(key)
        objects, pods = await self._list(key)
        self._last_applied.retain(key, objects)
        self._stale.discard(key)
        return objects, pods

    async def _list(self, key: NamespacedName) -> _ObjectsAndPods:
        selector = f"{SELECTOR},{INSTANCE_LABEL}={key.name}"
        absent = await self.optional_apis.absent(MANAGED_KINDS)
        kinds = (*(kind for kind in MANAGED_KINDS if kind not in absent), ("v1", "Pod"))
        *objects, pods = await asyncio.gather(
            *(self._cluster.list(version, kind, key.namespace, selector) for version, kind in kinds)
        )
        return (
            tuple(observed_object(body) for bodies in objects for body in bodies),
            tuple(observed_pod(body) for body in pods),
        )

    async def _warnings(
        self,
        namespace: str,
        objects: Iterable[ObservedObject],
        pods: tuple[ObservedPod, ...],
        now: datetime,
    ) -> tuple[WarningEvent, ...]:
        """Warning events of pods and Jobs whose own status does not say why they make no progress."""
        jobs = [
            job.ref.name for job in jobs_without_pods(objects, pods) if event_polling.is_overdue(job, now)
        ]
        waiting = [pod for pod in pods if event_polling.needs_events(pod, now)]
        names = {*jobs, *(name for pod in waiting for name in (pod.name, *pod.claims))}
        return await warning_events(self._cluster, namespace, names)
