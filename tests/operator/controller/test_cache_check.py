"""What was seen against what there is: late events are waited for, missed ones told."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from ocr_operator.api.names import NamespacedName
from ocr_operator.cluster.client import ClusterError
from ocr_operator.controller.cache_check import WATCHED_KINDS, CacheVerifier
from ocr_operator.controller.watchdog import Watchdog

KEY = NamespacedName("labs", "ocr")


class Listed:
    """Stands in for `cluster.Cluster`: answers one list in every namespace that is asked for."""

    def __init__(self, versions: dict[str, int], trouble: ClusterError | None = None) -> None:
        self._versions = versions
        self._trouble = trouble

    async def versions(
        self, api_version: str, kind: str, namespace: str | None, selector: str
    ) -> dict[tuple[str, str], int]:
        if self._trouble:
            raise self._trouble
        return {(namespace or "labs", name): version for name, version in self._versions.items()}


class Seen:
    """What watching has shown: one state after the other, the last for ever."""

    def __init__(self, *states: dict[NamespacedName, int]) -> None:
        self._states = list(states)

    def versions(self, kind: str) -> Mapping[NamespacedName, int]:
        return self._states.pop(0) if len(self._states) > 1 else self._states[0]


def _differences(listed: Any, seen: Seen, kind: str = "Service", *namespaces: str) -> set[NamespacedName]:
    auditor = CacheVerifier(listed, seen, Watchdog(), namespaces, grace=0)
    return asyncio.run(auditor.differences("v1", kind, ""))


@pytest.mark.parametrize(
    ("listed", "states", "expected"),
    [
        pytest.param({"ocr": 5}, [{KEY: 5}], set(), id="all is seen"),
        pytest.param({"ocr": 5}, [{KEY: 4}], {KEY}, id="an old state stays"),
        pytest.param({"ocr": 5}, [{KEY: 4}, {KEY: 4}, {KEY: 5}], set(), id="the event was late"),
        pytest.param({}, [{KEY: 5}], {KEY}, id="an end that nobody told of"),
        pytest.param({}, [{KEY: 5}, {KEY: 5}, {}], set(), id="the end was told late"),
        pytest.param({}, [{}, {KEY: 5}], set(), id="made after the list"),
    ],
)
def test_only_what_stays_different_counts(
    listed: dict[str, int], states: list[dict[NamespacedName, int]], expected: set[NamespacedName]
) -> None:
    assert _differences(Listed(listed), Seen(*states)) == expected


def test_of_pods_only_the_names_are_compared() -> None:
    assert _differences(Listed({"ocr": 5}), Seen({KEY: 0}), "Pod") == set()
    assert _differences(Listed({"ocr": 5}), Seen({}), "Pod") == {KEY}


def test_every_watched_namespace_is_listed() -> None:
    found = _differences(Listed({"ocr": 5}), Seen({}), "Service", "a", "b")
    assert found == {NamespacedName("a", "ocr"), NamespacedName("b", "ocr")}


@pytest.mark.parametrize("status", [pytest.param(404, id="not served"), pytest.param(403, id="no right")])
def test_what_cannot_be_watched_is_not_missed(status: int) -> None:
    assert _differences(Listed({}, ClusterError(status, "no")), Seen({})) == set()


@pytest.mark.parametrize("trouble", [None, ClusterError(503, "down")])
def test_an_audit_tells_the_kinds_alive_and_trouble_leaves_them_stale(trouble: ClusterError | None) -> None:
    told: set[str] = set()

    class Told(Watchdog):
        def alive(self, kind: str) -> None:
            told.add(kind)

    class Counting(Listed):
        def __init__(self) -> None:
            super().__init__({}, trouble)
            self.round_done = asyncio.Event()
            self.kinds: list[str] = []

        async def versions(self, *where: Any) -> dict[tuple[str, str], int]:
            self.kinds.append(where[1])
            if len(self.kinds) > len(WATCHED_KINDS):
                self.round_done.set()
            return await super().versions(*where)

    async def one_round() -> None:
        listed: Any = Counting()
        running = asyncio.create_task(CacheVerifier(listed, Seen({}), Told(limit=0), (), grace=0).run())
        await asyncio.wait_for(listed.round_done.wait(), 10)
        running.cancel()

    asyncio.run(one_round())
    assert told == (set() if trouble else {kind for _, kind, _ in WATCHED_KINDS})
