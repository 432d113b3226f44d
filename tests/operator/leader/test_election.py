"""One candidate for the lease, on an API server in memory for what a real one does not do at will."""

import asyncio
import copy
from datetime import UTC, datetime
from typing import Any

import pytest

from ocr_operator.api.names import ObjectReference
from ocr_operator.cluster.client import ClusterError
from ocr_operator.leader import lease
from ocr_operator.leader.election import Election
from ocr_operator.leader.lease import Fence

REF = ObjectReference("coordination.k8s.io/v1", "Lease", "labs", "operator")
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class Leases:
    """Stands in for `cluster.Cluster`: one Lease with optimistic locking; fails where it is told to."""

    def __init__(self) -> None:
        self.there: dict[str, Any] | None = None
        self.trouble: ClusterError | None = None
        self.loses_answers = False

    async def get(self, ref: ObjectReference) -> dict[str, Any] | None:
        self._fail()
        return self.there

    async def create(self, body: dict[str, Any]) -> dict[str, Any]:
        self._fail()
        if self.there is not None:
            raise ClusterError(409, "exists")
        return self._store(body, 1)

    async def replace(self, body: dict[str, Any]) -> dict[str, Any]:
        self._fail()
        if self.there is None:
            raise ClusterError(404, "gone")
        version = self.there["metadata"]["resourceVersion"]
        if body["metadata"]["resourceVersion"] != version:
            raise ClusterError(409, "changed")
        return self._store(body, int(version) + 1)

    def _fail(self) -> None:
        if self.trouble:
            raise self.trouble

    def _store(self, body: dict[str, Any], version: int) -> dict[str, Any]:
        self.there = {**body, "metadata": {**body["metadata"], "resourceVersion": str(version)}}
        if self.loses_answers:
            raise ClusterError(None, "the connection broke")
        return copy.deepcopy(self.there)

    def steal(self) -> None:
        """Has somebody take the lease who does not ask whether he may."""
        assert self.there
        self._store(lease.taken(self.there, "thief", NOW), 99)


class World:
    """Leases, a clock, and candidates by name."""

    def __init__(self) -> None:
        self.leases = Leases()
        self.now = 1000.0
        self.fences: dict[str, Fence] = {}

    def candidate(self, name: str) -> Election:
        self.fences[name] = Fence(lambda: self.now)
        leases: Any = self.leases
        return Election(leases, REF, name, self.fences[name], lambda: self.now, lambda: NOW)

    def may_write(self, name: str) -> bool:
        return self.fences[name].seconds_left() > 0


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """Waiting for the next try moves the clock and takes no time."""
    found = World()

    async def sleep(seconds: float) -> None:
        found.now += seconds

    monkeypatch.setattr("ocr_operator.leader.election.asyncio.sleep", sleep)
    return found


def test_the_first_wins_at_once_and_may_write(world: World) -> None:
    one = world.candidate("one")
    asyncio.run(one.win())
    assert world.now == 1000
    assert world.may_write("one")
    assert one.leader == "one"


def test_the_second_wins_when_the_first_no_longer_renews(world: World) -> None:
    one, two = world.candidate("one"), world.candidate("two")
    asyncio.run(one.win())
    asyncio.run(two.win())
    assert lease.LEASE_SECONDS < world.now - 1000 <= lease.LEASE_SECONDS + lease.RETRY_SECONDS
    assert (world.may_write("one"), world.may_write("two")) == (False, True)


def test_the_second_need_not_wait_for_a_lease_that_was_given_back(world: World) -> None:
    one, two = world.candidate("one"), world.candidate("two")
    asyncio.run(one.win())
    asyncio.run(one.give_back())
    assert not world.may_write("one")
    asyncio.run(two.win())
    assert world.now == 1000


def test_it_holds_until_somebody_else_has_the_lease(world: World) -> None:
    one = world.candidate("one")
    asyncio.run(one.win())
    world.leases.steal()
    asyncio.run(one.hold())
    assert not world.may_write("one")
    assert one.leader == "thief"
    assert world.now == 1000 + lease.RETRY_SECONDS


def test_a_deleted_lease_is_lost(world: World) -> None:
    one = world.candidate("one")
    asyncio.run(one.win())
    world.leases.there = None
    asyncio.run(one.hold())
    assert not world.may_write("one")


def _hold_while(world: World, one: Election, seconds: float) -> None:
    """Holds until that long after the beginning."""

    class EndedError(Exception):
        pass

    async def sleep(step: float) -> None:
        world.now += step
        if world.now > 1000 + seconds:
            raise EndedError

    async def hold(monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("ocr_operator.leader.election.asyncio.sleep", sleep)
        with pytest.raises(EndedError):
            await one.hold()

    with pytest.MonkeyPatch.context() as patch:
        asyncio.run(hold(patch))


def test_while_the_api_server_is_away_it_stays_leader_but_may_not_write(world: World) -> None:
    one = world.candidate("one")
    asyncio.run(one.win())
    world.leases.trouble = ClusterError(None, "the API server cannot be reached")
    _hold_while(world, one, 60)
    assert not world.may_write("one")
    world.leases.trouble = None
    _hold_while(world, one, world.now - 1000 + lease.RETRY_SECONDS)
    assert world.may_write("one")


def test_a_renewal_whose_answer_was_lost_does_not_lose_the_lease(world: World) -> None:
    one = world.candidate("one")
    asyncio.run(one.win())
    world.leases.loses_answers = True
    _hold_while(world, one, lease.RETRY_SECONDS)
    world.leases.loses_answers = False
    _hold_while(world, one, world.now - 1000 + 2 * lease.RETRY_SECONDS)
    assert world.may_write("one")


def test_giving_back_leaves_a_lease_of_somebody_else_alone(world: World) -> None:
    one = world.candidate("one")
    asyncio.run(one.win())
    world.leases.steal()
    asyncio.run(one.give_back())
    assert world.leases.there
    assert world.leases.there["spec"]["holderIdentity"] == "thief"
