"""A new image that failed in one variant is not tried on the others."""

from typing import Any

from rollout_world import KEYS, VARIANTS, World

BAD_IMAGE = {"image": {"tag": "bad"}}


def rolled_back(world: World, **facts: Any) -> None:
    """The first variant's candidate is late, and goes."""
    world.surge(KEYS[0], **facts)
    world.late(KEYS[0])
    world.look()
    world.run(KEYS[:1])
    world.look()


def test_an_image_with_which_one_was_taken_back_is_kept_from_the_others(world: World) -> None:
    old = world.serve()
    world.look(**BAD_IMAGE)
    rolled_back(world)
    assert world.revisions() == old
    first, second, third = world.states()
    assert [(one.phase, one.needs_help) for one in (first, second)] == [
        ("RolledBack", True),
        ("Queued", True),
    ]
    assert second.cause is not None
    assert third.cause == second.cause
    assert second.cause.reason == "RolloutHeld"
    assert second.cause.message.startswith(
        "ch/mobile was taken back with the image that this variant would get"
    )
    before = dict(world.children)
    world.look()
    assert world.children == before

    world.look(image={"tag": "good"}, rollout={"maxParallelVariants": 3})
    assert not set(old) & set(world.revisions())


def test_who_wants_no_way_back_has_the_image_tried_on_all(world: World) -> None:
    old = world.serve()
    world.look(**BAD_IMAGE)
    rolled_back(world)
    world.look(rollout={"autoRollback": False, "maxParallelVariants": 3})
    assert not set(old) & set(world.revisions())


def test_an_image_that_only_lacked_a_node_is_tried_on_the_others(world: World) -> None:
    old = world.serve()
    world.look(**BAD_IMAGE)
    rolled_back(world, unscheduled="0/3 nodes are available: 3 Insufficient nvidia.com/gpu.")
    assert world.record(KEYS[0]).rolled_back.reason == "InsufficientDevice"  # type: ignore[union-attr]
    assert [new != before for new, before in zip(world.revisions(), old, strict=True)] == [False, True, False]


def test_one_with_another_image_is_not_held(world: World) -> None:
    """The image for devices is none of those without."""
    on_a_device = {"accelerator": {"resourceName": "nvidia.com/gpu"}}
    old = world.serve(variants=[VARIANTS[0], VARIANTS[1] | on_a_device, VARIANTS[2]])
    world.look(options={"scoreThreshold": "0.6"}, **BAD_IMAGE)
    rolled_back(world)
    assert [new != before for new, before in zip(world.revisions(), old, strict=True)] == [False, True, False]


def test_one_that_serves_nothing_takes_also_such_an_image(world: World) -> None:
    old = world.serve()
    world.look(**BAD_IMAGE)
    rolled_back(world)
    world.run(KEYS[2:], ready=False)
    world.look()
    assert [new != before for new, before in zip(world.revisions(), old, strict=True)] == [False, False, True]
