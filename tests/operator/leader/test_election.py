"""Candidates for first Lease, on an API server in memory that fails as a test demands."""

import asyncio
import copy
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from ocr_operator.api.names import ObjectReference
from ocr_operator.cluster.errors import ClusterError
from ocr_operator.leader import lease
from ocr_operator.leader.election import Election, LeaseLock
from ocr_operator.leader.lease import Fence

REF = ObjectReference("coordination.k8s.io/v1", "Lease", "labs", "operator")
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class FakeCluster:
    """Stands in for `client.Cluster`: first Lease with optimistic locking."""

    def __init__(self) -> None:
        self.lease: dict[str, Any] | None = None
        self.error: ClusterError | None = None
        self.loses_responses = False
        self.on_write: Callable[[], None] = lambda: None

    async def get(self, ref: ObjectReference) -> dict[str, Any] | None:
        self._fail()
        return self.lease

    async def create(self, body: dict[str, Any]) -> dict[str, Any]:
        self._fail()
        if self.lease is not None:
            raise ClusterError(409, "exists")
        return self._store(body, 1)

    async def replace(self, body: dict[str, Any]) -> dict[str, Any]:
        self._fail()
        if self.lease is None:
            raise ClusterError(404, "gone")
        version = self.lease["metadata"]["resourceVersion"]
        if body["metadata"]["resourceVersion"] != version:
            raise ClusterError(409, "changed")
        return self._store(body, int(version) + 1)

    def _fail(self) -> None:
        if self.error:
            raise self.error

    def _store(self, body: dict[str, Any], version: int) -> dict[str, Any]:
        self.on_write()
        self.lease = {**body, "metadata": {**body["metadata"], "resourceVersion": str(version)}}
        if self.loses_responses:
            raise ClusterError(None, "the connection broke")
        return copy.deepcopy(self.lease)

    def steal(self) -> None:
        """Another process takes the Lease although it is held."""
        assert self.lease
        self._store(lease.acquired(self.lease, "thief", NOW), 99)


class World:
    """The Lease, a clock, and the fences of the candidates by name."""

    def __init__(self) -> None:
        self.cluster = FakeCluster()
        self.now = 1000.0
        self.fences: dict[str, Fence] = {}

    def candidate(self, name: str) -> Election:
        self.fences[name] = Fence(lambda: self.now)
        cluster: Any = self.cluster
        lock = LeaseLock(REF, name)
        return Election(cluster, lock, self.fences[name], lambda: self.now, lambda: NOW)

    def may_write(self, name: str) -> bool:
        return self.fences[name].seconds_left() > 0


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """Sleeping moves the clock and takes no time."""
    world = World()

    async def sleep(seconds: float) -> None:
        world.now += seconds

    monkeypatch.setattr("ocr_operator.leader.election.asyncio.sleep", sleep)
    return world


def test_the_first_candidate_leads_at_once_and_may_write(world: World) -> None:
    first = world.candidate("first")
    asyncio.run(first.acquire())
    assert world.now == 1000
    assert world.may_write("first")
    assert first.leader == "first"


def test_the_second_candidate_leads_once_the_lease_has_expired(world: World) -> None:
    first, second = world.candidate("first"), world.candidate("second")
    asyncio.run(first.acquire())
    asyncio.run(second.acquire())
    assert lease.LEASE_SECONDS < world.now - 1000 <= lease.LEASE_SECONDS + lease.RETRY_SECONDS
    assert (world.may_write("first"), world.may_write("second")) == (False, True)


def test_a_released_lease_is_taken_without_waiting(world: World) -> None:
    first, second = world.candidate("first"), world.candidate("second")
    asyncio.run(first.acquire())
    asyncio.run(first.release())
    assert not world.may_write("first")
    asyncio.run(second.acquire())
    assert world.now == 1000


def test_a_leader_renews_until_another_process_holds_the_lease(world: World) -> None:
    first = world.candidate("first")
    asyncio.run(first.acquire())
    world.cluster.steal()
    asyncio.run(first.renew())
    assert not world.may_write("first")
    assert first.leader == "thief"
    assert world.now == 1000 + lease.RETRY_SECONDS


def test_a_deleted_lease_is_lost(world: World) -> None:
    first = world.candidate("first")
    asyncio.run(first.acquire())
    world.cluster.lease = None
    asyncio.run(first.renew())
    assert not world.may_write("first")


def _renew_for(world: World, first: Election, seconds: float) -> None:
    """Renews until this time after the start."""

    class EndedError(Exception):
        pass

    async def sleep(step: float) -> None:
        world.now += step
        if world.now > 1000 + seconds:
            raise EndedError

    async def renew(monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("ocr_operator.leader.election.asyncio.sleep", sleep)
        with pytest.raises(EndedError):
            await asyncio.wait_for(first.renew(), 5)

    with pytest.MonkeyPatch.context() as patch:
        asyncio.run(renew(patch))


def test_while_the_api_server_is_unreachable_the_leader_stays_but_may_not_write(world: World) -> None:
    first = world.candidate("first")
    asyncio.run(first.acquire())
    world.cluster.error = ClusterError(None, "the API server is unreachable")
    _renew_for(world, first, 60)
    assert not world.may_write("first")
    world.cluster.error = None
    _renew_for(world, first, world.now - 1000 + lease.RETRY_SECONDS)
    assert world.may_write("first")


def test_a_renewal_whose_response_was_lost_does_not_lose_the_lease(world: World) -> None:
    first = world.candidate("first")
    asyncio.run(first.acquire())
    world.cluster.loses_responses = True
    _renew_for(world, first, lease.RETRY_SECONDS)
    world.cluster.loses_responses = False
    _renew_for(world, first, world.now - 1000 + 2 * lease.RETRY_SECONDS)
    assert world.may_write("first")


def test_a_lease_that_another_process_holds_is_not_released(world: World) -> None:
    first = world.candidate("first")
    asyncio.run(first.acquire())
    world.cluster.steal()
    asyncio.run(first.release())
    assert world.cluster.lease
    assert world.cluster.lease["spec"]["holderIdentity"] == "thief"


def test_the_fence_falls_as_early_as_if_a_slow_write_had_been_answered_at_once(world: World) -> None:
    """The other candidates count from the write, which may be long before its answer."""
    first = world.candidate("first")

    def pass_seconds() -> None:
        world.now += 2

    world.cluster.on_write = pass_seconds
    asyncio.run(first.acquire())
    assert world.fences["first"].seconds_left() == lease.FENCE_SECONDS - 2
    _renew_for(world, first, 2 + lease.RETRY_SECONDS)
    assert world.fences["first"].seconds_left() == lease.FENCE_SECONDS - 2 - lease.RETRY_SECONDS


def test_a_call_without_an_answer_is_given_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    first = world.candidate("first")
    asyncio.run(first.acquire())
    monkeypatch.setattr(lease, "CALL_SECONDS", 0.01)

    async def never_answer(_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(world.cluster, "replace", never_answer)
    _renew_for(world, first, lease.RETRY_SECONDS)
    asyncio.run(asyncio.wait_for(first.release(), 5))
