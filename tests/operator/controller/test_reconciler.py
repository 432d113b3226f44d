"""One look, on a cluster in memory for what a real one does not do at will: lying watches, failing calls."""

import asyncio
import copy
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from ocr_operator.api.names import API_VERSION, FIELD_MANAGER, KIND, NamespacedName, ObjectReference
from ocr_operator.api.operator_config import OperatorConfig
from ocr_operator.cluster.client import ClusterError
from ocr_operator.cluster.optional_apis import FRESH_SECONDS
from ocr_operator.controller.reconciler import IN_THE_WAY_SECONDS, Reconciler, Result
from ocr_operator.observed.observation import observed_object
from ocr_operator.planning.plan import Observed, ref_of

KEY = NamespacedName("labs", "ocr")
BACKEND = ObjectReference(API_VERSION, KIND, *KEY)
DEPLOYMENT = ObjectReference("apps/v1", "Deployment", "labs", "ocr-ch-mobile")
SERVICE = ObjectReference("v1", "Service", "labs", "ocr-ch-mobile")
TROUBLE = ClusterError(503, "the server is shutting down")


class FakeCluster:
    """Stands in for `cluster.Cluster`: keeps objects, and fails where it is told to."""

    def __init__(self) -> None:
        self.objects: dict[ObjectReference, dict[str, Any]] = {}
        self.failing: dict[str, ClusterError] = {}
        self.calls: list[tuple[str, str]] = []
        self.served: set[tuple[str, str]] = set()
        self._version = 100

    def _begin(self, verb: str, kind: str) -> None:
        self.calls.append((verb, kind))
        for told in (verb, f"{verb} {kind}"):
            if told in self.failing:
                raise self.failing[told]

    async def get(self, ref: ObjectReference) -> dict[str, Any] | None:
        self._begin("get", ref.kind)
        return self.objects.get(ref)

    async def list(
        self, api_version: str, kind: str, namespace: str, selector: str = "", *, fields: str = ""
    ) -> list[dict[str, Any]]:
        self._begin("list", kind)
        return [body for ref, body in self.objects.items() if ref.kind == kind]

    async def apply(self, body: dict[str, Any], manager: str = FIELD_MANAGER) -> dict[str, Any]:
        self._begin("apply", body["kind"])
        ref = ref_of(body)
        there = self.objects.get(ref)
        asked = body["metadata"].get("uid")
        if asked and asked != (there or {"metadata": {"uid": None}})["metadata"]["uid"]:
            raise ClusterError(409, f"uid mismatch: {asked}")
        self._version += 1
        metadata = body["metadata"] | {"resourceVersion": str(self._version)}
        metadata["uid"] = asked or f"uid-{self._version}"
        entry = {"manager": manager, "operation": "Apply", "fieldsV1": {"f:spec": {}}}
        self.objects[ref] = copy.deepcopy(body | {"metadata": metadata | {"managedFields": [entry]}})
        return self.objects[ref]

    async def apply_status(self, body: dict[str, Any]) -> dict[str, Any]:
        self._begin("status", body["kind"])
        self._version += 1
        there = copy.deepcopy(self.objects[ref_of(body)])
        there["metadata"]["resourceVersion"] = str(self._version)
        self.objects[ref_of(body)] = there | {"status": body["status"]}
        return self.objects[ref_of(body)]

    async def serves(self, api_version: str, kind: str) -> bool:
        self._begin("serves", kind)
        return (api_version, kind) in self.served

    async def delete(self, ref: ObjectReference, uid: str) -> None:
        self._begin("delete", ref.kind)
        self.objects.pop(ref, None)


class FakeWatched:
    """Shows what the fake cluster has, or had when the watch broke."""

    def __init__(self, cluster: FakeCluster) -> None:
        self._cluster = cluster
        self._seen: dict[ObjectReference, dict[str, Any]] | None = None

    def break_off(self) -> None:
        """From now on it shows nothing new."""
        self._seen = copy.deepcopy(self._cluster.objects)

    @property
    def _objects(self) -> dict[ObjectReference, dict[str, Any]]:
        return self._cluster.objects if self._seen is None else self._seen

    def backend(self, key: NamespacedName) -> dict[str, Any] | None:
        return self._objects.get(BACKEND)

    def observed(self, key: NamespacedName) -> Observed:
        return Observed(
            tuple(
                observed_object(body)
                for ref, body in self._objects.items()
                if ref.kind not in (KIND, "Event")
            )
        )


class World:
    """A reconciler between the two fakes."""

    def __init__(self, backend: dict[str, Any], config: OperatorConfig, now: datetime) -> None:
        self.cluster = FakeCluster()
        self.cluster.objects[BACKEND] = backend
        self.watched = FakeWatched(self.cluster)
        self.reconciler = Reconciler(self.cluster, self.watched, config, lambda: now)  # type: ignore[arg-type]

    def look(self) -> Result:
        self.cluster.calls.clear()
        return asyncio.run(self.reconciler.reconcile(KEY))

    def condition(self, kind: str) -> tuple[str, str]:
        conditions = self.cluster.objects[BACKEND]["status"]["conditions"]
        [found] = [one for one in conditions if one["type"] == kind]
        return found["status"], found["reason"]


@pytest.fixture
def world(ocrbackend: Callable[..., dict[str, Any]], config: OperatorConfig, now: datetime) -> World:
    return World(ocrbackend(ocrVersion="PP-OCRv6", models={"source": "Builtin"}), config, now)


def _events(world: World) -> list[dict[str, Any]]:
    return [body for ref, body in world.cluster.objects.items() if ref.kind == "Event"]


def test_a_trouble_is_told_once_however_often_it_is_looked_at(world: World) -> None:
    world.cluster.failing["apply Deployment"] = ClusterError(403, "exceeded quota: small")
    for _ in range(3):
        world.look()
    [told] = _events(world)
    assert (told["type"], told["reason"], told["count"]) == ("Warning", "QuotaExceeded", 1)
    assert told["involvedObject"]["uid"] == "uid-1"
    world.cluster.failing["apply Deployment"] = ClusterError(403, "exceeded quota: large")
    world.look()
    [told] = _events(world)
    assert told["count"] == 2
    assert "exceeded quota: large" in told["message"]


def test_an_event_that_cannot_be_written_holds_up_nothing(world: World) -> None:
    world.cluster.failing |= {"apply Event": TROUBLE, "apply Deployment": ClusterError(403, "denied")}
    world.look()
    assert world.condition("Ready") == ("False", "Forbidden")
    assert _events(world) == []


def test_the_second_look_asks_and_writes_nothing(world: World) -> None:
    assert world.look() == Result(is_settled=True)
    assert set(world.cluster.objects) == {BACKEND, DEPLOYMENT, SERVICE}
    assert world.look() == Result(is_settled=True)
    assert world.cluster.calls == []


def test_a_watch_that_lags_behind_our_own_writes_makes_no_more_of_them(world: World) -> None:
    world.watched.break_off()
    world.look()
    world.look()
    assert world.cluster.calls == []


def test_a_deletion_that_a_broken_watch_missed_is_seen_by_a_look_at_the_api_server(world: World) -> None:
    world.look()
    world.watched.break_off()
    del world.cluster.objects[DEPLOYMENT]
    world.look()
    assert DEPLOYMENT not in world.cluster.objects
    world.reconciler.mark_stale(KEY)
    world.look()
    assert DEPLOYMENT in world.cluster.objects


def test_nothing_is_made_for_an_object_whose_deletion_the_watch_missed(world: World) -> None:
    world.watched.break_off()
    del world.cluster.objects[BACKEND]
    assert world.look() == Result(is_settled=True)
    assert world.cluster.objects == {}


def test_nothing_is_made_for_an_object_that_has_another_one_behind_its_name(
    world: World, ocrbackend: Callable[..., dict[str, Any]]
) -> None:
    world.watched.break_off()
    world.cluster.objects[BACKEND] = ocrbackend(uid="uid-2")
    world.look()
    assert set(world.cluster.objects) == {BACKEND}


def test_an_object_that_is_being_deleted_is_left_in_peace(world: World) -> None:
    world.cluster.objects[BACKEND]["metadata"]["deletionTimestamp"] = "2026-11-23T12:00:00Z"
    assert world.look() == Result(is_settled=True)
    assert world.cluster.calls == []


def test_an_object_that_is_gone_is_forgotten(world: World) -> None:
    world.look()
    world.cluster.objects.clear()
    assert world.look() == Result(is_settled=True)
    assert world.reconciler.memory.written(KEY) == {}


def test_one_child_that_fails_holds_up_no_other(world: World) -> None:
    world.cluster.failing["apply Service"] = TROUBLE
    assert world.look() == Result(is_settled=False)
    assert DEPLOYMENT in world.cluster.objects
    assert world.condition("Reconciled") == ("False", "ApiError")
    world.cluster.failing.clear()
    assert world.look() == Result(is_settled=True)
    assert SERVICE in world.cluster.objects
    assert world.condition("Reconciled") == ("True", "Applied")


def test_after_a_failure_the_api_server_itself_is_asked(world: World) -> None:
    world.look()
    world.watched.break_off()
    # Somebody put another object in the place of ours, and the watch has not shown it.
    world.cluster.objects[SERVICE]["metadata"] |= {"uid": "other", "ownerReferences": [], "labels": {}}
    world.reconciler.memory.forget(KEY)
    assert not world.look().is_settled
    assert world.look() == Result(is_settled=True, requeue_after=IN_THE_WAY_SECONDS)
    assert world.condition("Reconciled") == ("False", "Conflict")
    assert world.cluster.objects[SERVICE]["metadata"]["uid"] == "other"


def test_a_refused_child_is_told_and_tried_again(world: World) -> None:
    world.cluster.failing["apply Deployment"] = ClusterError(403, "exceeded quota: small")
    assert world.look() == Result(is_settled=False)
    assert world.condition("Ready") == ("False", "QuotaExceeded")


class TestKindThatTheClusterLacks:
    """The cluster has no Prometheus operator."""

    @pytest.fixture
    def monitored(
        self, ocrbackend: Callable[..., dict[str, Any]], config: OperatorConfig, now: datetime
    ) -> Callable[[str], World]:
        """`monitored("Always")`: a world whose OCRBackend asks for a ServiceMonitor in this way."""

        def make(asked: str) -> World:
            models, monitoring = {"source": "Builtin"}, {"serviceMonitor": asked}
            backend = ocrbackend(ocrVersion="PP-OCRv6", models=models, monitoring=monitoring)
            return World(backend, config, now)

        return make

    def test_where_it_must_be_it_is_told_and_looked_for(self, monitored: Callable[[str], World]) -> None:
        world = monitored("Always")
        assert world.look() == Result(is_settled=True, requeue_after=FRESH_SECONDS)
        assert world.condition("Reconciled") == ("False", "ApiMissing")
        assert {ref for ref in world.cluster.objects if ref.kind != "Event"} == {BACKEND, DEPLOYMENT, SERVICE}

    def test_where_it_may_be_it_is_done_without(self, monitored: Callable[[str], World]) -> None:
        world = monitored("Auto")
        assert world.look() == Result(is_settled=True)
        assert world.condition("Reconciled") == ("True", "Applied")
        assert world.look() == Result(is_settled=True)
        assert world.cluster.calls == []

    def test_where_it_is_not_asked_for_nobody_looks_for_it(self, monitored: Callable[[str], World]) -> None:
        world = monitored("Never")
        world.look()
        assert ("serves", "ServiceMonitor") not in world.cluster.calls

    def test_it_is_not_listed(self, monitored: Callable[[str], World]) -> None:
        world = monitored("Auto")
        world.reconciler.mark_stale(KEY)
        world.look()
        assert ("list", "NetworkPolicy") in world.cluster.calls
        assert ("list", "ServiceMonitor") not in world.cluster.calls


@pytest.mark.parametrize("verb", ["get", "status"])
def test_without_an_api_server_the_look_fails_and_the_next_one_does_it_all(world: World, verb: str) -> None:
    world.cluster.failing[verb] = TROUBLE
    with pytest.raises(ClusterError, match="shutting down"):
        world.look()
    world.cluster.failing.clear()
    assert world.look() == Result(is_settled=True)
    assert set(world.cluster.objects) == {BACKEND, DEPLOYMENT, SERVICE}
    assert world.condition("Reconciled") == ("True", "Applied")


@pytest.mark.parametrize(
    ("status", "refused"), [(422, {DEPLOYMENT}), (503, set())], ids=["refused", "in trouble"]
)
def test_what_the_api_server_refuses_is_known_at_the_next_look(
    world: World, status: int, refused: set[ObjectReference]
) -> None:
    world.cluster.failing["apply Deployment"] = ClusterError(status, "no")
    world.look()
    assert world.reconciler.memory.refused(KEY) == refused
    world.cluster.failing.clear()
    world.look()
    assert world.reconciler.memory.refused(KEY) == set()
