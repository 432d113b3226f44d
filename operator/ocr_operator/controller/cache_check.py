"""Compares what has been seen by watching with what the API server has, and tells the watchdog.

Nothing else notices a watch that ended without an error. Differences that stay make the process unfit, and
the kubelet starts another. `handlers` runs it beside the workers.
"""

import asyncio
import logging
from collections.abc import Mapping
from typing import Protocol

from ocr_operator.api.names import API_VERSION, INSTANCE_LABEL, KIND, SELECTOR, NamespacedName
from ocr_operator.cluster.client import Cluster, ClusterError
from ocr_operator.cluster.optional_apis import OPTIONAL_KINDS
from ocr_operator.controller.reconciler import CHILD_KINDS
from ocr_operator.controller.watchdog import GRACE_SECONDS, Watchdog, missed, unseen_ends

logger = logging.getLogger(__name__)

_OURS = f"{SELECTOR},{INSTANCE_LABEL}"

WATCHED_KINDS = (
    (API_VERSION, KIND, ""),
    *((*kind, _OURS) for kind in CHILD_KINDS if kind not in OPTIONAL_KINDS),
    ("v1", "Pod", _OURS),
)
"""API version, kind, and the labels of what the indices keep; none that may come after the watches began."""

FORBIDDEN, NOT_FOUND = 403, 404


class Seen(Protocol):
    """What watching has shown."""

    def versions(self, kind: str) -> Mapping[NamespacedName, int]:
        """Every object of a kind with its resourceVersion, 0 where that is not kept."""


class CacheVerifier:
    """Audits the kinds in these namespaces; none: in all."""

    def __init__(
        self,
        cluster: Cluster,
        seen: Seen,
        watchdog: Watchdog,
        namespaces: tuple[str, ...],
        grace: float = GRACE_SECONDS,
    ) -> None:
        self._cluster = cluster
        self._seen = seen
        self._places: tuple[str | None, ...] = namespaces or (None,)
        self._grace = grace
        self.watchdog = watchdog

    async def run(self) -> None:
        """Audits three times in the time after which a kind counts as stale, for ever."""
        self.watchdog.begin(kind for _, kind, _ in WATCHED_KINDS)
        await asyncio.gather(*(self._audit_for_ever(*kind) for kind in WATCHED_KINDS))

    async def _audit_for_ever(self, api_version: str, kind: str, selector: str) -> None:
        """A kind on its own: one for which events are waited for must not make the others stale."""
        while True:
            await asyncio.sleep(self.watchdog.limit / 3)
            await self._audit(api_version, kind, selector)

    async def _audit(self, api_version: str, kind: str, selector: str) -> None:
        try:
            wrong = await self.differences(api_version, kind, selector)
        except ClusterError as error:
            logger.warning("could not list %s to see whether watching works: %s", kind, error)
            return
        if wrong:
            names = ", ".join(sorted(f"{key.namespace}/{key.name}" for key in wrong)[:5])
            logger.error("%s: no event has told of %d changes: %s", kind, len(wrong), names)
        else:
            self.watchdog.alive(kind)

    async def differences(self, api_version: str, kind: str, selector: str) -> set[NamespacedName]:
        """Objects whose newest state no event has shown, though there was time for one."""
        before = set(self._seen.versions(kind))
        listed: dict[NamespacedName, int] = {}
        for place in self._places:
            listed |= await self._list(api_version, kind, place, selector)
        if not self._compare(kind, before, listed):
            return set()
        await asyncio.sleep(self._grace)
        return self._compare(kind, before, listed)

    async def _list(
        self, api_version: str, kind: str, place: str | None, selector: str
    ) -> dict[NamespacedName, int]:
        """Nothing where the kind is not served, or the namespace has gone and our rights with it."""
        try:
            found = await self._cluster.versions(api_version, kind, place, selector)
        except ClusterError as error:
            if error.status in (FORBIDDEN, NOT_FOUND):
                logger.warning("%s is not watched in %s: %s", kind, place or "any namespace", error)
                return {}
            raise
        return {NamespacedName(*name): version for name, version in found.items()}

    def _compare(
        self, kind: str, before: set[NamespacedName], listed: Mapping[NamespacedName, int]
    ) -> set[NamespacedName]:
        seen = self._seen.versions(kind)
        if kind == "Pod":
            listed = dict.fromkeys(listed, 0)
        return missed(listed, seen) | unseen_ends(before, listed, seen)
