"""Kinds that come while the operator runs: which OCRBackends have to be looked at."""

import asyncio
from datetime import datetime, timedelta

import pytest

from ocr_operator.api.names import NamespacedName
from ocr_operator.cluster.client import ClusterError
from ocr_operator.cluster.optional_apis import FRESH_SECONDS, OptionalApis
from ocr_operator.controller.optional_api_poller import OptionalApiPoller

OCR, OTHER = NamespacedName("labs", "ocr"), NamespacedName("labs", "other")


class Server:
    """An API server with or without the optional kinds, and these objects. Its clock is the test's."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.has_it = False
        self.fails = False
        self.objects: dict[tuple[str, str], int] = {}
        self.places: list[str | None] = []
        self.written: set[NamespacedName] = set()

    async def serves(self, api_version: str, kind: str) -> bool:
        if self.fails:
            raise ClusterError(None, "no answer")
        return self.has_it

    async def versions(
        self, api_version: str, kind: str, namespace: str | None, selector: str
    ) -> dict[tuple[str, str], int]:
        self.places.append(namespace)
        if self.fails:
            raise ClusterError(503, "not now")
        return dict(self.objects)


@pytest.fixture
def server(now: datetime) -> Server:
    return Server(now)


def _late(server: Server, *namespaces: str) -> OptionalApiPoller:
    optional = OptionalApis(server.serves, lambda: server.now)
    found = OptionalApiPoller(server, optional, lambda: [OCR, OTHER], lambda _: server.written, namespaces)  # type: ignore[arg-type]
    asyncio.run(found.begin())
    return found


def _look(server: Server, kinds: OptionalApiPoller) -> set[NamespacedName]:
    server.now += timedelta(seconds=FRESH_SECONDS + 1)
    return asyncio.run(kinds.changed())


def test_what_was_there_at_the_start_is_watched_by_others(server: Server) -> None:
    server.has_it = True
    kinds = _late(server)
    server.objects[OCR] = 1
    assert _look(server, kinds) == set()
    assert server.places == []


def test_a_kind_that_comes_concerns_everybody_and_a_change_only_its_own(server: Server) -> None:
    kinds = _late(server)
    assert _look(server, kinds) == set()
    server.has_it = True
    assert _look(server, kinds) == {OCR, OTHER}
    assert _look(server, kinds) == set()
    server.objects |= {OCR: 1, OTHER: 1}
    assert _look(server, kinds) == {OCR, OTHER}
    server.objects[OCR] = 2
    assert _look(server, kinds) == {OCR}
    del server.objects[OTHER]
    assert _look(server, kinds) == {OTHER}
    server.has_it = False
    assert _look(server, kinds) == {OCR, OTHER}
    assert _look(server, kinds) == set()


def test_one_that_was_made_and_deleted_between_two_lists_is_missed(server: Server) -> None:
    kinds = _late(server)
    server.has_it = True
    _look(server, kinds)
    server.written = {OCR, OTHER}
    server.objects[OCR] = 1
    assert _look(server, kinds) == {OCR, OTHER}
    assert _look(server, kinds) == {OTHER}
    server.written = {OCR}
    assert _look(server, kinds) == set()


def test_it_is_looked_for_in_the_namespaces_that_are_watched(server: Server) -> None:
    kinds = _late(server, "a", "b")
    server.has_it = True
    _look(server, kinds)
    assert server.places == ["a", "b"]


def test_a_list_that_fails_forgets_nothing(server: Server) -> None:
    kinds = _late(server)
    server.has_it = True
    _look(server, kinds)
    server.fails = True
    assert _look(server, kinds) == set()
    server.fails, server.objects = False, {OCR: 1}
    assert _look(server, kinds) == {OCR}


def test_where_the_start_could_not_tell_everything_is_looked_after(server: Server) -> None:
    server.fails = True
    kinds = _late(server)
    server.fails, server.has_it = False, True
    assert _look(server, kinds) == {OCR, OTHER}
