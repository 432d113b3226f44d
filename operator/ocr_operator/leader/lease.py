"""Who may write: the rules of a `coordination.k8s.io` Lease, and the fence that every write has to pass.

Pure but for the clock. The `kubernetes` package has an election too: it goes by the wall clock, does not give
the lease back, lets a call outlive it, and has no fence; kopf's peering needs a kind of its own. `election`
does the asking.

The fence falls before the lease ends, measured from before the call that renewed it. So a leader that was
stopped or cut off finds it fallen when it wakes, whatever it thinks of itself.
"""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

LEASE_SECONDS = 10
"""How long after its last sign of life others leave a leader alone."""

FENCE_SECONDS = 7.0
"""How long after asking for the lease its holder may write; what is sent last has time to arrive."""

RETRY_SECONDS = 2.0
"""How often the holder renews and the others look. A dead leader is followed within 10 + 2 * 2 seconds."""

CALL_SECONDS = 3.0
"""Longest call about the lease: two fit before the fence falls."""

Json = Mapping[str, Any]
Clock = Callable[[], float]


def boot_seconds() -> float:
    """Seconds since the machine was started, those in which it slept included; never set by anybody."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Fence:
    """How long writes may yet be sent; at first, and after `close`, not at all."""

    def __init__(self, clock: Clock = boot_seconds) -> None:
        self._clock = clock
        self._until = float("-inf")

    def open_from(self, asked: float) -> None:
        """The lease was got by a call that began at this time of the clock."""
        self._until = asked + FENCE_SECONDS

    def close(self) -> None:
        """No write from now on."""
        self._until = float("-inf")

    def seconds_left(self) -> float:
        """Seconds in which a write has to be answered; 0 or less: none may be sent."""
        return self._until - self._clock()


class LeaseObserver:
    """Since when a lease has been as it is. Only the own clock counts: others' clocks may be wrong."""

    def __init__(self, clock: Clock = boot_seconds) -> None:
        self._clock = clock
        self._seen: tuple[str, float] = ("", 0.0)

    def is_free(self, lease: Json) -> bool:
        """Whether the lease may be taken: nobody holds it, or its holder has let it run out."""
        version, now = lease["metadata"]["resourceVersion"], self._clock()
        if version != self._seen[0]:
            self._seen = version, now
        spec = lease.get("spec") or {}
        unchanged = now - self._seen[1]
        return not spec.get("holderIdentity") or unchanged > spec.get("leaseDurationSeconds", LEASE_SECONDS)


def new(namespace: str, name: str, identity: str, now: datetime) -> dict[str, Any]:
    """The first Lease of its name, held."""
    metadata = {"namespace": namespace, "name": name}
    lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata}
    return taken(lease, identity, now)


def owned(lease: Json, owner: Json | None) -> dict[str, Any]:
    """The lease, to be deleted with this object and no other; without one, as it is."""
    if owner is None:
        return {**lease}
    reference = {name: owner[name] for name in ("apiVersion", "kind")}
    reference |= {name: owner["metadata"][name] for name in ("name", "uid")}
    return {**lease, "metadata": {**lease["metadata"], "ownerReferences": [reference]}}


def taken(lease: Json, identity: str, now: datetime) -> dict[str, Any]:
    """The lease as its next holder writes it."""
    before = lease.get("spec") or {}
    spec = {
        "holderIdentity": identity,
        "leaseDurationSeconds": LEASE_SECONDS,
        "acquireTime": _micro_time(now),
        "renewTime": _micro_time(now),
        "leaseTransitions": before.get("leaseTransitions", -1) + 1,
    }
    return {**lease, "spec": spec}


def renewed(lease: Json, now: datetime) -> dict[str, Any]:
    """The lease as its holder writes it from time to time."""
    return {**lease, "spec": {**lease["spec"], "renewTime": _micro_time(now)}}


def released(lease: Json, now: datetime) -> dict[str, Any]:
    """The lease as its holder leaves it: the next one need not wait."""
    spec = {**lease["spec"], "holderIdentity": "", "leaseDurationSeconds": 1, "renewTime": _micro_time(now)}
    return {**lease, "spec": spec}


def is_same_hold(mine: Json, there: Json) -> bool:
    """Whether a lease that has changed is still held as I got it: the answer to my renewal was lost."""
    return all(
        there["spec"].get(name) == mine["spec"][name] for name in ("holderIdentity", "leaseTransitions")
    )


def _micro_time(now: datetime) -> str:
    return now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
