"""Claims on namespaces: a release writes only where it holds the claim, a Lease of a fixed name.

The election has one leader in each release; the claims keep two releases from managing one namespace. All
replicas of a release share one identity, so that a new leader goes on at once. A claim is not released at the
end of a process: it expires, or is garbage-collected with its owner.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ocr_operator.api.names import NAMESPACE_CLAIM, ObjectReference
from ocr_operator.cluster.client import Cluster
from ocr_operator.cluster.errors import ClusterError
from ocr_operator.leader import lease
from ocr_operator.leader.lease import Clock, Fence, LeaseObserver

logger = logging.getLogger(__name__)

_FORBIDDEN = 403

CLAIM_SECONDS = 60
"""How long after the last renewal another release waits before it takes the namespace: the update of an
operator without a standby takes less."""

FENCE_SECONDS = 50.0
"""How long after a renewal the claim allows writes; the rest is for requests on their way."""

RENEW_SECONDS = 10.0
"""Interval at which claims are renewed, and at which those of others are checked."""


class ClaimFences:
    """The time left for writes by namespace: none without the leadership, and none without the claim."""

    def __init__(self, leader: Fence, clock: Clock = lease.boot_seconds) -> None:
        self._leader = leader
        self._clock = clock
        self._fences: dict[str, Fence] = {}

    @property
    def leads(self) -> bool:
        """Whether this process is the leader of its release."""
        return self._leader.seconds_left() > 0

    def claim(self, namespace: str) -> Fence:
        """The fence of the claim alone."""
        return self._fences.setdefault(namespace, Fence(self._clock, FENCE_SECONDS))

    def seconds_left(self, namespace: str) -> float:
        """Seconds within which a write in the namespace must be answered; 0 or less: none may be sent."""
        return min(self._leader.seconds_left(), self.claim(namespace).seconds_left())


@dataclass(frozen=True)
class Claimant:
    """Who claims: the identity of a release, and an object with which its claim is garbage-collected.

    `namespaces`: those that the release names itself. It is of no use without one of them; a namespace in
    which it only finds an OCRBackend may as well belong to another release.
    """

    identity: str
    owner: ObjectReference | None = None
    namespaces: frozenset[str] = frozenset()


def may_take(identity: str, current: lease.Json | None, is_free: bool) -> bool:
    """Whether a release may write the claim: nobody else holds it, or its holder has let it expire."""
    return current is None or is_free or holder_of(current) == identity


def holder_of(claim: lease.Json) -> str:
    """The identity of the release that holds a claim; empty if none does."""
    return str((claim.get("spec") or {}).get("holderIdentity") or "")


def is_lasting(error: Exception, was_held: bool) -> bool:
    """Whether a failed claim needs somebody's help: the right to it is missing.

    If the claim was held before, the namespace was deleted, and the right with it.
    """
    return isinstance(error, ClusterError) and error.status == _FORBIDDEN and not was_held


@dataclass
class _Known:
    """What is known of the claim on one namespace. `problem`: why this release does not hold it, or empty.

    `manager`: identity of the other release that holds it, or empty.
    """

    observer: LeaseObserver
    problem: str = ""
    manager: str = ""
    reported_manager: str = ""
    is_lasting: bool = False
    was_held: bool = False
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


async def _ignore(namespace: str, manager: str) -> None:
    """Nobody listens."""


class NamespaceClaims:
    """The claims of one release. Only its leader writes them; a standby only reads who holds them."""

    def __init__(
        self,
        cluster: Cluster,
        claimant: Claimant,
        fences: ClaimFences,
        clock: Clock = lease.boot_seconds,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._cluster = cluster
        self._claimant = claimant
        self._fences = fences
        self._clock = clock
        self._now = now
        self._known: dict[str, _Known] = {}
        self.on_claimed: Callable[[str], None] = lambda namespace: None
        """Called with a namespace when this process may write in it again, or for the first time."""
        self.on_refused: Callable[[str, str], Awaitable[None]] = _ignore
        """Called on the leader with a namespace and the other operator that manages it, once for each."""

    def not_ready_reason(self) -> str:
        """The namespaces that this release should manage and cannot, each with its reason; empty if none."""
        reasons = [
            known.problem
            for namespace, known in self._known.items()
            if known.is_lasting and (namespace in self._claimant.namespaces or not known.manager)
        ]
        return "; ".join(reasons)

    def managed_elsewhere(self) -> dict[str, str]:
        """The namespaces that other operators manage, each with the identity of its operator."""
        return {namespace: known.manager for namespace, known in self._known.items() if known.manager}

    async def run(self, namespaces: Callable[[], Iterable[str]]) -> None:
        """Acquires and renews the claims on these namespaces and on those of the claimant, without end."""
        while True:
            current = {*self._claimant.namespaces, *namespaces()}
            for namespace in self._known.keys() - current:
                del self._known[namespace]
            await asyncio.gather(*(self.renew(namespace) for namespace in sorted(current)))
            await asyncio.sleep(RENEW_SECONDS if self._fences.leads else lease.RETRY_SECONDS)

    async def acquire(self, namespace: str) -> bool:
        """Whether this process may write in the namespace; claims it unless another operator has it."""
        fence, known = self._fences.claim(namespace), self._known.get(namespace)
        if self._fences.leads and fence.seconds_left() <= 0 and not (known and known.is_lasting):
            await self.renew(namespace)
        return fence.seconds_left() > 0

    async def renew(self, namespace: str) -> None:
        """Acquires or renews the claim on a namespace, and notes why that is not possible."""
        known = self._known.setdefault(namespace, _Known(LeaseObserver(self._clock)))
        async with known.lock:
            before = known.problem
            await self._try_to_renew(namespace, known)
        if known.problem and known.problem != before:
            is_left = known.manager and namespace not in self._claimant.namespaces
            logger.log(logging.WARNING if is_left else logging.ERROR, "%s", known.problem)
        if self._fences.leads and known.manager != known.reported_manager:
            known.reported_manager = known.manager
            if known.manager:
                await self.on_refused(namespace, known.manager)

    async def _try_to_renew(self, namespace: str, known: _Known) -> None:
        fence, requested = self._fences.claim(namespace), self._clock()
        try:
            async with asyncio.timeout(lease.CALL_SECONDS):
                holder = await self._take(namespace, known.observer)
        except (ClusterError, TimeoutError) as error:
            if fence.seconds_left() <= 0:
                known.problem = (
                    f"namespace {namespace} cannot be claimed: {str(error) or 'no response in time'}"
                )
                known.is_lasting = is_lasting(error, known.was_held)
            return
        known.manager = "" if holder == self._claimant.identity else holder
        known.is_lasting = known.manager != ""
        known.problem = (
            f"namespace {namespace} is managed by the operator {holder}" if known.is_lasting else ""
        )
        if holder != self._claimant.identity:
            fence.close()
        elif self._fences.leads:
            known.was_held = True
            self._open(namespace, fence, requested)

    def _open(self, namespace: str, fence: Fence, requested: float) -> None:
        was_closed = fence.seconds_left() <= 0
        fence.open_from(requested)
        if was_closed:
            logger.info("namespace %s is claimed", namespace)
            self.on_claimed(namespace)

    async def _take(self, namespace: str, observer: LeaseObserver) -> str:
        """Writes the claim if that is allowed; returns its holder."""
        ref = ObjectReference("coordination.k8s.io/v1", "Lease", namespace, NAMESPACE_CLAIM)
        current = await self._cluster.get(ref)
        is_free = current is not None and observer.is_free(current)
        if not self._fences.leads:
            return holder_of(current) if current and not is_free else ""
        if not may_take(self._claimant.identity, current, is_free):
            return holder_of(current or {})
        await self._write(ref, current)
        return self._claimant.identity

    async def _write(self, ref: ObjectReference, current: dict[str, Any] | None) -> None:
        """Creates, takes or renews the claim; of two releases that do so at once, one gets a conflict."""
        identity, now = self._claimant.identity, self._now()
        if current is None:
            body = lease.new(ref.namespace, ref.name, identity, now, CLAIM_SECONDS)
            await self._cluster.create(lease.owned(body, await self._owner(ref.namespace)))
        elif holder_of(current) == identity:
            await self._cluster.replace(lease.renewed(current, now))
        else:
            body = lease.acquired(current, identity, now, CLAIM_SECONDS)
            await self._cluster.replace(lease.owned(body, await self._owner(ref.namespace)))

    async def _owner(self, namespace: str) -> dict[str, Any] | None:
        """The owner, if it is in this namespace: no other can own an object in it."""
        owner = self._claimant.owner
        return await self._cluster.get(owner) if owner and owner.namespace == namespace else None
