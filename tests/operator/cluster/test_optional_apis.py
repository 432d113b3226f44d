"""Whether a cluster has a kind is asked when it matters, and not at every look."""

import asyncio
from datetime import datetime, timedelta

import pytest

from ocr_operator.api.names import SERVICE_MONITOR, GroupVersionKind
from ocr_operator.cluster.optional_apis import FRESH_SECONDS, OptionalApis


class Server:
    """An API server that has or lacks everything; counts how often it is asked. Its clock is the test's."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.has_it = False
        self.asked = 0

    async def serves(self, api_version: str, kind: str) -> bool:
        self.asked += 1
        return self.has_it


@pytest.fixture
def server(now: datetime) -> Server:
    return Server(now)


@pytest.fixture
def kinds(server: Server) -> OptionalApis:
    return OptionalApis(server.serves, lambda: server.now)


def test_kinds_that_every_cluster_has_are_not_asked_for(server: Server, kinds: OptionalApis) -> None:
    assert asyncio.run(kinds.absent([GroupVersionKind("v1", "Service")])) == frozenset()
    assert server.asked == 0


def test_an_answer_is_remembered_for_a_while(server: Server, kinds: OptionalApis) -> None:
    for _ in range(3):
        assert asyncio.run(kinds.absent([SERVICE_MONITOR])) == {SERVICE_MONITOR}
    assert server.asked == 1


@pytest.mark.parametrize("has_it", [True, False])
def test_what_comes_or_goes_is_noticed_after_that(server: Server, kinds: OptionalApis, has_it: bool) -> None:
    server.has_it = not has_it
    asyncio.run(kinds.absent([SERVICE_MONITOR]))
    server.has_it = has_it
    server.now += timedelta(seconds=FRESH_SECONDS + 1)
    assert (SERVICE_MONITOR not in asyncio.run(kinds.absent([SERVICE_MONITOR]))) is has_it
