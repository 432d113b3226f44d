"""The Event about a release's Lease that says which namespace it leaves to another operator.

Not fenced: a release without any claim has to say so too.
"""

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from ocr_operator.api.conditions import timestamp
from ocr_operator.api.names import FIELD_MANAGER, ObjectReference
from ocr_operator.api.revision import digest
from ocr_operator.cluster.client import Cluster
from ocr_operator.cluster.errors import ClusterError

logger = logging.getLogger(__name__)

REASON = "NamespaceManagedElsewhere"

_CONFLICT = 409


def refused_event(
    lease: ObjectReference, uid: str, namespace: str, manager: str, now: datetime
) -> dict[str, Any]:
    """The core v1 Event about the Lease of a release; its name is the same for the same refusal."""
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {
            "name": f"{lease.name}.{digest([uid, namespace, manager])}",
            "namespace": lease.namespace,
        },
        "involvedObject": {
            "apiVersion": lease.api_version,
            "kind": lease.kind,
            "namespace": lease.namespace,
            "name": lease.name,
            "uid": uid,
        },
        "type": "Warning",
        "reason": REASON,
        "message": f"namespace {namespace} is managed by the operator {manager}",
        "source": {"component": FIELD_MANAGER},
        "reportingComponent": FIELD_MANAGER,
        "firstTimestamp": timestamp(now),
        "lastTimestamp": timestamp(now),
        "count": 1,
    }


class ClaimEvents:
    """Writes that Event. If it cannot be written, that is logged and changes nothing else."""

    def __init__(
        self,
        cluster: Cluster,
        lease: ObjectReference,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._cluster = cluster
        self._lease = lease
        self._now = now

    async def refused(self, namespace: str, manager: str) -> None:
        """Another operator manages the namespace."""
        try:
            lease = await self._cluster.get(self._lease)
            if lease is not None:
                uid = lease["metadata"]["uid"]
                await self._cluster.create(refused_event(self._lease, uid, namespace, manager, self._now()))
        except ClusterError as error:
            if error.status != _CONFLICT:
                logger.warning("namespace %s: event %s not written: %s", namespace, REASON, error)
