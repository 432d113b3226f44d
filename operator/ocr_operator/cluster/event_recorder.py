"""Events in the API server: reads what others warn of, writes our own.

An Event that cannot be read or written is logged and changes nothing else. `reconcile` calls this.
"""

import asyncio
import logging
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from ocr_operator.api.names import ObjectReference
from ocr_operator.cluster.client import Cluster, ClusterError
from ocr_operator.observed import causes
from ocr_operator.observed.observation import ObservedPod, WarningEvent, warned
from ocr_operator.status import events

logger = logging.getLogger(__name__)


class EventRecorder:
    """Events of the namespaces that the operator watches; asked for, never watched."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    async def warnings(
        self, namespace: str, pods: Iterable[ObservedPod], others: Iterable[str], now: datetime
    ) -> tuple[WarningEvent, ...]:
        """What was warned of, oldest first, for pods that do not say themselves why they do not get on.

        `others`: names of further objects to ask for.
        """
        puzzling = [pod for pod in pods if causes.needs_events(pod, now)]
        names = sorted({*others, *(name for pod in puzzling for name in (pod.name, *pod.claims))})
        found = await asyncio.gather(*(self._of(namespace, name) for name in names))
        return tuple(one for bodies in found for one in bodies)

    async def _of(self, namespace: str, name: str) -> list[WarningEvent]:
        fields = f"type=Warning,involvedObject.name={name}"
        try:
            bodies = await self._cluster.list("v1", "Event", namespace, fields=fields)
        except ClusterError as error:
            logger.warning("events of %s/%s: %s", namespace, name, error)
            return []
        return [warned(body) for body in sorted(bodies, key=_last_time)]

    async def tell(
        self,
        backend: ObjectReference,
        uid: str,
        before: Mapping[str, Any],
        after: Mapping[str, Any],
        now: datetime,
    ) -> None:
        """Writes an Event for each thing that the new status tells and the old one did not."""
        for happening in events.event_records(before, after):
            try:
                there = await self._cluster.get(events.event_ref(backend, uid, happening))
                await self._cluster.apply(events.event(backend, uid, happening, there, now))
            except ClusterError as error:
                logger.warning("%s: event %s: %s", backend, happening.reason, error)


def _last_time(body: Mapping[str, Any]) -> str:
    return body.get("lastTimestamp") or body.get("eventTime") or ""
