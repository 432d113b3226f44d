"""Becomes the leader, stays it, and gives the lease back. `lease` has the rules, `cli` starts it.

A leader that cannot reach the API server stays leader in name, and its fence keeps it from writing; if on the
way back nobody has taken its lease, it goes on. So an API server that restarts costs no restart of ours.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from ocr_operator.api.names import ObjectReference
from ocr_operator.cluster.client import Cluster, ClusterError
from ocr_operator.leader import lease
from ocr_operator.leader.lease import Clock, Fence, LeaseObserver

logger = logging.getLogger(__name__)

CONFLICT, NOT_FOUND = 409, 404


class Election:
    """One candidate for one Lease. `identity` is like no other process's; winning opens the fence.

    The Lease goes with its `owner`, an object of the same namespace, where there is one.
    """

    def __init__(
        self,
        cluster: Cluster,
        ref: ObjectReference,
        identity: str,
        fence: Fence,
        clock: Clock = lease.boot_seconds,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        owner: ObjectReference | None = None,
    ) -> None:
        self._cluster = cluster
        self._ref = ref
        self._identity = identity
        self._fence = fence
        self._owner = owner
        self._clock = clock
        self._now = now
        self._sightings = LeaseObserver(clock)
        self._held: dict[str, Any] | None = None
        self.leader = ""
        """Who leads, as last seen; empty: not known yet."""

    async def win(self) -> None:
        """Returns once the lease is ours."""
        while not await self._try_to_take():
            await asyncio.sleep(lease.RETRY_SECONDS)
        self.leader = self._identity
        logger.info("leading as %s", self._identity)

    async def hold(self) -> None:
        """Renews the lease for as long as it is ours; when it returns, somebody else has it."""
        while True:
            await asyncio.sleep(lease.RETRY_SECONDS)
            if not await self._renew():
                self._fence.close()
                self._held = None
                logger.error("the lease %s/%s is lost to %s", *self._ref[2:], self.leader or "nobody")
                return

    async def give_back(self) -> None:
        """Stops writing at once, and lets the next one lead without waiting."""
        self._fence.close()
        if self._held is None or not await self._is_still_ours(self._held):
            return
        try:
            async with asyncio.timeout(lease.CALL_SECONDS):
                await self._cluster.replace(lease.released(self._held, self._now()))
            logger.info("gave the lease back")
        except (ClusterError, TimeoutError) as error:
            logger.warning("could not give the lease back, it runs out: %s", error)
        self._held = None

    async def _try_to_take(self) -> bool:
        try:
            async with asyncio.timeout(lease.CALL_SECONDS):
                there = await self._cluster.get(self._ref)
                if there is not None and not self._sightings.is_free(there):
                    self._see_leader(there)
                    return False
                asked = self._clock()
                self._held = await self._take(there)
        except (ClusterError, TimeoutError) as error:
            logger.info("could not get the lease: %s; again in %.0f s", error, lease.RETRY_SECONDS)
            return False
        self._fence.open_from(asked)
        return True

    async def _take(self, there: dict[str, Any] | None) -> dict[str, Any]:
        owner = await self._cluster.get(self._owner) if self._owner else None
        if there is None:
            _, _, namespace, name = self._ref
            made = lease.new(namespace, name, self._identity, self._now())
            return await self._cluster.create(lease.owned(made, owner))
        # Its resourceVersion goes with it: of two who take it at once, one is refused.
        taken = lease.taken(there, self._identity, self._now())
        return await self._cluster.replace(lease.owned(taken, owner))

    def _see_leader(self, there: dict[str, Any]) -> None:
        if there["spec"]["holderIdentity"] != self.leader:
            self.leader = there["spec"]["holderIdentity"]
            logger.info("standing by, %s leads", self.leader)

    async def _renew(self) -> bool:
        """False when the lease is lost; True also when that cannot be known now."""
        assert self._held is not None
        asked = self._clock()
        try:
            async with asyncio.timeout(lease.CALL_SECONDS):
                self._held = await self._cluster.replace(lease.renewed(self._held, self._now()))
        except (ClusterError, TimeoutError) as error:
            if isinstance(error, ClusterError) and error.status in (CONFLICT, NOT_FOUND):
                return await self._is_still_ours(self._held)
            logger.warning("could not renew the lease: %s", str(error) or "no answer in time")
            return True
        self._fence.open_from(asked)
        return True

    async def _is_still_ours(self, mine: dict[str, Any]) -> bool:
        try:
            async with asyncio.timeout(lease.CALL_SECONDS):
                there = await self._cluster.get(self._ref)
        except (ClusterError, TimeoutError):
            return True
        self.leader = (there or {}).get("spec", {}).get("holderIdentity", "")
        if there is None or not lease.is_same_hold(mine, there):
            return False
        self._held = there
        return True
