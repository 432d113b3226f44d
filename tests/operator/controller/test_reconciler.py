"""One reconcile after another, on a cluster in memory."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from ocr_operator.api.names import ObjectReference
from ocr_operator.api.operator_config import OperatorConfig
from ocr_operator.cluster.errors import ClusterError
from ocr_operator.controller.requeue import CONFLICT_SECONDS, Result
from reconciler_world import BACKEND, KEY, ReconcilerWorld

DEPLOYMENT = ObjectReference("apps/v1", "Deployment", "labs", "ocr-ch-mobile")
SERVICE = ObjectReference("v1", "Service", "labs", "ocr-ch-mobile")
UNAVAILABLE = ClusterError(503, "the server is shutting down")

SETTLED = Result(is_settled=True)
STARTING = Result(is_settled=True, requeue_after=960)
"""Pods that never start are late after the progress deadline of 900 s and a minute."""


@pytest.fixture
def world(
    ocrbackend: Callable[..., dict[str, Any]], config: OperatorConfig, now: datetime
) -> ReconcilerWorld:
    return ReconcilerWorld(ocrbackend(ocrVersion="PP-OCRv6", models={"source": "Builtin"}), config, now)


def test_a_repeated_problem_is_one_event_that_counts_its_changes(world: ReconcilerWorld) -> None:
    world.cluster.failing["apply Deployment"] = ClusterError(403, "exceeded quota: small")
    for _ in range(3):
        world.reconcile()
    [event] = world.events()
    assert (event["type"], event["reason"], event["count"]) == ("Warning", "QuotaExceeded", 1)
    assert event["involvedObject"]["uid"] == "uid-1"
    world.cluster.failing["apply Deployment"] = ClusterError(403, "exceeded quota: large")
    world.reconcile()
    [event] = world.events()
    assert event["count"] == 2
    assert "exceeded quota: large" in event["message"]


def test_an_event_that_cannot_be_written_blocks_nothing(world: ReconcilerWorld) -> None:
    world.cluster.failing |= {"apply Event": UNAVAILABLE, "apply Deployment": ClusterError(403, "denied")}
    world.reconcile()
    assert world.condition("Ready") == ("False", "Forbidden")
    assert world.events() == []


def test_the_second_reconcile_sends_no_request(world: ReconcilerWorld) -> None:
    assert world.reconcile() == STARTING
    assert set(world.cluster.objects) == {BACKEND, DEPLOYMENT, SERVICE}
    assert world.reconcile() == STARTING
    assert world.cluster.calls == []


def test_a_watch_that_lags_behind_our_own_writes_causes_no_more_writes(world: ReconcilerWorld) -> None:
    world.cache.break_watches()
    world.reconcile()
    world.reconcile()
    assert world.cluster.calls == []


def test_a_deployment_that_was_paused_by_hand_is_resumed(world: ReconcilerWorld) -> None:
    world.reconcile()
    world.cluster.edit(DEPLOYMENT, "paused", True)
    world.reconcile()
    assert not world.cluster.objects[DEPLOYMENT]["spec"]["paused"]
    world.reconcile()
    assert world.cluster.calls == []


def test_a_deployment_of_a_paused_backend_stays_paused(world: ReconcilerWorld) -> None:
    world.reconcile()
    world.cluster.objects[BACKEND]["spec"]["paused"] = True
    world.cluster.edit(DEPLOYMENT, "paused", True)
    world.reconcile()
    assert world.cluster.objects[DEPLOYMENT]["spec"]["paused"]


@pytest.mark.parametrize(
    ("ref", "field", "value"),
    [
        pytest.param(SERVICE, "selector", {"app": "other"}, id="the selector of a Service"),
        pytest.param(DEPLOYMENT, "replicas", 0, id="the replicas of a Deployment"),
    ],
)
def test_a_write_of_the_same_field_manager_is_reverted(
    world: ReconcilerWorld, ref: ObjectReference, field: str, value: Any
) -> None:
    world.reconcile()
    before = world.cluster.objects[ref]["spec"][field]
    world.cluster.edit(ref, field, value)
    world.reconcile()
    assert world.cluster.objects[ref]["spec"][field] == before
    world.reconcile()
    assert world.cluster.calls == []


def test_a_claim_that_was_expanded_by_hand_is_settled_and_ready(
    ocrbackend: Callable[..., dict[str, Any]], config: OperatorConfig, now: datetime
) -> None:
    world = ReconcilerWorld(ocrbackend(models={"source": "Hub"}), config, now)
    world.reconcile()
    claim = ObjectReference("v1", "PersistentVolumeClaim", "labs", "ocr-models")
    world.cluster.edit(claim, "resources", {"requests": {"storage": "20Gi"}})
    assert world.reconcile().is_settled
    assert world.condition("Reconciled") == ("False", "VolumeDiffers")
    assert world.condition("Degraded") == ("False", "AsExpected")
    assert world.cluster.objects[claim]["spec"]["resources"] == {"requests": {"storage": "20Gi"}}
    [event] = world.events()
    assert (event["type"], event["reason"]) == ("Warning", "VolumeDiffers")
    world.reconcile()
    assert world.cluster.calls == []


def test_a_stale_key_reveals_a_deletion_that_the_watch_missed(world: ReconcilerWorld) -> None:
    world.reconcile()
    world.cache.break_watches()
    del world.cluster.objects[DEPLOYMENT]
    world.reconcile()
    assert DEPLOYMENT not in world.cluster.objects
    world.reconciler.mark_stale(KEY)
    world.reconcile()
    assert DEPLOYMENT in world.cluster.objects


def test_nothing_is_created_for_a_deleted_ocrbackend_that_the_watch_still_reports(
    world: ReconcilerWorld,
) -> None:
    world.cache.break_watches()
    del world.cluster.objects[BACKEND]
    assert world.reconcile() == SETTLED
    assert world.cluster.objects == {}


def test_nothing_is_created_for_an_ocrbackend_that_was_replaced_by_another_of_its_name(
    world: ReconcilerWorld, ocrbackend: Callable[..., dict[str, Any]]
) -> None:
    world.cache.break_watches()
    world.cluster.objects[BACKEND] = ocrbackend(uid="uid-2")
    world.reconcile()
    assert set(world.cluster.objects) == {BACKEND}


def test_nothing_is_created_while_the_ocrbackend_waits_for_its_children(world: ReconcilerWorld) -> None:
    """A foreground deletion, which the watch does not report yet."""
    world.reconcile()
    world.cache.break_watches()
    del world.cluster.objects[DEPLOYMENT]
    world.cluster.objects[BACKEND]["metadata"]["deletionTimestamp"] = "2026-11-23T12:00:00Z"
    world.reconciler.mark_stale(KEY)
    world.reconcile()
    assert DEPLOYMENT not in world.cluster.objects


def test_an_ocrbackend_that_is_being_deleted_is_left_alone(world: ReconcilerWorld) -> None:
    world.cluster.objects[BACKEND]["metadata"]["deletionTimestamp"] = "2026-11-23T12:00:00Z"
    assert world.reconcile() == SETTLED
    assert world.cluster.calls == []


def test_a_deleted_ocrbackend_is_forgotten(world: ReconcilerWorld) -> None:
    world.reconcile()
    world.cluster.objects.clear()
    assert world.reconcile() == SETTLED
    assert world.reconciler.last_applied.applied(KEY) == {}


def test_a_failed_write_does_not_block_the_others(world: ReconcilerWorld) -> None:
    world.cluster.failing["apply Service"] = UNAVAILABLE
    assert world.reconcile() == Result(is_settled=False, requeue_after=960)
    assert DEPLOYMENT in world.cluster.objects
    assert world.condition("Reconciled") == ("False", "ApiError")
    world.cluster.failing.clear()
    assert world.reconcile() == STARTING
    assert SERVICE in world.cluster.objects
    assert world.condition("Reconciled") == ("True", "Applied")


def test_a_write_that_fails_for_minutes_degrades_the_backend_across_restarts(
    world: ReconcilerWorld,
) -> None:
    world.cluster.failing["apply Service"] = UNAVAILABLE
    for minutes, expected in ((0, "AsExpected"), (4, "AsExpected"), (1, "WriteFailed")):
        world.now += timedelta(minutes=minutes)
        assert not world.reconcile().is_settled
        assert world.condition("Degraded")[1] == expected
    world.restart()
    world.reconcile()
    assert world.condition("Degraded") == ("True", "WriteFailed")
    world.cluster.failing.clear()
    world.reconcile()
    assert world.condition("Degraded") == ("False", "AsExpected")


def test_an_object_whose_deletion_never_ends_degrades_the_backend(world: ReconcilerWorld) -> None:
    world.reconcile()
    owner = [{"kind": "OCRBackend", "name": "ocr", "uid": "earlier", "controller": True}]
    world.cluster.objects[SERVICE]["metadata"] |= {"uid": "other", "ownerReferences": owner}
    world.reconciler.last_applied.forget(KEY)
    world.reconcile()
    assert world.condition("Reconciled") == ("False", "Terminating")
    assert world.condition("Degraded") == ("False", "AsExpected")
    world.now += timedelta(minutes=5)
    assert world.reconcile().is_settled
    assert world.condition("Degraded") == ("True", "DeletionStalled")


def test_after_a_failed_write_the_state_is_listed_from_the_api_server(world: ReconcilerWorld) -> None:
    world.reconcile()
    world.cache.break_watches()
    # Our object was replaced by another one, and the watch has not reported it.
    world.cluster.objects[SERVICE]["metadata"] |= {"uid": "other", "ownerReferences": [], "labels": {}}
    world.reconciler.last_applied.forget(KEY)
    assert not world.reconcile().is_settled
    assert world.reconcile() == Result(is_settled=True, requeue_after=CONFLICT_SECONDS)
    assert world.condition("Reconciled") == ("False", "Conflict")
    assert world.cluster.objects[SERVICE]["metadata"]["uid"] == "other"


def test_a_refused_write_is_reported_and_retried(world: ReconcilerWorld) -> None:
    world.cluster.failing["apply Deployment"] = ClusterError(403, "exceeded quota: small")
    assert world.reconcile() == Result(is_settled=False)
    assert world.condition("Ready") == ("False", "QuotaExceeded")
    world.cluster.calls.clear()
    world.reconcile()
    assert "list" not in {verb for verb, _ in world.cluster.calls}


@pytest.mark.parametrize("verb", ["get", "status"])
def test_without_an_api_server_the_reconcile_fails_and_the_next_one_does_everything(
    world: ReconcilerWorld, verb: str
) -> None:
    world.cluster.failing[verb] = UNAVAILABLE
    with pytest.raises(ClusterError, match="shutting down"):
        world.reconcile()
    world.cluster.failing.clear()
    assert world.reconcile() == STARTING
    assert set(world.cluster.objects) == {BACKEND, DEPLOYMENT, SERVICE}
    assert world.condition("Reconciled") == ("True", "Applied")


@pytest.mark.parametrize(
    ("status", "refused"), [(422, {DEPLOYMENT}), (503, set())], ids=["refused", "transient error"]
)
def test_a_refusal_is_remembered_until_the_next_reconcile(
    world: ReconcilerWorld, status: int, refused: set[ObjectReference]
) -> None:
    world.cluster.failing["apply Deployment"] = ClusterError(status, "no")
    world.reconcile()
    assert world.reconciler.last_applied.refused(KEY) == refused
    world.cluster.failing.clear()
    world.reconcile()
    assert world.reconciler.last_applied.refused(KEY) == set()
