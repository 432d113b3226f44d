"""Two releases and one namespace: only the one that holds the claim may write there."""

import asyncio
import copy
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from ocr_operator.api.names import NAMESPACE_CLAIM, ObjectReference
from ocr_operator.cluster.errors import ClusterError
from ocr_operator.leader.claims import (
    CLAIM_SECONDS,
    FENCE_SECONDS,
    Claimant,
    ClaimFences,
    NamespaceClaims,
    is_lasting,
    may_take,
)
from ocr_operator.leader.lease import Fence

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
OWNER = ObjectReference("v1", "ConfigMap", "labs", "release-backends")


class FakeCluster:
    """Stands in for `client.Cluster`: Leases with optimistic locking, and the owners of claims."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, Any]] = {}
        self.error: ClusterError | None = None
        self.writes = 0

    async def get(self, ref: ObjectReference) -> dict[str, Any] | None:
        if self.error:
            raise self.error
        if ref.kind == "ConfigMap":
            return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": ref.name, "uid": "uid"}}
        return copy.deepcopy(self.objects.get(ref.namespace))

    async def create(self, body: dict[str, Any]) -> dict[str, Any]:
        if body["metadata"]["namespace"] in self.objects:
            raise ClusterError(409, "exists")
        return self._store(body)

    async def replace(self, body: dict[str, Any]) -> dict[str, Any]:
        current = self.objects[body["metadata"]["namespace"]]
        if current["metadata"]["resourceVersion"] != body["metadata"]["resourceVersion"]:
            raise ClusterError(409, "changed")
        return self._store(body)

    def _store(self, body: dict[str, Any]) -> dict[str, Any]:
        assert body["metadata"]["name"] == NAMESPACE_CLAIM
        self.writes += 1
        stored = {**body, "metadata": {**body["metadata"], "resourceVersion": str(self.writes)}}
        self.objects[body["metadata"]["namespace"]] = stored
        return stored


class Process:
    """One operator process of a release: its claims and its fences. It watches `namespaces`, or all."""

    def __init__(
        self, cluster: Any, identity: str, clock: Callable[[], float], namespaces: tuple[str, ...]
    ) -> None:
        self._clock = clock
        self._leader = Fence(clock, 10_000)
        self.fences = ClaimFences(self._leader, clock)
        claimant = Claimant(identity, OWNER, frozenset(namespaces))
        self.claims = NamespaceClaims(cluster, claimant, self.fences, clock, lambda: NOW)
        self.claimed: list[str] = []
        self.claims.on_claimed = self.claimed.append
        self.refused: list[tuple[str, str]] = []
        self.claims.on_refused = self._refused

    async def _refused(self, namespace: str, manager: str) -> None:
        self.refused.append((namespace, manager))

    def lead(self) -> "Process":
        self._leader.open_from(self._clock())
        return self

    def renew(self, namespace: str = "labs") -> bool:
        """Whether the process may write in the namespace after one round."""
        asyncio.run(self.claims.renew(namespace))
        return self.fences.seconds_left(namespace) > 0


class World:
    """The claims in a cluster, and a clock that tests move."""

    def __init__(self) -> None:
        self.cluster = FakeCluster()
        self.now = 1000.0

    def process(self, identity: str, *namespaces: str) -> Process:
        return Process(self.cluster, identity, lambda: self.now, namespaces or ("labs",))


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.parametrize(
    ("holder", "is_free", "expected"),
    [
        pytest.param(None, False, True, id="no claim"),
        pytest.param("ours", False, True, id="our own"),
        pytest.param("theirs", False, False, id="of another release"),
        pytest.param("theirs", True, True, id="of another release, expired"),
    ],
)
def test_a_claim_may_be_taken_unless_another_release_holds_it(
    holder: str | None, is_free: bool, expected: bool
) -> None:
    current = None if holder is None else {"spec": {"holderIdentity": holder}}
    assert may_take("ours", current, is_free) is expected


@pytest.mark.parametrize(
    ("error", "was_held", "expected"),
    [
        pytest.param(ClusterError(403, "no"), False, True, id="right never given"),
        pytest.param(ClusterError(403, "no"), True, False, id="namespace deleted"),
        pytest.param(ClusterError(503, "down"), False, False, id="outage"),
        pytest.param(TimeoutError(), False, False, id="no response"),
    ],
)
def test_only_a_missing_right_needs_help(error: Exception, was_held: bool, expected: bool) -> None:
    assert is_lasting(error, was_held) is expected


def test_the_second_release_does_not_write_and_says_who_does(world: World) -> None:
    first, second = world.process("labs/first").lead(), world.process("labs/second").lead()
    assert first.renew()
    assert not second.renew()
    assert second.claims.not_ready_reason() == "namespace labs is managed by the operator labs/first"
    assert first.claims.not_ready_reason() == ""
    assert second.claimed == []
    assert not asyncio.run(second.claims.acquire("labs"))


def test_a_release_for_all_namespaces_is_ready_without_that_of_another(world: World) -> None:
    first, wide = world.process("labs/first").lead(), world.process("system/wide", "system").lead()
    first.renew("labs")
    assert wide.renew("system")
    assert wide.renew("clinic")
    assert not wide.renew("labs")
    assert wide.claims.not_ready_reason() == ""
    assert wide.claims.managed_elsewhere() == {"labs": "labs/first"}
    assert wide.claimed == ["system", "clinic"]


def test_a_release_for_all_namespaces_is_not_ready_without_its_own(world: World) -> None:
    world.process("labs/first").lead().renew()
    wide = world.process("labs/wide").lead()
    wide.renew()
    assert wide.claims.not_ready_reason() == "namespace labs is managed by the operator labs/first"


def test_each_operator_that_manages_a_namespace_is_reported_at_once_by_the_leader(world: World) -> None:
    first, wide = world.process("labs/first").lead(), world.process("system/wide", "system")
    first.renew()
    wide.renew()
    assert wide.refused == []
    wide.lead()
    for _ in range(3):
        wide.renew()
    assert wide.refused == [("labs", "labs/first")]


def test_the_second_release_takes_over_once_the_claim_has_expired(world: World) -> None:
    first, second = world.process("labs/first").lead(), world.process("labs/second").lead()
    first.renew()
    second.renew()
    world.now += FENCE_SECONDS
    assert first.fences.seconds_left("labs") <= 0
    world.now += CLAIM_SECONDS - FENCE_SECONDS
    assert not second.renew()
    world.now += 1
    assert second.renew()
    assert second.claimed == ["labs"]
    assert not first.renew()


def test_a_deleted_claim_is_free_at_once(world: World) -> None:
    world.process("labs/first").lead().renew()
    second = world.process("labs/second").lead()
    second.renew()
    world.cluster.objects.clear()
    assert second.renew()


def test_a_new_leader_of_the_same_release_writes_at_once(world: World) -> None:
    world.process("labs/first").lead().renew()
    assert world.process("labs/first").lead().renew()


def test_a_standby_only_reads(world: World) -> None:
    standby = world.process("labs/second")
    assert not standby.renew()
    assert world.cluster.writes == 0
    world.process("labs/first").lead().renew()
    standby.renew()
    assert "managed by the operator labs/first" in standby.claims.not_ready_reason()
    assert world.cluster.writes == 1


def test_an_outage_closes_the_claim_but_is_no_reason_to_be_unready(world: World) -> None:
    first = world.process("labs/first").lead()
    first.renew()
    world.cluster.error = ClusterError(503, "down")
    assert first.renew()
    world.now += FENCE_SECONDS
    assert not first.renew()
    assert first.claims.not_ready_reason() == ""
    world.cluster.error = None
    assert first.renew()
    assert first.claimed == ["labs", "labs"]


def test_a_claim_is_owned_only_in_the_namespace_of_its_owner(world: World) -> None:
    first = world.process("labs/first").lead()
    first.renew("labs")
    first.renew("elsewhere")
    owners = {
        namespace: [owner["name"] for owner in claim["metadata"].get("ownerReferences", [])]
        for namespace, claim in world.cluster.objects.items()
    }
    assert owners == {"labs": ["release-backends"], "elsewhere": []}
