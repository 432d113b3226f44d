"""The OCRBackends that the chart's `backends` values ask for: applied at start, owned by the chart's ConfigMap.

Helm cannot install a CustomResourceDefinition and an object of its kind in one release; so the chart writes a
ConfigMap, and the operator makes the objects. The ConfigMap owns them: with the release they go by garbage
collection, the operator running or not. `cli` calls it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from ocr_operator.cluster import Cluster, ClusterError
from ocr_operator.names import API_VERSION, GROUP, KIND, Ref

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


def left_over(source: Source, there: Iterable[Mapping[str, Any]], names: Iterable[str]) -> list[Ref]:
    """OCRBackends that earlier values asked for and these do not."""
    kept = set(names)
    found = (body["metadata"]["name"] for body in there)
    return [Ref(API_VERSION, KIND, source.namespace, name) for name in found if name not in kept]


async def apply(cluster: Cluster, source: Source) -> list[str]:
    """Applies and prunes; answers a sentence for each OCRBackend that could not be made as asked.

    Raises:
        ClusterError: the API server could not be asked, or the ConfigMap is gone.
    """
    owner = await cluster.get(Ref("v1", "ConfigMap", source.namespace, source.config_map))
    if owner is None:
        raise ClusterError(404, f"there is no ConfigMap {source.namespace}/{source.config_map}")
    bodies = wanted(source, owner["metadata"]["uid"])
    problems = [await _apply_one(cluster, source, body) for body in bodies]
    selector = f"{FILE_LABEL}={source.config_map}"
    there = await cluster.list(API_VERSION, KIND, source.namespace, selector)
    uids = {body["metadata"]["name"]: body["metadata"]["uid"] for body in there}
    for ref in left_over(source, there, [body["metadata"]["name"] for body in bodies]):
        await cluster.delete(ref, uids[ref.name])
    return [problem for problem in problems if problem]


async def _apply_one(cluster: Cluster, source: Source, body: Body) -> str:
    name = body["metadata"]["name"]
    there = await cluster.get(Ref(API_VERSION, KIND, source.namespace, name))
    if said := obstacle(source, there):
        return said
    try:
        await cluster.apply(body, MANAGER)
    except ClusterError as error:
        if error.status in (400, 403, 422):
            return f"OCRBackend {name} of `backends`: {error.message}"
        raise
    return ""
