"""The API server is asked for optional kinds only, and not at every reconcile."""

import asyncio
from datetime import datetime, timedelta

import pytest

from ocr_operator.api.names import SERVICE_MONITOR, GroupVersionKind
from ocr_operator.cluster.optional_apis import FRESH_SECONDS, OptionalApis


class FakeServer:
    """An API server that serves all kinds or none; counts its requests and has the test's clock."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.is_served = False
        self.requests = 0

    async def serves(self, api_version: str, kind: str) -> bool:
        self.requests += 1
        return self.is_served


@pytest.fixture
def server(now: datetime) -> FakeServer:
    return FakeServer(now)


@pytest.fixture
def apis(server: FakeServer) -> OptionalApis:
    return OptionalApis(server.serves, lambda: server.now)


def test_the_api_server_is_not_asked_for_builtin_kinds(server: FakeServer, apis: OptionalApis) -> None:
    assert asyncio.run(apis.absent([GroupVersionKind("v1", "Service")])) == frozenset()
    assert server.requests == 0


def test_an_answer_is_cached(server: FakeServer, apis: OptionalApis) -> None:
    for _ in range(3):
        assert asyncio.run(apis.absent([SERVICE_MONITOR])) == {SERVICE_MONITOR}
    assert server.requests == 1


@pytest.mark.parametrize("is_served", [True, False])
def test_an_api_that_appears_or_disappears_is_noticed_after_the_cache_has_expired(
    server: FakeServer, apis: OptionalApis, is_served: bool
) -> None:
    server.is_served = not is_served
    asyncio.run(apis.absent([SERVICE_MONITOR]))
    server.is_served = is_served
    server.now += timedelta(seconds=FRESH_SECONDS + 1)
    assert (SERVICE_MONITOR not in asyncio.run(apis.absent([SERVICE_MONITOR]))) is is_served
