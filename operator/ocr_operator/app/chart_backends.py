"""Applies the OCRBackends of the chart's value `backends`, and again when they were changed or deleted.

Helm cannot install a CustomResourceDefinition and an object of its kind in one release. So the chart writes
the specs to a ConfigMap, and the operator applies the objects. The ConfigMap owns them: they are
garbage-collected with it, whether or not the operator runs. `cli` calls this.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ocr_operator.api.names import API_VERSION, GROUP, KIND, ObjectReference
from ocr_operator.cluster.client import Cluster
from ocr_operator.cluster.errors import ClusterError

logger = logging.getLogger(__name__)

RETRY_SECONDS = 5.0
"""Delay after the first failure; it doubles until `CHECK_SECONDS`."""

CHECK_SECONDS = 60.0
"""Interval at which the objects are compared with the values, and at which refused ones are tried again."""

FILE_LABEL = f"{GROUP}/values-of"
"""On an OCRBackend from the chart's values: name of the ConfigMap that owns it."""

MANAGER = "ocr-operator-values"

_NOT_APPLIED = "the chart's value `backends` is not applied yet"

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


def matches(desired: Any, existing: Any) -> bool:
    """Whether an object has every field of the desired one with its value; it may have more fields."""
    if isinstance(desired, Mapping):
        return isinstance(existing, Mapping) and all(
            matches(desired[name], existing.get(name)) for name in desired
        )
    if isinstance(desired, list):
        is_list = isinstance(existing, list) and len(existing) == len(desired)
        return is_list and all(map(matches, desired, existing))
    return bool(desired == existing)


class ChartBackends:
    """The OCRBackends in a file (`None`: none), owned by the ConfigMap `owner` (`namespace/name`).

    `acquire`: whether this process may write in a namespace. A standby does not write: it asks the API server
    whether it would accept the objects, so that it is not ready either if they are refused.
    """

    def __init__(self, file: Path | None, owner: str, acquire: Callable[[str], Awaitable[bool]]) -> None:
        self._file = file
        self._owner = owner
        self._acquire = acquire
        self._leads = self._is_applied = False
        self._wake = asyncio.Event()
        self.not_ready_reason = _NOT_APPLIED if file else ""
        """Why the operator is not ready, or an empty text: `helm --wait` must fail if one is refused."""

    def lead(self) -> None:
        """This process has become the leader: it applies the objects at once."""
        self._leads = True
        self.not_ready_reason = _NOT_APPLIED if self._file else ""
        self._wake.set()

    async def run(self, cluster: Cluster) -> None:
        """Applies and prunes the OCRBackends and keeps them as they are in the file, without end."""
        if self._file is None:
            return
        namespace, _, name = self._owner.partition("/")
        source = Source(namespace, name, self._file.read_text("utf-8"))
        delay = RETRY_SECONDS
        while True:
            self._wake.clear()
            is_settled = await self._reconcile(cluster, source)
            await self._sleep(CHECK_SECONDS if is_settled else delay)
            delay = RETRY_SECONDS if is_settled else min(delay * 2, CHECK_SECONDS)

    async def _sleep(self, seconds: float) -> None:
        """Sleeps until the time is over or this process becomes the leader."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), seconds)

    async def _reconcile(self, cluster: Cluster, source: Source) -> bool:
        """Whether the API server has answered and refused nothing."""
        leads = self._leads
        if leads and not await self._acquire(source.namespace):
            return False
        try:
            problems = await _Attempt(cluster, source, leads, self._is_applied).problems()
        except ClusterError as error:
            logger.warning("the chart's value `backends`: %s; retrying", error)
            return False
        if leads is self._leads:
            self._note(problems)
        return not problems

    def _note(self, problems: list[str]) -> None:
        self._is_applied = self._leads
        reason = "; ".join(problems)
        if reason and reason != self.not_ready_reason:
            logger.error("%s", reason)
        self.not_ready_reason = reason


@dataclass(frozen=True)
class _Attempt:
    """One attempt to apply the OCRBackends. `is_applied`: only those that differ have to be applied again."""

    cluster: Cluster
    source: Source
    writes: bool
    is_applied: bool

    async def problems(self) -> list[str]:
        """Why OCRBackends were refused, one text for each.

        Raises:
            ClusterError: the attempt has to be repeated.
        """
        source = self.source
        owner = await self.cluster.get(
            ObjectReference("v1", "ConfigMap", source.namespace, source.config_map)
        )
        if owner is None:
            raise ClusterError(404, f"ConfigMap {source.namespace}/{source.config_map} not found")
        bodies = desired_backends(source, owner["metadata"]["uid"])
        refusals = [await self._apply(body) for body in bodies]
        if self.writes:
            await _prune(self.cluster, source, [body["metadata"]["name"] for body in bodies])
        return [refusal for refusal in refusals if refusal]

    async def _apply(self, body: Body) -> str:
        """Why the OCRBackend was refused, or an empty text."""
        name = body["metadata"]["name"]
        ref = ObjectReference(API_VERSION, KIND, self.source.namespace, name)
        existing = await self.cluster.get(ref)
        if conflict := ownership_conflict(self.source, existing):
            return conflict
        if self.is_applied and matches(body, existing):
            return ""
        apply = self.cluster.apply if self.writes else self.cluster.try_apply
        try:
            await apply(body, MANAGER)
        except ClusterError as error:
            if error.status in _REFUSED:
                return f"OCRBackend {name} of `backends`: {error.message}"
            raise
        return ""


async def _prune(cluster: Cluster, source: Source, names: list[str]) -> None:
    selector = f"{FILE_LABEL}={source.config_map}"
    for body in await cluster.list(API_VERSION, KIND, source.namespace, selector):
        metadata = body["metadata"]
        if metadata["name"] not in names:
            ref = ObjectReference(API_VERSION, KIND, source.namespace, metadata["name"])
            logger.info("%s: deleting it, the chart's values no longer contain it", ref)
            await cluster.delete(ref, metadata["uid"])
