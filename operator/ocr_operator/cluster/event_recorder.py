"""Writes the Events of OCRBackends. An Event that cannot be written is logged and changes nothing else."""

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ocr_operator.cluster.client import Cluster
from ocr_operator.cluster.errors import ClusterError
from ocr_operator.status import events
from ocr_operator.status.events import InvolvedObject

logger = logging.getLogger(__name__)


class EventRecorder:
    """Records an Event for each change of a status that users should hear of."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    async def record(
        self,
        involved: InvolvedObject,
        previous: Mapping[str, Any],
        status: Mapping[str, Any],
        now: datetime,
    ) -> None:
        """Writes the Events that the difference between two statuses calls for."""
        for event_record in events.event_records(previous, status):
            try:
                existing = await self._cluster.get(events.event_ref(involved, event_record))
                await self._cluster.apply(events.event(involved, event_record, existing, now))
            except ClusterError as error:
                logger.warning("%s: event %s not written: %s", involved.ref, event_record.reason, error)
