"""Compares the informer cache with lists from the API server and reports the result to the watchdog.

Nothing else notices a watch that ended without an error. Differences that stay fail the liveness probe, and
the kubelet restarts the process. `workers` runs the check.
"""

import asyncio
import logging
from collections.abc import Mapping
from typing import Protocol

from ocr_operator.api.managed_kinds import MANAGED_KINDS, OPTIONAL_KINDS
from ocr_operator.api.names import API_VERSION, INSTANCE_LABEL, KIND, SELECTOR, NamespacedName
from ocr_operator.cluster.client import Cluster
from ocr_operator.cluster.errors import ClusterError
from ocr_operator.controller.watchdog import EVENT_DELAY_SECONDS, Watchdog, missed_changes, missed_deletions

logger = logging.getLogger(__name__)

_MANAGED_SELECTOR = f"{SELECTOR},{INSTANCE_LABEL}"

WATCHED_KINDS = (
    (API_VERSION, KIND, ""),
    *((*kind, _MANAGED_SELECTOR) for kind in MANAGED_KINDS if kind not in OPTIONAL_KINDS),
    ("v1", "Pod", _MANAGED_SELECTOR),
)
"""API version, kind and label selector of what the cache holds, without the kinds that may be absent."""

_FORBIDDEN, _NOT_FOUND = 403, 404


class Cache(Protocol):
    """What the watches have reported."""

    def versions(self, kind: str) -> Mapping[NamespacedName, int]:
        """The resourceVersion of every object of a kind, 0 if it is not kept."""


class CacheVerifier:
    """Checks the kinds in these namespaces, or in all if there are none."""

    def __init__(
        self,
        cluster: Cluster,
        cache: Cache,
        watchdog: Watchdog,
        namespaces: tuple[str, ...],
        event_delay: float = EVENT_DELAY_SECONDS,
    ) -> None:
        self._cluster = cluster
        self._cache = cache
        self._namespaces: tuple[str | None, ...] = namespaces or (None,)
        self._event_delay = event_delay
        self.watchdog = watchdog

    async def run(self) -> None:
        """Checks three times within the time after which a kind counts as stale, without end."""
        self.watchdog.begin(kind for _, kind, _ in WATCHED_KINDS)
        await asyncio.gather(*(self._run(*kind) for kind in WATCHED_KINDS))

    async def _run(self, api_version: str, kind: str, selector: str) -> None:
        """Each kind has its own loop: waiting for the events of one must not make the others stale."""
        while True:
            await asyncio.sleep(self.watchdog.stale_seconds / 3)
            await self._check(api_version, kind, selector)

    async def _check(self, api_version: str, kind: str, selector: str) -> None:
        try:
            differences = await self.differences(api_version, kind, selector)
        except ClusterError as error:
            logger.warning("%s cannot be listed to verify the watch: %s", kind, error)
            self.watchdog.could_not_verify(kind)
            return
        if differences:
            names = ", ".join(sorted(f"{key.namespace}/{key.name}" for key in differences)[:5])
            logger.error("%s: watch missed %d changes: %s", kind, len(differences), names)
        else:
            self.watchdog.verified(kind)

    async def differences(self, api_version: str, kind: str, selector: str) -> set[NamespacedName]:
        """Objects whose newest version is not in the cache although its event has had time to arrive."""
        before = set(self._cache.versions(kind))
        listed: dict[NamespacedName, int] = {}
        for namespace in self._namespaces:
            listed |= await self._list(api_version, kind, namespace, selector)
        if not self._compare(kind, before, listed):
            return set()
        await asyncio.sleep(self._event_delay)
        return self._compare(kind, before, listed)

    async def _list(
        self, api_version: str, kind: str, namespace: str | None, selector: str
    ) -> dict[NamespacedName, int]:
        """The versions from the API server, or the cached ones where the kind is not served.

        A namespace that was deleted with our rights in it has no objects. With objects, a refusal raises: the
        rights were lost, or the API server has just started.
        """
        try:
            versions = await self._cluster.versions(api_version, kind, namespace, selector)
        except ClusterError as error:
            cached = self._cached(kind, namespace)
            if error.status == _NOT_FOUND or (error.status == _FORBIDDEN and not cached):
                logger.warning("%s is not watched in %s: %s", kind, namespace or "any namespace", error)
                return cached
            raise
        return {NamespacedName(*name): version for name, version in versions.items()}

    def _cached(self, kind: str, namespace: str | None) -> dict[NamespacedName, int]:
        versions = self._cache.versions(kind)
        return {key: version for key, version in versions.items() if namespace in (None, key.namespace)}

    def _compare(
        self, kind: str, before: set[NamespacedName], listed: Mapping[NamespacedName, int]
    ) -> set[NamespacedName]:
        cached = self._cache.versions(kind)
        if kind == "Pod":
            listed = dict.fromkeys(listed, 0)
        return missed_changes(listed, cached) | missed_deletions(before, listed, cached)
