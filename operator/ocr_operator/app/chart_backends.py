"""Applies the OCRBackends of the chart's value `backends` at start.

Helm cannot install a CustomResourceDefinition and an object of its kind in one release. So the chart writes
the specs to a ConfigMap, and the operator applies the objects. The ConfigMap owns them: they are
garbage-collected with it, whether or not the operator runs. `cli` calls this.
"""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ocr_operator.api.names import API_VERSION, GROUP, KIND, ObjectReference
from ocr_operator.cluster.client import Cluster
from ocr_operator.cluster.errors import ClusterError

logger = logging.getLogger(__name__)

RETRY_SECONDS = 5

FILE_LABEL = f"{GROUP}/values-of"
"""On an OCRBackend from the chart's values: name of the ConfigMap that owns it."""

MANAGER = "ocr-operator-values"

_REFUSED = (400, 403, 422)

Body = dict[str, Any]


@dataclass(frozen=True)
class Source:
    """The ConfigMap that holds the OCRBackends, and its text: names to specs, as YAML."""

    namespace: str
    config_map: str
    text: str


def desired_backends(source: Source, owner_uid: str) -> list[Body]:
    """The OCRBackends of the ConfigMap, in order of name."""
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


def ownership_conflict(source: Source, existing: Mapping[str, Any] | None) -> str:
    """Why an OCRBackend of the values must not replace the existing one; empty if it may."""
    if existing is None or existing["metadata"].get("labels", {}).get(FILE_LABEL) == source.config_map:
        return ""
    name = existing["metadata"]["name"]
    advice = f"delete it, or remove {name} from `backends`"
    return f"OCRBackend {name} exists, but not from these values: {advice}"


class ChartBackends:
    """The OCRBackends in a file (`None`: none), owned by the ConfigMap `owner` (`namespace/name`)."""

    def __init__(self, file: Path | None, owner: str) -> None:
        self._file = file
        self._owner = owner
        self.not_ready_reason = "the chart's value `backends` is not applied yet" if file else ""
        """Why the operator is not ready, or an empty text: `helm --wait` must fail if one is refused."""

    async def apply(self, cluster: Cluster) -> None:
        """Applies and prunes the OCRBackends, with retries; logs those that the API server refuses."""
        if self._file is None:
            return
        namespace, _, name = self._owner.partition("/")
        source = Source(namespace, name, self._file.read_text("utf-8"))
        while (problems := await _try_to_apply(cluster, source)) is None:
            await asyncio.sleep(RETRY_SECONDS)
        for problem in problems:
            logger.error("%s", problem)
        self.not_ready_reason = "; ".join(problems)


async def _try_to_apply(cluster: Cluster, source: Source) -> list[str] | None:
    """Why OCRBackends were refused, one text for each; None if the attempt has to be repeated."""
    try:
        owner = await cluster.get(ObjectReference("v1", "ConfigMap", source.namespace, source.config_map))
        if owner is None:
            raise ClusterError(404, f"ConfigMap {source.namespace}/{source.config_map} not found")
        bodies = desired_backends(source, owner["metadata"]["uid"])
        refusals = [await _apply_one(cluster, source, body) for body in bodies]
        await _prune(cluster, source, [body["metadata"]["name"] for body in bodies])
    except ClusterError as error:
        logger.warning("the chart's value `backends`: %s; retrying in %d s", error, RETRY_SECONDS)
        return None
    return [refusal for refusal in refusals if refusal]


async def _prune(cluster: Cluster, source: Source, names: list[str]) -> None:
    selector = f"{FILE_LABEL}={source.config_map}"
    for body in await cluster.list(API_VERSION, KIND, source.namespace, selector):
        metadata = body["metadata"]
        if metadata["name"] not in names:
            ref = ObjectReference(API_VERSION, KIND, source.namespace, metadata["name"])
            logger.info("%s: deleting it, the chart's values no longer contain it", ref)
            await cluster.delete(ref, metadata["uid"])


async def _apply_one(cluster: Cluster, source: Source, body: Body) -> str:
    """Why the OCRBackend was refused, or an empty text."""
    name = body["metadata"]["name"]
    existing = await cluster.get(ObjectReference(API_VERSION, KIND, source.namespace, name))
    if conflict := ownership_conflict(source, existing):
        return conflict
    try:
        await cluster.apply(body, MANAGER)
    except ClusterError as error:
        if error.status in _REFUSED:
            return f"OCRBackend {name} of `backends`: {error.message}"
        raise
    return ""
