"""Which OCRBackends have to be reconciled after an optional kind was installed while the operator runs."""

import asyncio
from datetime import datetime, timedelta

import pytest

from ocr_operator.api.managed_kinds import OPTIONAL_KINDS
from ocr_operator.api.names import NamespacedName
from ocr_operator.cluster.errors import ClusterError
from ocr_operator.cluster.optional_apis import FRESH_SECONDS, OptionalApis
from ocr_operator.controller.optional_api_poller import OptionalApiPoller

OCR, OTHER = NamespacedName("labs", "ocr"), NamespacedName("labs", "other")


class FakeCluster:
    """An API server that serves the optional kinds or not, with these objects, and a clock."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.is_served = False
        self.fails = False
        self.objects: dict[tuple[str, str], int] = {}
        self.listed_namespaces: list[str | None] = []
        self.applied: dict[NamespacedName, NamespacedName] = {}

    async def serves(self, api_version: str, kind: str) -> bool:
        if self.fails:
            raise ClusterError(None, "no response")
        return self.is_served

    async def versions(
        self, api_version: str, kind: str, namespace: str | None, selector: str
    ) -> dict[tuple[str, str], int]:
        self.listed_namespaces.append(namespace)
        if self.fails:
            raise ClusterError(503, "not now")
        return dict(self.objects)


@pytest.fixture
def cluster(now: datetime) -> FakeCluster:
    return FakeCluster(now)


def _started(cluster: FakeCluster, *namespaces: str) -> OptionalApiPoller:
    optional_apis = OptionalApis(cluster.serves, lambda: cluster.now)
    backends = [OCR, OTHER]
    poller = OptionalApiPoller(
        cluster,  # type: ignore[arg-type]
        optional_apis,
        lambda: backends,
        lambda _: cluster.applied,
        namespaces,
    )
    asyncio.run(poller.find_absent())
    return poller


def _changed(cluster: FakeCluster, poller: OptionalApiPoller) -> set[NamespacedName]:
    cluster.now += timedelta(seconds=FRESH_SECONDS + 1)
    return asyncio.run(poller.changed())


def test_a_kind_that_is_served_at_the_start_is_not_polled(cluster: FakeCluster) -> None:
    cluster.is_served = True
    poller = _started(cluster)
    cluster.objects[OCR] = 1
    assert _changed(cluster, poller) == set()
    assert cluster.listed_namespaces == []


def test_a_new_kind_concerns_every_ocrbackend_and_a_changed_object_only_its_own(cluster: FakeCluster) -> None:
    poller = _started(cluster)
    assert _changed(cluster, poller) == set()
    cluster.is_served = True
    assert _changed(cluster, poller) == {OCR, OTHER}
    assert _changed(cluster, poller) == set()
    cluster.objects |= {OCR: 1, OTHER: 1}
    assert _changed(cluster, poller) == {OCR, OTHER}
    cluster.objects[OCR] = 2
    assert _changed(cluster, poller) == {OCR}
    del cluster.objects[OTHER]
    assert _changed(cluster, poller) == {OTHER}
    cluster.is_served = False
    assert _changed(cluster, poller) == {OCR, OTHER}
    assert _changed(cluster, poller) == set()


def test_an_object_that_was_created_and_deleted_between_two_lists_is_missed(cluster: FakeCluster) -> None:
    poller = _started(cluster)
    cluster.is_served = True
    _changed(cluster, poller)
    cluster.applied = {OCR: OCR, OTHER: OTHER}
    cluster.objects[OCR] = 1
    assert _changed(cluster, poller) == {OCR, OTHER}
    assert _changed(cluster, poller) == {OTHER}
    cluster.applied = {OCR: OCR}
    assert _changed(cluster, poller) == set()


def test_a_variants_object_concerns_its_ocrbackend(cluster: FakeCluster) -> None:
    variant = NamespacedName("labs", "ocr-ch-mobile")
    poller = _started(cluster)
    cluster.is_served, cluster.applied, cluster.objects = True, {variant: OCR}, {variant: 1}
    _changed(cluster, poller)
    cluster.objects[variant] = 2
    assert _changed(cluster, poller) == {OCR}
    del cluster.objects[variant]
    assert _changed(cluster, poller) == {OCR}


def test_only_the_watched_namespaces_are_listed(cluster: FakeCluster) -> None:
    poller = _started(cluster, "a", "b")
    cluster.is_served = True
    _changed(cluster, poller)
    assert cluster.listed_namespaces == ["a", "b"] * len(OPTIONAL_KINDS)


def test_a_failed_list_forgets_nothing(cluster: FakeCluster) -> None:
    poller = _started(cluster)
    cluster.is_served = True
    _changed(cluster, poller)
    cluster.fails = True
    assert _changed(cluster, poller) == set()
    cluster.fails, cluster.objects = False, {OCR: 1}
    assert _changed(cluster, poller) == {OCR}


def test_every_optional_kind_is_polled_if_discovery_fails_at_the_start(cluster: FakeCluster) -> None:
    cluster.fails = True
    poller = _started(cluster)
    cluster.fails, cluster.is_served = False, True
    assert _changed(cluster, poller) == {OCR, OTHER}
