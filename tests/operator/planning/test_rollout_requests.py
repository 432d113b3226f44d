"""Annotations by which users request a retry of a rolled back revision, or a rollback."""

import pytest

from ocr_operator.api.names import RETRY_ANNOTATION, ROLLBACK_ANNOTATION
from ocr_operator.api.spec import RolloutRequests
from rollout_world import KEYS, World

FIRST = KEYS[0]
CRASHING = {
    "terminated": {"exitCode": 1, "reason": "Error", "finishedAt": "2026-11-23T11:59:00Z", "message": "x"}
}


def _roll_back_first(world: World) -> tuple[str, str]:
    """The last good revision of the first variant, and the one that it was rolled back from."""
    [good, *_] = world.roll_out()
    world.reconcile(options={"scoreThreshold": "0.9"})
    candidate = world.revision(FIRST)
    world.add_pod(FIRST, restarts=3, state=CRASHING)
    world.miss_deadline(FIRST)
    world.reconcile()
    world.pods[FIRST] = world.pods[FIRST][:1]
    assert world.revision(FIRST) == good
    return good, candidate


def test_a_retry_starts_a_rolled_back_revision_at_once_whatever_the_cause(world: World) -> None:
    _, candidate = _roll_back_first(world)
    rolled_back = world.record(FIRST).rolled_back
    assert rolled_back is not None
    assert rolled_back.next_retry is None
    world.annotations = {RETRY_ANNOTATION: "1"}
    _let_others_finish(world)
    assert world.revision(FIRST) == candidate
    assert world.record(FIRST).retry == "1"


def _let_others_finish(world: World) -> None:
    """Reconciles until every variant had its turn; only the first never becomes ready."""
    for _ in KEYS:
        world.reconcile()
        world.replace_pods(KEYS[1:])


def test_a_retry_is_honoured_once(world: World) -> None:
    good, _ = _roll_back_first(world)
    world.annotations = {RETRY_ANNOTATION: "1"}
    _let_others_finish(world)
    world.add_pod(FIRST, restarts=3, state=CRASHING)
    world.miss_deadline(FIRST)
    world.reconcile()
    world.pods[FIRST] = world.pods[FIRST][:1]
    for _ in range(3):
        world.reconcile()
        assert world.revision(FIRST) == good


def test_a_retry_before_anything_was_rolled_back_does_not_wait_for_a_rollback(world: World) -> None:
    world.annotations = {RETRY_ANNOTATION: "1"}
    good, _ = _roll_back_first(world)
    world.reconcile()
    assert world.revision(FIRST) == good


def test_a_retry_that_has_to_queue_is_honoured_at_its_turn(world: World) -> None:
    _, candidate = _roll_back_first(world)
    world.reconcile()
    [rolling] = [key for key in KEYS[1:] if world.record(key).candidate]
    world.annotations = {RETRY_ANNOTATION: f"{FIRST}=1"}
    world.reconcile()
    assert world.revision(FIRST) != candidate
    assert world.record(FIRST).retry == ""
    world.replace_pods([rolling])
    world.reconcile()
    assert world.revision(FIRST) == candidate


def test_a_request_for_another_variant_changes_nothing(world: World) -> None:
    good, _ = _roll_back_first(world)
    world.annotations = {RETRY_ANNOTATION: f"{KEYS[1]}=1"}
    world.reconcile()
    assert world.revision(FIRST) == good


def test_a_rollback_ends_a_rollout_and_keeps_the_waiting_variants(world: World) -> None:
    old = world.roll_out()
    world.reconcile(options={"scoreThreshold": "0.9"})
    assert world.revision(FIRST) != old[0]
    world.annotations = {ROLLBACK_ANNOTATION: "1"}
    for _ in range(3):
        world.reconcile()
        assert world.revisions() == old
    rolled_back = world.record(FIRST).rolled_back
    assert rolled_back is not None
    assert rolled_back.reason == "RollbackRequested"
    assert rolled_back.next_retry is None
    state = world.states()[0]
    assert state.cause is not None
    assert state.cause.reason == "RolledBack"


@pytest.mark.parametrize("auto_rollback", [True, False])
def test_a_rollback_lasts_until_the_spec_changes_or_a_retry_is_requested(
    world: World, auto_rollback: bool
) -> None:
    rollout = {"autoRollback": auto_rollback}
    old = world.roll_out(rollout=rollout)
    world.reconcile(options={"scoreThreshold": "0.9"})
    candidate = world.revision(FIRST)
    world.annotations = {ROLLBACK_ANNOTATION: "1"}
    world.reconcile()
    world.annotations = {}
    world.reconcile()
    assert world.revisions() == old
    world.annotations = {RETRY_ANNOTATION: "2"}
    world.reconcile()
    assert world.revision(FIRST) == candidate
    world.reconcile(options={"scoreThreshold": "0.8"})
    assert world.revision(FIRST) not in (candidate, old[0])


def test_a_complete_rollout_is_not_rolled_back(world: World) -> None:
    old = world.roll_out()
    world.annotations = {ROLLBACK_ANNOTATION: "1"}
    world.reconcile()
    assert world.revisions() == old
    assert world.record(FIRST).rolled_back is None
    assert world.record(FIRST).rollback == "1"


def test_of_two_new_requests_the_rollback_counts(world: World) -> None:
    old = world.roll_out()
    world.reconcile(options={"scoreThreshold": "0.9"})
    world.annotations = {ROLLBACK_ANNOTATION: "1", RETRY_ANNOTATION: "1"}
    for _ in range(3):
        world.reconcile()
        assert world.revisions() == old


def test_requests_during_a_pause_are_honoured_after_it(world: World) -> None:
    old = world.roll_out()
    world.reconcile(options={"scoreThreshold": "0.9"})
    candidate = world.revision(FIRST)
    world.annotations = {ROLLBACK_ANNOTATION: "1"}
    world.reconcile(paused=True)
    assert world.revision(FIRST) == candidate
    world.reconcile(paused=False)
    assert world.revision(FIRST) == old[0]


def test_a_request_names_one_variant_or_none() -> None:
    assert RolloutRequests("1", "ch=2").of_variant("ch") == RolloutRequests("1", "2")
    assert RolloutRequests("1", "ch=2").of_variant("en") == RolloutRequests("1", "")
