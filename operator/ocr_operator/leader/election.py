"""Acquires, renews and releases the Lease. `lease` has the rules, `cli` runs it.

A leader that cannot reach the API server keeps its title, but its fence stops its writes. It leads again once
the API server is back, if no other candidate took the Lease meanwhile: a restart of the API server needs no
restart of the operator.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ocr_operator.api.names import ObjectReference
from ocr_operator.cluster.client import Cluster
from ocr_operator.cluster.errors import ClusterError
from ocr_operator.leader import lease
from ocr_operator.leader.lease import Clock, Fence, LeaseObserver

logger = logging.getLogger(__name__)

_CONFLICT, _NOT_FOUND = 409, 404


@dataclass(frozen=True)
class LeaseLock:
    """The Lease `ref` and the candidate that wants it; `identity` is unique among all processes.

    `owner`: an object in the same namespace; the Lease is garbage-collected with it.
    """

    ref: ObjectReference
    identity: str
    owner: ObjectReference | None = None


class Election:
    """One candidate for one Lease. Acquiring the Lease opens the fence."""

    def __init__(
        self,
        cluster: Cluster,
        lock: LeaseLock,
        fence: Fence,
        clock: Clock = lease.boot_seconds,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._cluster = cluster
        self._lock = lock
        self._fence = fence
        self._clock = clock
        self._now = now
        self._observer = LeaseObserver(clock)
        self._held: dict[str, Any] | None = None
        self.leader = ""
        """Identity of the last known leader; empty if none is known yet."""

    async def acquire(self) -> None:
        """Waits until this candidate holds the Lease."""
        while not await self._try_to_acquire():
            await asyncio.sleep(lease.RETRY_SECONDS)
        self.leader = self._lock.identity
        logger.info("leading as %s", self._lock.identity)

    async def renew(self) -> None:
        """Renews the Lease until another candidate holds it."""
        while True:
            await asyncio.sleep(lease.RETRY_SECONDS)
            if await self._try_to_renew():
                continue
            self._fence.close()
            self._held = None
            logger.error("lost lease %s/%s; current holder: %s", *self._lock.ref[2:], self.leader or "none")
            return

    async def release(self) -> None:
        """Stops writes at once and lets the next candidate lead without waiting."""
        self._fence.close()
        if self._held is None or not await self._is_still_held(self._held):
            return
        try:
            async with asyncio.timeout(lease.CALL_SECONDS):
                await self._cluster.replace(lease.released(self._held, self._now()))
            logger.info("lease released")
        except (ClusterError, TimeoutError) as error:
            logger.warning("lease not released, it will expire: %s", error)
        self._held = None

    async def _try_to_acquire(self) -> bool:
        try:
            async with asyncio.timeout(lease.CALL_SECONDS):
                return await self._acquire_if_free()
        except (ClusterError, TimeoutError) as error:
            logger.info("lease not acquired: %s; retrying in %.0f s", error, lease.RETRY_SECONDS)
            return False

    async def _acquire_if_free(self) -> bool:
        current = await self._cluster.get(self._lock.ref)
        if current is not None and not self._observer.is_free(current):
            self._note_leader(current)
            return False
        requested = self._clock()
        self._held = await self._write(current)
        self._fence.open_from(requested)
        return True

    async def _write(self, current: dict[str, Any] | None) -> dict[str, Any]:
        owner = await self._cluster.get(self._lock.owner) if self._lock.owner else None
        if current is None:
            _, _, namespace, name = self._lock.ref
            body = lease.new(namespace, name, self._lock.identity, self._now())
            return await self._cluster.create(lease.owned(body, owner))
        # The body has the resourceVersion: if two candidates write at once, one gets a conflict.
        body = lease.acquired(current, self._lock.identity, self._now())
        return await self._cluster.replace(lease.owned(body, owner))

    def _note_leader(self, current: dict[str, Any]) -> None:
        if current["spec"]["holderIdentity"] != self.leader:
            self.leader = current["spec"]["holderIdentity"]
            logger.info("standing by; leader: %s", self.leader)

    async def _try_to_renew(self) -> bool:
        """False if the Lease is lost; True also if that cannot be known now."""
        if self._held is None:
            return False
        requested = self._clock()
        try:
            async with asyncio.timeout(lease.CALL_SECONDS):
                self._held = await self._cluster.replace(lease.renewed(self._held, self._now()))
        except (ClusterError, TimeoutError) as error:
            if isinstance(error, ClusterError) and error.status in (_CONFLICT, _NOT_FOUND):
                return await self._is_still_held(self._held)
            logger.warning("lease not renewed: %s", str(error) or "no response in time")
            return True
        self._fence.open_from(requested)
        return True

    async def _is_still_held(self, held: dict[str, Any]) -> bool:
        try:
            async with asyncio.timeout(lease.CALL_SECONDS):
                current = await self._cluster.get(self._lock.ref)
        except (ClusterError, TimeoutError):
            return True
        self.leader = (current or {}).get("spec", {}).get("holderIdentity", "")
        if current is None or not lease.is_same_hold(held, current):
            return False
        self._held = current
        return True
