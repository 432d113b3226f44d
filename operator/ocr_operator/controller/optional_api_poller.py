"""Polls optional kinds that the API server did not serve when kopf started.

kopf watches them after a restart. It could find new kinds by itself, but needs cluster-wide rights for that,
which an operator of single namespaces does not have. `workers` runs the poller.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping

from ocr_operator.api.managed_kinds import OPTIONAL_KINDS
from ocr_operator.api.names import INSTANCE_LABEL, SELECTOR, GroupVersionKind, NamespacedName
from ocr_operator.cluster.client import Cluster
from ocr_operator.cluster.errors import ClusterError
from ocr_operator.cluster.optional_apis import FRESH_SECONDS, OptionalApis

logger = logging.getLogger(__name__)

_MANAGED_SELECTOR = f"{SELECTOR},{INSTANCE_LABEL}"

Versions = dict[NamespacedName, int]


class OptionalApiPoller:
    """Finds changes of optional kinds.

    `backends`: all OCRBackends. `objects_of`: each object of a kind that this process applied, with its
    OCRBackend. Other objects have the name of theirs.

    A new API is noticed within 30 s (an answer is kept for 15 s and polled every 15 s), a change of an object
    within 15 s.
    """

    def __init__(
        self,
        cluster: Cluster,
        optional_apis: OptionalApis,
        backends: Callable[[], Iterable[NamespacedName]],
        objects_of: Callable[[GroupVersionKind], Mapping[NamespacedName, NamespacedName]],
        namespaces: tuple[str, ...],
    ) -> None:
        self._cluster = cluster
        self._optional_apis = optional_apis
        self._backends = backends
        self._objects_of = objects_of
        self._namespaces: tuple[str | None, ...] = namespaces or (None,)
        self._unwatched: frozenset[GroupVersionKind] = frozenset()
        self._versions: dict[GroupVersionKind, Versions] = {}

    async def find_absent(self) -> None:
        """Notes which kinds are absent; called just before kopf finds out which ones it can watch."""
        try:
            self._unwatched = await self._optional_apis.absent(OPTIONAL_KINDS)
        except ClusterError as error:
            logger.warning("optional APIs could not be discovered, polling all of them: %s", error)
            self._unwatched = OPTIONAL_KINDS

    async def run(self, reconcile: Callable[[NamespacedName], None]) -> None:
        """Calls `reconcile` for each OCRBackend that a change concerns, without end."""
        while self._unwatched:
            await asyncio.sleep(FRESH_SECONDS)
            for key in await self.changed():
                reconcile(key)

    async def changed(self) -> set[NamespacedName]:
        """OCRBackends to reconcile: a kind was installed or removed, or an object of one has changed."""
        keys: set[NamespacedName] = set()
        for kind in sorted(self._unwatched):
            try:
                keys |= await self._changed(kind)
            except ClusterError as error:
                logger.warning("%s cannot be listed: %s", kind.kind, error)
        return keys

    async def _changed(self, kind: GroupVersionKind) -> set[NamespacedName]:
        before = self._versions.get(kind)
        if await self._optional_apis.absent([kind]):
            self._versions.pop(kind, None)
            return set(self._backends()) if before is not None else set()
        now = self._versions[kind] = await self._list(kind)
        if before is None:
            logger.info("%s of %s is now served", kind.kind, kind.api_version)
            return set(self._backends())
        changed = {name for name in before.keys() | now.keys() if before.get(name) != now.get(name)}
        applied = self._objects_of(kind)
        # An object that was created and deleted between two lists is in neither.
        missing = applied.keys() - now.keys()
        return {applied.get(name, name) for name in changed | missing}

    async def _list(self, kind: GroupVersionKind) -> Versions:
        versions: Versions = {}
        for namespace in self._namespaces:
            listed = await self._cluster.versions(*kind, namespace, _MANAGED_SELECTOR)
            versions |= {NamespacedName(*name): version for name, version in listed.items()}
        return versions
