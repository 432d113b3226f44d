"""Reads Events of type Warning; they are listed when needed, never watched."""

import asyncio
import logging
from collections.abc import Iterable, Mapping
from typing import Any

from ocr_operator.cluster.client import Cluster
from ocr_operator.cluster.errors import ClusterError
from ocr_operator.observed.warning_events import WarningEvent, warning_event

logger = logging.getLogger(__name__)


async def warning_events(cluster: Cluster, namespace: str, names: Iterable[str]) -> tuple[WarningEvent, ...]:
    """Warnings about the objects of these names, oldest first for each.

    Events that cannot be read are logged and left out.
    """
    warnings = await asyncio.gather(*(_warnings(cluster, namespace, name) for name in sorted(names)))
    return tuple(warning for warnings_of_object in warnings for warning in warnings_of_object)


async def _warnings(cluster: Cluster, namespace: str, name: str) -> list[WarningEvent]:
    fields = f"type=Warning,involvedObject.name={name}"
    try:
        bodies = await cluster.list("v1", "Event", namespace, fields=fields)
    except ClusterError as error:
        logger.warning("events of %s/%s cannot be listed: %s", namespace, name, error)
        return []
    return [warning_event(body) for body in sorted(bodies, key=_last_time)]


def _last_time(body: Mapping[str, Any]) -> str:
    return body.get("lastTimestamp") or body.get("eventTime") or ""
