"""Reconciles one OCRBackend: observe, plan, apply, write the status.

`workers` calls it for one key at a time. A reconcile may run twice, late, or after a restart: it depends on
the present state alone, never on an earlier event.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from ocr_operator.api.conditions import ConditionType
from ocr_operator.api.names import API_VERSION, KIND, NamespacedName, ObjectReference
from ocr_operator.api.operator_config import OperatorConfig
from ocr_operator.api.spec import BackendSpec
from ocr_operator.api.spec_parser import parse_backend
from ocr_operator.cluster.client import Cluster
from ocr_operator.cluster.event_recorder import EventRecorder
from ocr_operator.controller.applier import Applier, identified
from ocr_operator.controller.last_applied import LastApplied
from ocr_operator.controller.observer import Cache, Observer
from ocr_operator.controller.problem_times import ProblemTimes
from ocr_operator.controller.requeue import Result, result_of
from ocr_operator.controller.rollout_pacing import RolloutPacing
from ocr_operator.planning import plan as planning
from ocr_operator.status.deadlines import next_deadline_seconds
from ocr_operator.status.events import InvolvedObject
from ocr_operator.status.problem_deadlines import with_late_reasons
from ocr_operator.status.status import status_of

logger = logging.getLogger(__name__)

_SETTLED = Result(is_settled=True)


class Reconciler:
    """Makes the managed objects and the status of OCRBackends match their specs."""

    def __init__(
        self,
        cluster: Cluster,
        cache: Cache,
        config: OperatorConfig,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._cluster = cluster
        self._cache = cache
        self._config = config
        self._clock = clock
        self.last_applied = LastApplied()
        self.observer = Observer(cluster, cache, self.last_applied, clock)
        self._problem_times = ProblemTimes()
        self._pacing = RolloutPacing(config.max_concurrent_rollouts, cache.statuses)
        self._applier = Applier(cluster, self.last_applied)
        self._events = EventRecorder(cluster)

    def mark_stale(self, key: NamespacedName) -> None:
        """The next reconcile reads from the API server, since a watch may have missed something."""
        self.observer.mark_stale(key)

    async def reconcile(self, key: NamespacedName) -> Result:
        """Does what is left to do for one OCRBackend and writes its status.

        Raises:
            ClusterError: the state could not be read, or the status not be written.
        """
        backend = self._backend(key)
        return _SETTLED if backend is None else await self._reconcile(parse_backend(backend), backend)

    async def _reconcile(self, spec: BackendSpec, backend: Mapping[str, Any]) -> Result:
        observed = await self.observer.observe(spec, backend)
        observed = replace(observed, ahead=self._pacing.ahead_of(spec.key))
        plan = planning.plan(spec, observed, self._config)
        self._pacing.update(spec.key, any(state.is_rolling for state in plan.rollouts.values()))
        if plan.creates_objects and not await self._applier.owner_exists(spec):
            return _SETTLED
        results = await self._applier.apply(spec, plan)
        if results.has_errors:
            self.mark_stale(spec.key)
        problems = {**plan.problems, **results.failures}
        since = self._problem_times.update(spec.key, problems, observed.previous_status, observed.now)
        late_problems = with_late_reasons(problems, since, observed.now)
        status = status_of(spec, observed.with_written(results.written), plan, late_problems)
        await self._write_status(spec, backend.get("status"), status)
        return result_of(observed, plan, problems, next_deadline_seconds(spec, status, observed.now))

    def _backend(self, key: NamespacedName) -> Mapping[str, Any] | None:
        """The OCRBackend in its newest version; None if there is nothing to do for it."""
        cached = self._cache.backend(key)
        if cached is None:
            self.last_applied.forget(key)
            self.observer.forget(key)
            self._problem_times.forget(key)
            self._pacing.update(key, is_rolling=False)
            return None
        backend = self.last_applied.newest_backend(key, cached)
        # Garbage collection deletes the managed objects; writing to them would only disturb it.
        return None if "deletionTimestamp" in backend["metadata"] else backend

    async def _write_status(
        self, spec: BackendSpec, previous: Mapping[str, Any] | None, status: Mapping[str, Any]
    ) -> None:
        if status == previous:
            return
        involved = InvolvedObject(ObjectReference(API_VERSION, KIND, *spec.key), spec.uid)
        body = identified(involved.ref, involved.uid) | {"status": status}
        self.last_applied.record_status(spec.key, await self._cluster.apply_status(body))
        _log_ready_change(spec.key, previous or {}, status)
        await self._events.record(involved, previous or {}, status, self._clock())


def _log_ready_change(key: NamespacedName, previous: Mapping[str, Any], status: Mapping[str, Any]) -> None:
    before, after = _ready(previous), _ready(status)
    if (before.get("status"), before.get("reason")) != (after["status"], after["reason"]):
        logger.info("%s/%s: %s ready, %s: %s", *key, status["summary"], after["reason"], after["message"])


def _ready(status: Mapping[str, Any]) -> Mapping[str, Any]:
    conditions = status.get("conditions") or []
    return next((entry for entry in conditions if entry["type"] == ConditionType.READY), {})
