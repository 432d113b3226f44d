"""A new image that failed in one variant is not tried on the others."""

from typing import Any

from rollout_world import KEYS, VARIANTS, World

BAD_IMAGE = {"image": {"tag": "bad"}}


def roll_back(world: World, **facts: Any) -> None:
    """The first variant misses its deadline and is rolled back."""
    world.add_pod(KEYS[0], **facts)
    world.miss_deadline(KEYS[0])
    world.reconcile()
    world.replace_pods(KEYS[:1])
    world.reconcile()


def test_an_image_that_caused_a_rollback_is_held_for_the_other_variants(world: World) -> None:
    old = world.roll_out()
    world.reconcile(**BAD_IMAGE)
    roll_back(world)
    assert world.revisions() == old
    first, second, third = world.states()
    assert [(state.phase, state.needs_action) for state in (first, second)] == [
        ("RolledBack", True),
        ("Queued", True),
    ]
    assert second.cause is not None
    assert third.cause == second.cause
    assert second.cause.reason == "RolloutHeld"
    assert second.cause.message.startswith(
        "ch-mobile was rolled back with the image that this variant would get"
    )
    before = dict(world.objects)
    world.reconcile()
    assert world.objects == before

    world.reconcile(image={"tag": "good"}, rollout={"maxParallelVariants": 3})
    assert not set(old) & set(world.revisions())


def test_without_automatic_rollback_no_image_is_held(world: World) -> None:
    old = world.roll_out()
    world.reconcile(**BAD_IMAGE)
    roll_back(world)
    world.reconcile(rollout={"autoRollback": False, "maxParallelVariants": 3})
    assert not set(old) & set(world.revisions())


def test_an_image_is_not_held_if_the_cause_was_external(world: World) -> None:
    old = world.roll_out()
    world.reconcile(**BAD_IMAGE)
    roll_back(world, unschedulable_message="0/3 nodes are available: 3 Insufficient nvidia.com/gpu.")
    assert world.record(KEYS[0]).rolled_back.reason == "InsufficientDevice"  # type: ignore[union-attr]
    assert [new != before for new, before in zip(world.revisions(), old, strict=True)] == [False, True, False]


def test_a_variant_with_another_image_is_not_held(world: World) -> None:
    """Variants with devices have another image."""
    with_device = {"accelerator": {"resourceName": "nvidia.com/gpu"}}
    old = world.roll_out(variants=[VARIANTS[0], VARIANTS[1] | with_device, VARIANTS[2]])
    world.reconcile(options={"scoreThreshold": "0.6"}, **BAD_IMAGE)
    roll_back(world)
    assert [new != before for new, before in zip(world.revisions(), old, strict=True)] == [False, True, False]


def test_a_variant_without_ready_pods_is_not_held(world: World) -> None:
    old = world.roll_out()
    world.reconcile(**BAD_IMAGE)
    roll_back(world)
    world.replace_pods(KEYS[2:], ready=False)
    world.reconcile()
    assert [new != before for new, before in zip(world.revisions(), old, strict=True)] == [False, False, True]
