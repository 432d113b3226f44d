"""Looks after optional kinds that the cluster got after kopf had begun: kopf watches them after a restart.

Lists them, now and then, for as long as this process lives. `handlers` runs it beside the workers.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable

from ocr_operator.api.names import INSTANCE_LABEL, SELECTOR, GroupVersionKind, NamespacedName
from ocr_operator.cluster.client import Cluster, ClusterError
from ocr_operator.cluster.optional_apis import FRESH_SECONDS, OPTIONAL_KINDS, OptionalApis

logger = logging.getLogger(__name__)

_OURS = f"{SELECTOR},{INSTANCE_LABEL}"

Versions = dict[NamespacedName, int]


class OptionalApiPoller:
    """What has changed of kinds that came late. Their objects have the names of their OCRBackends.

    `written`: the OCRBackends for which this process has made an object of a kind.

    That a kind came is noticed within 30 s (an answer may be remembered for 15 s, and is asked for every
    15 s), what somebody does to its objects within 15 s.
    """

    def __init__(
        self,
        cluster: Cluster,
        optional: OptionalApis,
        backends: Callable[[], Iterable[NamespacedName]],
        written: Callable[[GroupVersionKind], set[NamespacedName]],
        namespaces: tuple[str, ...],
    ) -> None:
        self._cluster = cluster
        self._optional = optional
        self._backends = backends
        self._written = written
        self._places: tuple[str | None, ...] = namespaces or (None,)
        self._late: frozenset[GroupVersionKind] = frozenset()
        self._seen: dict[GroupVersionKind, Versions] = {}

    async def begin(self) -> None:
        """Notes which kinds are not there now, just before kopf sees which ones it can watch."""
        try:
            self._late = await self._optional.absent(OPTIONAL_KINDS)
        except ClusterError as error:
            logger.warning("it is not known which APIs the cluster has: %s", error)
            self._late = OPTIONAL_KINDS

    async def run(self, wake: Callable[[NamespacedName], None]) -> None:
        """Wakes the OCRBackends concerned, for ever."""
        while self._late:
            await asyncio.sleep(FRESH_SECONDS)
            for key in await self.changed():
                wake(key)

    async def changed(self) -> set[NamespacedName]:
        """OCRBackends to look at, since a kind came or went, or an object of it did or is another now."""
        found: set[NamespacedName] = set()
        for kind in sorted(self._late):
            try:
                found |= await self._changed(kind)
            except ClusterError as error:
                logger.warning("%s cannot be listed: %s", kind.kind, error)
        return found

    async def _changed(self, kind: GroupVersionKind) -> set[NamespacedName]:
        before = self._seen.get(kind)
        if await self._optional.absent([kind]):
            self._seen.pop(kind, None)
            return set(self._backends()) if before is not None else set()
        now: Versions = {}
        for place in self._places:
            found = await self._cluster.versions(*kind, place, _OURS)
            now |= {NamespacedName(*name): version for name, version in found.items()}
        self._seen[kind] = now
        if before is None:
            logger.info("the cluster has %s of %s by now", kind.kind, kind.api_version)
            return set(self._backends())
        changed = {key for key in before.keys() | now.keys() if before.get(key) != now.get(key)}
        # One that came and went again between two lists is in neither.
        return changed | (self._written(kind) - now.keys())
