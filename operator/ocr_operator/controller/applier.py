"""Carries out a plan: applies and deletes managed objects, and reports which writes failed and why.

`last_applied` keeps what was written.
"""

import logging
from dataclasses import dataclass
from typing import Any

from ocr_operator.api.names import API_VERSION, HANDOVER_MANAGER, KIND, NamespacedName, ObjectReference
from ocr_operator.api.revision import digest
from ocr_operator.api.spec import BackendSpec
from ocr_operator.cluster.client import Cluster
from ocr_operator.cluster.errors import ClusterError
from ocr_operator.controller.last_applied import LastApplied
from ocr_operator.manifests.metadata import ManagedObject
from ocr_operator.observed.causes import Cause
from ocr_operator.observed.managed_objects import ObservedObject, observed_object
from ocr_operator.observed.write_causes import write_cause
from ocr_operator.planning.object_steps import steps_for
from ocr_operator.planning.ownership import ownership_conflict
from ocr_operator.planning.steps import Apply, Plan, Remove, Step, TransferReplicasOwnership, ref_of

logger = logging.getLogger(__name__)

_REFUSED = frozenset({400, 403, 422})
"""The API server has judged what was sent: this tells nothing about the cache."""


@dataclass(frozen=True)
class WriteResults:
    """The outcome of a plan. `failures`: why an object could not be written.

    `written`: objects as this process wrote them, in this reconcile or an earlier one. `has_errors`: a
    request failed in a way that may mean that the cache is stale.
    """

    failures: dict[ObjectReference, Cause]
    written: tuple[ObservedObject, ...]
    has_errors: bool


class Applier:
    """Writes the managed objects of OCRBackends."""

    def __init__(self, cluster: Cluster, last_applied: LastApplied) -> None:
        self._cluster = cluster
        self._last_applied = last_applied

    async def owner_exists(self, spec: BackendSpec) -> bool:
        """Whether the API server still has this OCRBackend.

        Objects created for a deleted one would be garbage-collected and created again without end.
        """
        backend = await self._cluster.get(ObjectReference(API_VERSION, KIND, *spec.key))
        metadata = backend["metadata"] if backend else {}
        return metadata.get("uid") == spec.uid and "deletionTimestamp" not in metadata

    async def apply(self, spec: BackendSpec, plan: Plan) -> WriteResults:
        """Carries out every step; one that fails does not keep the others from being carried out."""
        failures: dict[ObjectReference, Cause] = {}
        has_errors = False
        for step in plan.steps:
            try:
                cause = await self._carry_out(spec, step)
            except ClusterError as error:
                logger.warning("%s: %s failed: %s", step.ref, type(step).__name__.lower(), error)
                has_errors |= error.status not in _REFUSED
                cause = write_cause(error.status, error.message, str(step.ref))
            if cause:
                failures[step.ref] = cause
        refused = (ref for ref, cause in failures.items() if not cause.is_informational)
        self._last_applied.record_refused(spec.key, refused)
        applied = self._last_applied.applied(spec.key).values()
        return WriteResults(failures, tuple(entry.observed for entry in applied), has_errors)

    async def _carry_out(self, spec: BackendSpec, step: Step) -> Cause | None:
        """Carries out one step; the cause says why it was not possible."""
        match step:
            case Apply(desired, None):
                return await self._create(spec, desired)
            case Apply(desired, str(uid)):
                await self._apply(spec.key, desired, uid)
            case TransferReplicasOwnership(ref, uid, replicas):
                body = identified(ref, uid) | {"spec": {"replicas": replicas}}
                await self._cluster.apply(body, HANDOVER_MANAGER)
            case Remove(ref, uid):
                logger.info("%s: deleting it, the spec no longer needs it", ref)
                await self._cluster.delete(ref, uid)
        return None

    async def _create(self, spec: BackendSpec, desired: ManagedObject) -> Cause | None:
        """Writes an object that the cache does not have. It may exist all the same, with another owner."""
        ref = ref_of(desired)
        body = await self._cluster.get(ref)
        if body is None:
            logger.info("%s: creating it", ref)
            await self._apply(spec.key, desired, None)
            return None
        existing = observed_object(body)
        if conflict := ownership_conflict(existing, spec):
            return conflict
        for step in steps_for(desired, existing, None):
            await self._carry_out(spec, step)
        return None

    async def _apply(self, key: NamespacedName, desired: ManagedObject, uid: str | None) -> None:
        body = {**desired, "metadata": {**desired["metadata"], **({"uid": uid} if uid else {})}}
        response = await self._cluster.apply(body)
        self._last_applied.record(key, digest(desired), observed_object(response))


def identified(ref: ObjectReference, uid: str) -> dict[str, Any]:
    """The fields that identify an object in a server-side apply."""
    metadata = {"name": ref.name, "namespace": ref.namespace, "uid": uid}
    return {"apiVersion": ref.api_version, "kind": ref.kind, "metadata": metadata}
