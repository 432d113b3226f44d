"""Writes the Events of OCRBackends. An Event that cannot be written is logged and changes nothing else.

Events of one OCRBackend are limited: a state that changes all the time must not fill etcd. The status has it.
"""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from ocr_operator.cluster.client import Cluster
from ocr_operator.cluster.errors import ClusterError
from ocr_operator.status import events
from ocr_operator.status.events import InvolvedObject

logger = logging.getLogger(__name__)


MAX_EVENTS_PER_MINUTE = 25
"""Of one OCRBackend. Enough for a first problem and a recovery of each of its variants."""

_MINUTE = timedelta(minutes=1)


class EventLimit:
    """Counts Events by the uid of the object that they are about."""

    def __init__(self, per_minute: int = MAX_EVENTS_PER_MINUTE) -> None:
        self._per_minute = per_minute
        self._times: dict[str, list[datetime]] = {}

    def allows(self, uid: str, now: datetime) -> bool:
        """Whether one more Event may be written now; it is counted then."""
        recent = {key: [time for time in times if now - time < _MINUTE] for key, times in self._times.items()}
        self._times = {key: times for key, times in recent.items() if times}
        times = self._times.setdefault(uid, [])
        if len(times) >= self._per_minute:
            return False
        times.append(now)
        return True


class EventRecorder:
    """Records an Event for each change of a status that users should hear of."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._limit = EventLimit()

    async def record(
        self,
        involved: InvolvedObject,
        previous: Mapping[str, Any],
        status: Mapping[str, Any],
        now: datetime,
    ) -> None:
        """Writes the Events that the difference between two statuses calls for."""
        for event_record in events.event_records(previous, status):
            if not self._limit.allows(involved.uid, now):
                logger.warning("%s: too many events, %s not written", involved.ref, event_record.reason)
                continue
            try:
                existing = await self._cluster.get(events.event_ref(involved, event_record))
                await self._cluster.apply(events.event(involved, event_record, existing, now))
            except ClusterError as error:
                logger.warning("%s: event %s not written: %s", involved.ref, event_record.reason, error)
