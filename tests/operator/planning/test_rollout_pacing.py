"""A rollout that other OCRBackends are ahead of waits; what does not serve yet starts at once."""

from datetime import timedelta

from rollout_world import KEYS, World

NEW_IMAGE = {"image": {"tag": "new"}}
AHEAD = ("labs/a", "labs/b", "labs/c", "labs/d")


def test_a_rollout_waits_for_other_ocrbackends_without_being_late(world: World) -> None:
    old = world.roll_out()
    world.ahead = AHEAD
    plan = world.reconcile(**NEW_IMAGE)
    assert world.revisions() == old
    assert plan.requeue_after == 5
    world.now += timedelta(hours=3)
    first = world.states()[0]
    assert (first.phase, first.needs_action) == ("Queued", False)
    assert first.cause is not None
    assert first.cause.reason == "RolloutQueued"
    assert first.cause.message == (
        "waiting for the rollouts of 4 other OCRBackends (labs/a, labs/b, labs/c, …): the operator's "
        "--max-concurrent-rollouts; the previous revision serves until then"
    )


def test_it_starts_when_there_is_room_and_then_ends(world: World) -> None:
    old = world.roll_out()
    world.ahead = AHEAD
    world.reconcile(**NEW_IMAGE)
    world.ahead = ()
    world.reconcile()
    assert [new != before for new, before in zip(world.revisions(), old, strict=True)] == [True, False, False]
    # Others that start meanwhile do not stop the remaining variants.
    world.ahead = AHEAD
    world.reconcile(rollout={"maxParallelVariants": 2})
    assert [new != before for new, before in zip(world.revisions(), old, strict=True)] == [True, True, False]


def test_a_first_rollout_does_not_wait(world: World) -> None:
    world.ahead = AHEAD
    world.reconcile()
    assert len(world.revisions()) == len(KEYS)
