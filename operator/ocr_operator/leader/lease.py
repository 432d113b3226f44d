"""Who may write: the rules of a `coordination.k8s.io` Lease, and the fence that every write has to pass.

Pure but for the clock; `election` sends the requests. The `kubernetes` package has an election too, but it
relies on the wall clock, does not release the Lease, puts no timeout on its calls and has no fence; kopf's
peering needs a kind of its own.

The fence falls before the Lease expires, measured from before the call that renewed it. So a leader that was
suspended or cut off finds its fence fallen when it resumes.
"""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

LEASE_SECONDS = 10
"""How long after the last renewal the other candidates wait before they take the Lease."""

FENCE_SECONDS = 7.0
"""How long after a renewal the leader may write; the rest is for requests on their way."""

RETRY_SECONDS = 2.0
"""Interval at which the leader renews and the others check. A dead leader is replaced within 10 + 2 * 2 s."""

CALL_SECONDS = 3.0
"""Timeout of a call about the Lease: two calls fit before the fence falls."""

Json = Mapping[str, Any]
Clock = Callable[[], float]


def boot_seconds() -> float:
    """Seconds since the machine booted, including suspended time; nobody can set this clock."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Fence:
    """The time left for writes: none at first and after `close`."""

    def __init__(self, clock: Clock = boot_seconds, seconds: float = FENCE_SECONDS) -> None:
        self._clock = clock
        self._seconds = seconds
        self._deadline = float("-inf")

    def open_from(self, requested: float) -> None:
        """The Lease was acquired or renewed by a call that began at this time of the clock."""
        self._deadline = requested + self._seconds

    def close(self) -> None:
        """Allows no more writes."""
        self._deadline = float("-inf")

    def seconds_left(self) -> float:
        """Seconds within which a write must be answered; 0 or less: none may be sent."""
        return self._deadline - self._clock()


class LeaseObserver:
    """Notes when the Lease last changed, by the local clock only: those of other machines may be wrong."""

    def __init__(self, clock: Clock = boot_seconds) -> None:
        self._clock = clock
        self._version = ""
        self._changed_at = 0.0

    def is_free(self, lease: Json) -> bool:
        """Whether the Lease may be taken: it has no holder, or its holder has let it expire."""
        version, now = lease["metadata"]["resourceVersion"], self._clock()
        if version != self._version:
            self._version, self._changed_at = version, now
        spec = lease.get("spec") or {}
        duration = spec.get("leaseDurationSeconds", LEASE_SECONDS)
        return not spec.get("holderIdentity") or now - self._changed_at > duration


def new(
    namespace: str, name: str, identity: str, now: datetime, duration: int = LEASE_SECONDS
) -> dict[str, Any]:
    """A new Lease, held by `identity`; it expires `duration` seconds after its last renewal."""
    metadata = {"namespace": namespace, "name": name}
    lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata}
    return acquired(lease, identity, now, duration)


def owned(lease: Json, owner: Json | None) -> dict[str, Any]:
    """The Lease with this object as its only owner; unchanged without one."""
    if owner is None:
        return {**lease}
    reference = {name: owner[name] for name in ("apiVersion", "kind")}
    reference |= {name: owner["metadata"][name] for name in ("name", "uid")}
    return {**lease, "metadata": {**lease["metadata"], "ownerReferences": [reference]}}


def acquired(lease: Json, identity: str, now: datetime, duration: int = LEASE_SECONDS) -> dict[str, Any]:
    """The Lease as its next holder writes it."""
    previous = lease.get("spec") or {}
    spec = {
        "holderIdentity": identity,
        "leaseDurationSeconds": duration,
        "acquireTime": _micro_time(now),
        "renewTime": _micro_time(now),
        "leaseTransitions": previous.get("leaseTransitions", -1) + 1,
    }
    return {**lease, "spec": spec}


def renewed(lease: Json, now: datetime) -> dict[str, Any]:
    """The Lease as its holder renews it."""
    return {**lease, "spec": {**lease["spec"], "renewTime": _micro_time(now)}}


def released(lease: Json, now: datetime) -> dict[str, Any]:
    """The Lease without a holder: the next one need not wait."""
    spec = {**lease["spec"], "holderIdentity": "", "leaseDurationSeconds": 1, "renewTime": _micro_time(now)}
    return {**lease, "spec": spec}


def is_same_hold(held: Json, current: Json) -> bool:
    """Whether the current Lease is still the one we hold: the response to our renewal was lost."""
    fields = ("holderIdentity", "leaseTransitions")
    return all(current["spec"].get(name) == held["spec"][name] for name in fields)


def _micro_time(now: datetime) -> str:
    return now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
