"""The cache is compared with the API server: late events are awaited, missed changes are found."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from ocr_operator.api.names import NamespacedName
from ocr_operator.cluster.errors import ClusterError
from ocr_operator.controller.cache_check import WATCHED_KINDS, CacheVerifier
from ocr_operator.controller.watchdog import Watchdog

KEY = NamespacedName("labs", "ocr")


class FakeCluster:
    """Stands in for `client.Cluster`: returns the same list for every namespace."""

    def __init__(self, versions: dict[str, int], error: ClusterError | None = None) -> None:
        self._versions = versions
        self._error = error

    async def versions(
        self, api_version: str, kind: str, namespace: str | None, selector: str
    ) -> dict[tuple[str, str], int]:
        if self._error:
            raise self._error
        return {(namespace or "labs", name): version for name, version in self._versions.items()}


class FakeCache:
    """Returns one content after the other, and the last one without end."""

    def __init__(self, *contents: dict[NamespacedName, int]) -> None:
        self._contents = list(contents)

    def versions(self, kind: str) -> Mapping[NamespacedName, int]:
        return self._contents.pop(0) if len(self._contents) > 1 else self._contents[0]


def _differences(
    cluster: Any, cache: FakeCache, kind: str = "Service", *namespaces: str
) -> set[NamespacedName]:
    verifier = CacheVerifier(cluster, cache, Watchdog(), namespaces, event_delay=0)
    return asyncio.run(verifier.differences("v1", kind, ""))


@pytest.mark.parametrize(
    ("listed", "contents", "expected"),
    [
        pytest.param({"ocr": 5}, [{KEY: 5}], set(), id="up to date"),
        pytest.param({"ocr": 5}, [{KEY: 4}], {KEY}, id="an old version stays"),
        pytest.param({"ocr": 5}, [{KEY: 4}, {KEY: 4}, {KEY: 5}], set(), id="a late event"),
        pytest.param({}, [{KEY: 5}], {KEY}, id="a missed deletion"),
        pytest.param({}, [{KEY: 5}, {KEY: 5}, {}], set(), id="a late deletion"),
        pytest.param({}, [{}, {KEY: 5}], set(), id="created after the list"),
    ],
)
def test_only_lasting_differences_count(
    listed: dict[str, int], contents: list[dict[NamespacedName, int]], expected: set[NamespacedName]
) -> None:
    assert _differences(FakeCluster(listed), FakeCache(*contents)) == expected


def test_only_the_names_of_pods_are_compared() -> None:
    assert _differences(FakeCluster({"ocr": 5}), FakeCache({KEY: 0}), "Pod") == set()
    assert _differences(FakeCluster({"ocr": 5}), FakeCache({}), "Pod") == {KEY}


def test_every_watched_namespace_is_listed() -> None:
    differences = _differences(FakeCluster({"ocr": 5}), FakeCache({}), "Service", "a", "b")
    assert differences == {NamespacedName("a", "ocr"), NamespacedName("b", "ocr")}


@pytest.mark.parametrize("status", [pytest.param(404, id="not served"), pytest.param(403, id="forbidden")])
def test_a_kind_that_cannot_be_listed_has_no_differences(status: int) -> None:
    cluster = FakeCluster({}, ClusterError(status, "no"))
    assert _differences(cluster, FakeCache({})) == set()


def test_a_kind_that_is_no_longer_served_has_no_differences() -> None:
    assert _differences(FakeCluster({}, ClusterError(404, "no")), FakeCache({KEY: 5})) == set()


def test_lost_rights_leave_the_watch_of_existing_objects_unverified() -> None:
    with pytest.raises(ClusterError, match="forbidden"):
        _differences(FakeCluster({}, ClusterError(403, "forbidden")), FakeCache({KEY: 5}))


@pytest.mark.parametrize("error", [None, ClusterError(503, "down")])
def test_a_check_verifies_its_kind_unless_the_list_fails(error: ClusterError | None) -> None:
    verified: set[str] = set()
    unknown: set[str] = set()

    class RecordingWatchdog(Watchdog):
        def verified(self, kind: str) -> None:
            verified.add(kind)

        def could_not_verify(self, kind: str) -> None:
            unknown.add(kind)

    class CountingCluster(FakeCluster):
        def __init__(self) -> None:
            super().__init__({}, error)
            self.round_done = asyncio.Event()
            self.kinds: list[str] = []

        async def versions(self, *arguments: Any) -> dict[tuple[str, str], int]:
            self.kinds.append(arguments[1])
            if len(self.kinds) > len(WATCHED_KINDS):
                self.round_done.set()
            return await super().versions(*arguments)

    async def one_round() -> None:
        cluster: Any = CountingCluster()
        verifier = CacheVerifier(
            cluster, FakeCache({}), RecordingWatchdog(stale_seconds=0), (), event_delay=0
        )
        running = asyncio.create_task(verifier.run())
        await asyncio.wait_for(cluster.round_done.wait(), 10)
        running.cancel()

    asyncio.run(one_round())
    kinds = {kind for _, kind, _ in WATCHED_KINDS}
    assert (verified, unknown) == ((set(), kinds) if error else (kinds, set()))
