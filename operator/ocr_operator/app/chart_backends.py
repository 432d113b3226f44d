"""The OCRBackends that the `backends` values of the chart ask for: applied at start, owned by a ConfigMap.

Helm cannot install a CustomResourceDefinition and an object of its kind in one release; so the chart writes a
ConfigMap, and the operator makes the objects. The ConfigMap owns them: where it goes with the release they go
by garbage collection, the operator running or not; where Helm keeps it they stay. `cli` calls it.
"""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ocr_operator.api.names import API_VERSION, GROUP, KIND, ObjectReference
from ocr_operator.cluster.client import Cluster, ClusterError

logger = logging.getLogger(__name__)

RETRY_SECONDS = 5

FILE_LABEL = f"{GROUP}/values-of"
"""On an OCRBackend from the chart's values: name of the ConfigMap that owns it."""

MANAGER = "ocr-operator-values"

Body = dict[str, Any]


@dataclass(frozen=True)
class Source:
    """The ConfigMap that holds the backends, and its content."""

    namespace: str
    config_map: str
    text: str


def wanted(source: Source, owner_uid: str) -> list[Body]:
    """The OCRBackends of a text that maps names to specs, in order of name."""
    specs: Mapping[str, Any] = yaml.safe_load(source.text) or {}
    return [_backend(source, owner_uid, name, specs[name]) for name in sorted(specs)]


def _backend(source: Source, owner_uid: str, name: str, spec: Mapping[str, Any]) -> Body:
    owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": source.config_map, "uid": owner_uid}
    metadata = {
        "name": name,
        "namespace": source.namespace,
        "labels": {FILE_LABEL: source.config_map},
        "ownerReferences": [owner],
    }
    return {"apiVersion": API_VERSION, "kind": KIND, "metadata": metadata, "spec": spec}


def obstacle(source: Source, there: Mapping[str, Any] | None) -> str:
    """Why an OCRBackend of the values cannot be applied over the one that is there; empty if it can."""
    if there is None or there["metadata"].get("labels", {}).get(FILE_LABEL) == source.config_map:
        return ""
    name = there["metadata"]["name"]
    return f"OCRBackend {name} was not made from these values: delete it, or take {name} out of `backends`"


class ChartBackends:
    """The backends in a file (`None`: none), owned by the ConfigMap `owner` (`namespace/name`)."""

    def __init__(self, file: Path | None, owner: str) -> None:
        self._file = file
        self._owner = owner
        self.not_ready = "the backends of the chart's values are not applied yet" if file else ""
        """Why the operator is not ready, or an empty text: refused backends shall fail `helm --wait`."""

    async def apply(self, cluster: Cluster) -> None:
        """Applies and prunes, until the API server has answered for each; what it refuses is logged."""
        if self._file is None:
            return
        namespace, _, name = self._owner.partition("/")
        source = Source(namespace, name, self._file.read_text("utf-8"))
        while (problems := await _try(cluster, source)) is None:
            await asyncio.sleep(RETRY_SECONDS)
        for problem in problems:
            logger.error("%s", problem)
        self.not_ready = "; ".join(problems)


async def _try(cluster: Cluster, source: Source) -> list[str] | None:
    """A sentence for each OCRBackend that was refused; None if the API server has to be asked again."""
    try:
        owner = await cluster.get(ObjectReference("v1", "ConfigMap", source.namespace, source.config_map))
        if owner is None:
            raise ClusterError(404, f"there is no ConfigMap {source.namespace}/{source.config_map}")
        bodies = wanted(source, owner["metadata"]["uid"])
        refused = [said for body in bodies if (said := await _apply_one(cluster, source, body))]
        await _prune(cluster, source, [body["metadata"]["name"] for body in bodies])
    except ClusterError as error:
        logger.warning("backends of the chart's values: %s; again in %d s", error, RETRY_SECONDS)
        return None
    return refused


async def _prune(cluster: Cluster, source: Source, names: list[str]) -> None:
    selector = f"{FILE_LABEL}={source.config_map}"
    for body in await cluster.list(API_VERSION, KIND, source.namespace, selector):
        metadata = body["metadata"]
        if metadata["name"] not in names:
            ref = ObjectReference(API_VERSION, KIND, source.namespace, metadata["name"])
            logger.info("%s: deleting it, the chart's values have it no longer", ref)
            await cluster.delete(ref, metadata["uid"])


async def _apply_one(cluster: Cluster, source: Source, body: Body) -> str:
    """Why the OCRBackend was refused, or an empty text."""
    name = body["metadata"]["name"]
    there = await cluster.get(ObjectReference(API_VERSION, KIND, source.namespace, name))
    if said := obstacle(source, there):
        return said
    try:
        await cluster.apply(body, MANAGER)
    except ClusterError as error:
        if error.status in (400, 403, 422):
            return f"OCRBackend {name} of `backends`: {error.message}"
        raise
    return ""
