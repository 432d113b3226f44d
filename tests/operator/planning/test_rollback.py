"""A revision that misses its deadline is rolled back to the last good one."""

from typing import Any

from rollout_world import KEYS, World

Json = dict[str, Any]

CRASHED: Json = {
    "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}},
    "last": {"terminated": {"exitCode": 137, "reason": "OOMKilled", "finishedAt": "2026-11-23T12:00:00Z"}},
}
NEXT = {"options": {"scoreThreshold": "0.6"}}
LATER = {"options": {"scoreThreshold": "0.7"}}


def test_a_late_candidate_is_rolled_back_with_its_cause(world: World) -> None:
    old = world.roll_out()
    world.reconcile(**NEXT)
    candidate = world.revision(KEYS[0])
    world.add_pod(KEYS[0], **CRASHED)
    world.reconcile()
    assert world.revision(KEYS[0]) == candidate
    world.miss_deadline(KEYS[0])
    world.reconcile()
    assert world.revision(KEYS[0]) == old[0]
    world.pods[KEYS[0]] = world.pods[KEYS[0]][:1]
    [state, *_] = world.states()
    assert (state.phase, state.target, state.last_good) == ("RolledBack", candidate, old[0])
    assert state.rolled_back is not None
    assert (state.rolled_back.revision, state.rolled_back.reason) == (candidate, "OOMKilled")
    assert "exit code 137" in state.rolled_back.message
    assert state.cause is not None
    assert state.cause.reason == "RolledBack"
    assert f"rolled back from revision {candidate} (OOMKilled: " in state.cause.message
    assert f"revision {old[0]} serves; change the spec" in state.cause.message


def test_after_a_rollback_the_next_variant_is_rolled_out(world: World) -> None:
    old = world.roll_out()
    world.reconcile(**NEXT)
    world.add_pod(KEYS[0])
    world.miss_deadline(KEYS[0])
    world.reconcile()
    world.replace_pods(KEYS[:1])
    world.reconcile()
    assert world.revision(KEYS[0]) == old[0]
    assert world.revision(KEYS[1]) != old[1]
    before = dict(world.objects)
    world.reconcile()
    assert world.objects == before


def test_a_rollback_without_ready_pods_restores_the_last_good_revision(world: World) -> None:
    world.roll_out(rollout={"surge": "Never"})
    world.reconcile(**NEXT)
    world.replace_pods(KEYS[:1], ready=False)
    world.miss_deadline(KEYS[0])
    world.reconcile()
    world.pods[KEYS[0]] = (world.new_pod(KEYS[0]),)
    [state, *_] = world.states()
    assert state.cause is not None
    assert "; restoring revision " in state.cause.message
    assert state.phase == "RolledBack"


def test_a_new_revision_is_rolled_out_after_a_rollback(world: World) -> None:
    world.roll_out()
    world.reconcile(**NEXT)
    world.add_pod(KEYS[0])
    world.miss_deadline(KEYS[0])
    world.reconcile()
    world.replace_pods(KEYS[:1])
    old = world.revision(KEYS[0])
    world.reconcile(**LATER, rollout={"maxParallelVariants": 3})
    assert world.revision(KEYS[0]) != old
    assert world.record(KEYS[0]).rolled_back is None


def test_an_edit_back_to_the_last_good_revision_clears_the_rollback(world: World) -> None:
    world.roll_out()
    world.reconcile(**NEXT)
    world.add_pod(KEYS[0])
    world.miss_deadline(KEYS[0])
    world.reconcile()
    world.replace_pods(KEYS[:1])
    [state, *_] = world.states(options={})
    assert (state.phase, state.rolled_back) == ("Ready", None)


def test_switching_automatic_rollback_off_rolls_the_revision_out_again(world: World) -> None:
    world.roll_out()
    world.reconcile(**NEXT)
    candidate = world.revision(KEYS[0])
    world.add_pod(KEYS[0])
    world.miss_deadline(KEYS[0])
    world.reconcile()
    world.replace_pods(KEYS[:1])
    world.reconcile(rollout={"autoRollback": False, "maxParallelVariants": 3})
    assert world.revision(KEYS[0]) == candidate


def test_without_automatic_rollback_a_late_variant_stays_and_blocks_no_other(world: World) -> None:
    old = world.roll_out()
    world.reconcile(**NEXT, rollout={"autoRollback": False})
    world.add_pod(KEYS[0])
    world.miss_deadline(KEYS[0])
    world.reconcile()
    assert [new != before for new, before in zip(world.revisions(), old, strict=True)] == [True, True, False]


def test_nothing_is_rolled_back_during_a_pause(world: World) -> None:
    world.roll_out()
    world.reconcile(**NEXT)
    world.add_pod(KEYS[0])
    world.miss_deadline(KEYS[0])
    [state, *_] = world.states(paused=True)
    assert (state.rolled_back, state.cause and state.cause.reason) == (None, "ProgressDeadlineExceeded")


def test_a_first_revision_is_never_rolled_back(world: World) -> None:
    world.reconcile()
    before = world.revisions()
    world.replace_pods(ready=False)
    world.miss_deadline(KEYS[0])
    world.reconcile()
    assert world.revisions() == before


def test_a_good_revision_whose_pods_fail_later_is_not_rolled_back(world: World) -> None:
    world.roll_out()
    world.reconcile(**NEXT, rollout={"maxParallelVariants": 3})
    world.replace_pods()
    world.reconcile()
    new = world.revisions()
    world.replace_pods(ready=False)
    world.miss_deadline(KEYS[0])
    world.reconcile()
    assert world.revisions() == new


def test_the_deadline_of_an_earlier_template_is_ignored(world: World) -> None:
    world.roll_out()
    world.reconcile(**NEXT)
    candidate = world.revision(KEYS[0])
    world.add_pod(KEYS[0])
    world.miss_deadline(KEYS[0], after=-1)
    world.reconcile()
    assert world.revision(KEYS[0]) == candidate


def test_a_revision_that_became_good_without_an_operator_is_the_last_good_one(world: World) -> None:
    world.roll_out()
    world.reconcile(**NEXT, rollout={"maxParallelVariants": 3})
    served = world.revision(KEYS[0])
    world.replace_pods()
    world.reconcile(**LATER)
    world.add_pod(KEYS[0])
    world.miss_deadline(KEYS[0])
    world.reconcile()
    assert world.revision(KEYS[0]) == served
