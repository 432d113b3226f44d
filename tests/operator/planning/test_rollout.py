"""Which revision each variant runs: its turn, its deadline, and the way back to the last good one."""

import json
from typing import Any

import pytest

from ocr_operator.planning.plan import ref_of
from rollout_world import KEYS, VARIANTS, World

Json = dict[str, Any]

CRASHED: Json = {
    "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}},
    "last": {"terminated": {"exitCode": 137, "reason": "OOMKilled", "finishedAt": "2026-11-23T12:00:00Z"}},
}


NEXT = {"options": {"scoreThreshold": "0.6"}}
LATER = {"options": {"scoreThreshold": "0.7"}}


def test_what_does_not_serve_yet_never_waits(world: World) -> None:
    world.look()
    before = world.revisions()
    world.look(**NEXT)
    assert not set(before) & set(world.revisions())
    assert [state.phase for state in world.states()] == ["Starting"] * 3


def test_one_variant_after_the_other_is_rolled_out_and_the_others_say_what_they_wait_for(
    world: World,
) -> None:
    old = world.serve()
    world.look(**NEXT)
    assert [new != before for new, before in zip(world.revisions(), old, strict=True)] == [True, False, False]
    world.surge(KEYS[0])
    first, second, third = world.states()
    assert (first.phase, second.phase, third.phase) == ("RollingOut", "Queued", "Queued")
    assert second.cause is not None
    assert second.cause.reason == "RolloutQueued"
    assert second.cause.message == (
        "waits for the rollout of ch/mobile (spec.rollout.maxParallelVariants is 1); "
        "the previous revision serves until then"
    )
    assert (second.current, second.last_good) == (old[1], old[1])
    assert second.target not in old
    world.run(KEYS[:1])
    world.look()
    assert [new != before for new, before in zip(world.revisions(), old, strict=True)] == [True, True, False]
    world.run(KEYS[:2])
    world.look()
    world.run()
    assert [state.phase for state in world.states()] == ["Ready"] * 3


@pytest.mark.parametrize("most", [1, 2, 3, 16])
def test_as_many_go_at_once_as_the_spec_says(world: World, most: int) -> None:
    old = world.serve()
    world.look(**NEXT, rollout={"maxParallelVariants": most})
    assert sum(new != before for new, before in zip(world.revisions(), old, strict=True)) == min(most, 3)


def test_one_that_waits_keeps_its_pods_and_takes_all_that_needs_no_new_ones(world: World) -> None:
    world.serve()
    before = world.deployment(KEYS[1])["spec"]["template"]
    more = [one | {"replicas": 3} for one in VARIANTS]
    world.look(**NEXT, variants=more)
    waiting = world.deployment(KEYS[1])["spec"]
    assert (waiting["replicas"], waiting["template"]) == (3, before)


def test_a_variant_without_a_ready_pod_takes_its_change_at_once(world: World) -> None:
    """It may be the change that mends it; the others wait for it as for any."""
    old = world.serve()
    world.look(**NEXT)
    world.run(KEYS[2:], ready=False)
    world.look()
    assert [new != before for new, before in zip(world.revisions(), old, strict=True)] == [True, False, True]
    world.run(KEYS[:1])
    assert world.states()[1].phase == "Queued"


def test_an_edit_on_the_way_takes_the_place_of_the_candidate_and_keeps_its_turn(world: World) -> None:
    old = world.serve()
    world.look(**NEXT)
    candidate = world.revision(KEYS[0])
    world.surge(KEYS[0])
    world.look(**LATER)
    assert world.revision(KEYS[0]) not in (candidate, old[0])
    assert world.revisions()[1:] == old[1:]
    assert world.record(KEYS[0]).good.revision == old[0]  # type: ignore[union-attr]


def test_a_candidate_that_is_late_is_taken_back_with_what_was_seen(world: World) -> None:
    old = world.serve()
    world.look(**NEXT)
    candidate = world.revision(KEYS[0])
    world.surge(KEYS[0], **CRASHED)
    world.look()
    assert world.revision(KEYS[0]) == candidate
    world.late(KEYS[0])
    world.look()
    assert world.revision(KEYS[0]) == old[0]
    world.pods[KEYS[0]] = world.pods[KEYS[0]][:1]
    [state, *_] = world.states()
    assert (state.phase, state.target, state.last_good) == ("RolledBack", candidate, old[0])
    assert state.rolled_back is not None
    assert (state.rolled_back.revision, state.rolled_back.reason) == (candidate, "OOMKilled")
    assert "exit code 137" in state.rolled_back.message
    assert state.cause is not None
    assert state.cause.reason == "RolledBack"
    assert f"revision {candidate} was taken back (OOMKilled: " in state.cause.message
    assert f"revision {old[0]} serves; change the spec" in state.cause.message


def test_what_was_taken_back_stays_so_and_the_next_variant_has_its_turn(world: World) -> None:
    old = world.serve()
    world.look(**NEXT)
    world.surge(KEYS[0])
    world.late(KEYS[0])
    world.look()
    world.run(KEYS[:1])
    world.look()
    assert world.revision(KEYS[0]) == old[0]
    assert world.revision(KEYS[1]) != old[1]
    before = dict(world.children)
    world.look()
    assert world.children == before


def test_where_nothing_serves_it_is_said_that_the_last_good_one_comes_back(world: World) -> None:
    world.serve(rollout={"surge": "Never"})
    world.look(**NEXT)
    world.run(KEYS[:1], ready=False)
    world.late(KEYS[0])
    world.look()
    world.pods[KEYS[0]] = (world.a_pod(KEYS[0]),)
    [state, *_] = world.states()
    assert state.cause is not None
    assert "is on its way back" in state.cause.message
    assert state.phase == "RolledBack"


def test_a_new_revision_is_tried_anew(world: World) -> None:
    world.serve()
    world.look(**NEXT)
    world.surge(KEYS[0])
    world.late(KEYS[0])
    world.look()
    world.run(KEYS[:1])
    old = world.revision(KEYS[0])
    world.look(**LATER, rollout={"maxParallelVariants": 3})
    assert world.revision(KEYS[0]) != old
    assert world.record(KEYS[0]).rolled_back is None


def test_going_back_to_the_good_revision_ends_the_story(world: World) -> None:
    world.serve()
    world.look(**NEXT)
    world.surge(KEYS[0])
    world.late(KEYS[0])
    world.look()
    world.run(KEYS[:1])
    [state, *_] = world.states(options={})
    assert (state.phase, state.rolled_back) == ("Ready", None)


def test_who_wants_no_way_back_has_the_same_revision_tried_again(world: World) -> None:
    world.serve()
    world.look(**NEXT)
    candidate = world.revision(KEYS[0])
    world.surge(KEYS[0])
    world.late(KEYS[0])
    world.look()
    world.run(KEYS[:1])
    world.look(rollout={"autoRollback": False, "maxParallelVariants": 3})
    assert world.revision(KEYS[0]) == candidate


def test_one_whose_models_are_still_to_come_gives_its_turn_to_the_next(world: World) -> None:
    """What needs no new pods is done meanwhile; the others' models are there, since they stay the same."""
    world.finish_jobs = True
    world.look(models={"source": "Hub"}, ocrVersion="PP-OCRv5")
    old = world.serve()
    flat = {"options": {"useTextlineOrientation": False}, "replicas": 2}
    world.finish_jobs = False
    world.look(**NEXT, variants=[VARIANTS[0] | flat, *VARIANTS[1:]])
    assert [new != before for new, before in zip(world.revisions(), old, strict=True)] == [False, True, False]
    assert world.deployment(KEYS[0])["spec"]["replicas"] == 2
    world.finish_jobs = True
    world.run(KEYS[1:2])
    world.run(KEYS[:1])
    world.surge(KEYS[0], ready=True)
    world.look()
    assert [new != before for new, before in zip(world.revisions(), old, strict=True)] == [True, True, False]


def test_one_that_the_api_server_refuses_gives_its_turn_to_the_next(world: World) -> None:
    old = world.serve()
    refused = ref_of(world.deployment(KEYS[0]))
    world.refused = frozenset([refused])
    world.look(**NEXT)
    assert [new != before for new, before in zip(world.revisions(), old, strict=True)] == [False, True, False]
    world.run(KEYS[:2])
    world.look()
    world.run()
    world.look()
    assert not set(old) & set(world.revisions())


def test_an_edit_back_to_the_good_revision_is_no_rollout(world: World) -> None:
    old = world.serve()
    world.look(**NEXT)
    world.surge(KEYS[0])
    world.look(options={})
    assert world.revisions() == old
    assert world.record(KEYS[0]).candidate is None


def test_without_rollback_the_late_one_stays_and_holds_nobody_up(world: World) -> None:
    old = world.serve()
    world.look(**NEXT, rollout={"autoRollback": False})
    world.surge(KEYS[0])
    world.late(KEYS[0])
    world.look()
    assert [new != before for new, before in zip(world.revisions(), old, strict=True)] == [True, True, False]


def test_a_pause_takes_nothing_back(world: World) -> None:
    world.serve()
    world.look(**NEXT)
    world.surge(KEYS[0])
    world.late(KEYS[0])
    [state, *_] = world.states(paused=True)
    assert (state.rolled_back, state.cause and state.cause.reason) == (None, "ProgressDeadlineExceeded")


def test_a_first_revision_has_nothing_to_go_back_to(world: World) -> None:
    world.look()
    before = world.revisions()
    world.run(ready=False)
    world.late(KEYS[0])
    world.look()
    assert world.revisions() == before


def test_a_good_revision_whose_pods_fail_later_is_not_rolled_back(world: World) -> None:
    world.serve()
    world.look(**NEXT, rollout={"maxParallelVariants": 3})
    world.run()
    world.look()
    new = world.revisions()
    world.run(ready=False)
    world.late(KEYS[0])
    world.look()
    assert world.revisions() == new


def test_what_a_deployment_says_of_an_earlier_template_counts_for_nothing(world: World) -> None:
    world.serve()
    world.look(**NEXT)
    candidate = world.revision(KEYS[0])
    world.surge(KEYS[0])
    world.late(KEYS[0], after=-1)
    world.look()
    assert world.revision(KEYS[0]) == candidate


def test_a_revision_that_became_good_while_no_operator_ran_is_the_one_to_go_back_to(world: World) -> None:
    world.serve()
    world.look(**NEXT, rollout={"maxParallelVariants": 3})
    served = world.revision(KEYS[0])
    world.run()
    world.look(**LATER)
    world.surge(KEYS[0])
    world.late(KEYS[0])
    world.look()
    assert world.revision(KEYS[0]) == served


def test_a_deployment_that_remembers_nothing_is_guarded_all_the_same(world: World) -> None:
    """As an operator that knew no turns has left it."""
    old = world.serve()
    for child in world.children.values():
        child["metadata"].pop("annotations", None)
    world.look(**NEXT)
    assert sum(new != before for new, before in zip(world.revisions(), old, strict=True)) == 1
    assert json.loads(world.record(KEYS[1]).text)["good"]["revision"] == old[1]
