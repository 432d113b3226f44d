"""Reads Events of type Warning; they are listed when needed, never watched."""

import logging
from collections.abc import Iterable, Mapping
from typing import Any

from ocr_operator.cluster.client import Cluster
from ocr_operator.cluster.errors import ClusterError
from ocr_operator.observed.warning_events import WarningEvent, warning_event

logger = logging.getLogger(__name__)


async def warning_events(cluster: Cluster, namespace: str, names: Iterable[str]) -> tuple[WarningEvent, ...]:
    """Warnings about the objects of these names, oldest first for each; they are read by one request.

    Events that cannot be read are logged and left out.
    """
    names = frozenset(names)
    if not names:
        return ()
    try:
        bodies = await cluster.list("v1", "Event", namespace, fields=_field_selector(names))
    except ClusterError as error:
        logger.warning("events of namespace %s cannot be listed: %s", namespace, error)
        return ()
    about = [body for body in bodies if body["involvedObject"].get("name") in names]
    return tuple(warning_event(body) for body in sorted(about, key=_name_and_time))


def _field_selector(names: frozenset[str]) -> str:
    """A field selector has no "or"; and the API server reads all Events of the namespace for each request."""
    only = f",involvedObject.name={next(iter(names))}" if len(names) == 1 else ""
    return f"type=Warning{only}"


def _name_and_time(body: Mapping[str, Any]) -> tuple[str, str]:
    return body["involvedObject"]["name"], body.get("lastTimestamp") or body.get("eventTime") or ""
