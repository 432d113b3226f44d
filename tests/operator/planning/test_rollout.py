"""Which revision each variant runs while rollouts queue."""

import json
from datetime import datetime, timedelta

import pytest

from ocr_operator.planning.steps import ref_of
from rollout_world import KEYS, VARIANTS, World

NEXT = {"options": {"scoreThreshold": "0.6"}}
LATER = {"options": {"scoreThreshold": "0.7"}}
UNALIGNED = {"options": {"useTextlineOrientation": False}}


def test_a_variant_without_ready_pods_never_queues(world: World) -> None:
    world.reconcile()
    before = world.revisions()
    world.reconcile(**NEXT)
    assert not set(before) & set(world.revisions())
    assert [state.phase for state in world.states()] == ["Starting"] * 3


def test_variants_are_rolled_out_one_after_the_other(
    world: World,
) -> None:
    old = world.roll_out()
    world.reconcile(**NEXT)
    assert [new != before for new, before in zip(world.revisions(), old, strict=True)] == [True, False, False]
    world.add_pod(KEYS[0])
    first, second, third = world.states()
    assert (first.phase, second.phase, third.phase) == ("RollingOut", "Queued", "Queued")
    assert second.cause is not None
    assert second.cause.reason == "RolloutQueued"
    assert second.cause.message == (
        "waiting for the rollout of ch-mobile (spec.rollout.maxParallelVariants is 1); "
        "the previous revision serves until then"
    )
    assert (second.current, second.last_good) == (old[1], old[1])
    assert second.target not in old
    world.replace_pods(KEYS[:1])
    world.reconcile()
    assert [new != before for new, before in zip(world.revisions(), old, strict=True)] == [True, True, False]
    world.replace_pods(KEYS[:2])
    world.reconcile()
    world.replace_pods()
    assert [state.phase for state in world.states()] == ["Ready"] * 3


@pytest.mark.parametrize("limit", [1, 2, 3, 16])
def test_as_many_rollouts_run_in_parallel_as_the_spec_allows(world: World, limit: int) -> None:
    old = world.roll_out()
    world.reconcile(**NEXT, rollout={"maxParallelVariants": limit})
    assert sum(new != before for new, before in zip(world.revisions(), old, strict=True)) == min(limit, 3)


def test_a_queued_variant_keeps_its_pod_template_and_gets_other_changes(world: World) -> None:
    world.roll_out()
    before = world.deployment(KEYS[1])["spec"]["template"]
    scaled = [variant | {"replicas": 3} for variant in VARIANTS]
    world.reconcile(**NEXT, variants=scaled)
    waiting = world.deployment(KEYS[1])["spec"]
    assert (waiting["replicas"], waiting["template"]) == (3, before)


def test_a_variant_without_a_ready_pod_is_changed_at_once(world: World) -> None:
    """The change may repair it; the others still wait for it."""
    old = world.roll_out()
    world.reconcile(**NEXT)
    world.replace_pods(KEYS[2:], ready=False)
    world.reconcile()
    assert [new != before for new, before in zip(world.revisions(), old, strict=True)] == [True, False, True]
    world.replace_pods(KEYS[:1])
    assert world.states()[1].phase == "Queued"


def test_an_edit_during_a_rollout_replaces_the_candidate(world: World) -> None:
    old = world.roll_out()
    world.reconcile(**NEXT)
    candidate = world.revision(KEYS[0])
    world.add_pod(KEYS[0])
    world.reconcile(**LATER)
    assert world.revision(KEYS[0]) not in (candidate, old[0])
    assert world.revisions()[1:] == old[1:]
    assert world.record(KEYS[0]).good.revision == old[0]  # type: ignore[union-attr]


def test_a_variant_without_models_does_not_block_the_next(world: World) -> None:
    """Changes that need no new pods are applied; the other variants keep their models."""
    world.finish_jobs = True
    world.reconcile(models={"source": "Hub"}, ocrVersion="PP-OCRv5")
    old = world.roll_out()
    flat = UNALIGNED | {"replicas": 2}
    world.finish_jobs = False
    world.reconcile(**NEXT, variants=[VARIANTS[0] | flat, *VARIANTS[1:]])
    assert [new != before for new, before in zip(world.revisions(), old, strict=True)] == [False, True, False]
    assert world.deployment(KEYS[0])["spec"]["replicas"] == 2
    world.finish_jobs = True
    world.replace_pods(KEYS[1:2])
    world.replace_pods(KEYS[:1])
    world.add_pod(KEYS[0], ready=True)
    world.reconcile()
    assert [new != before for new, before in zip(world.revisions(), old, strict=True)] == [True, True, False]


def test_a_refused_deployment_does_not_block_the_next_variant(world: World) -> None:
    old = world.roll_out()
    refused = ref_of(world.deployment(KEYS[0]))
    world.refused = frozenset([refused])
    world.reconcile(**NEXT)
    assert [new != before for new, before in zip(world.revisions(), old, strict=True)] == [False, True, False]
    world.replace_pods(KEYS[:2])
    world.reconcile()
    world.replace_pods()
    world.reconcile()
    assert not set(old) & set(world.revisions())


def test_an_edit_back_to_the_last_good_revision_is_no_rollout(world: World) -> None:
    old = world.roll_out()
    world.reconcile(**NEXT)
    world.add_pod(KEYS[0])
    world.reconcile(options={})
    assert world.revisions() == old
    assert world.record(KEYS[0]).candidate is None


def test_a_deployment_without_a_record_is_protected_too(world: World) -> None:
    """Older operators wrote no record."""
    old = world.roll_out()
    for child in world.objects.values():
        child["metadata"].pop("annotations", None)
    world.reconcile(**NEXT)
    assert sum(new != before for new, before in zip(world.revisions(), old, strict=True)) == 1
    assert json.loads(world.record(KEYS[1]).text)["good"]["revision"] == old[1]


def test_a_revision_is_good_once_all_its_pods_are_ready(world: World) -> None:
    """With one ready pod of three, neither it is good nor the next variant starts."""
    old = world.roll_out(variants=[VARIANTS[0] | {"replicas": 3}, *VARIANTS[1:]])
    for _ in range(2):
        world.add_pod(KEYS[0], ready=True)
    world.reconcile()
    world.reconcile(**NEXT)
    world.replace_pods(KEYS[:1])
    for ready in (False, True):
        world.add_pod(KEYS[0], ready=ready)
        world.reconcile()
        assert (world.revisions()[1:], _good(world)) == (old[1:], old[0])
    world.pods[KEYS[0]] = ()
    world.replace_pods(KEYS[:1])
    for _ in range(2):
        world.add_pod(KEYS[0], ready=True)
    world.reconcile()
    assert _good(world) == world.revision(KEYS[0]) != old[0]
    assert world.revision(KEYS[1]) != old[1]


def test_a_variant_that_does_not_serve_and_has_no_models_does_not_block_the_next(world: World) -> None:
    world.finish_jobs = True
    world.reconcile(models={"source": "Hub"}, ocrVersion="PP-OCRv5")
    old = world.roll_out()
    world.replace_pods(KEYS[:1], ready=False)
    world.finish_jobs = False
    world.reconcile(**NEXT, variants=[VARIANTS[0] | UNALIGNED, *VARIANTS[1:]])
    assert [new != before for new, before in zip(world.revisions(), old, strict=True)] == [False, True, False]


def test_an_edit_during_a_rollout_starts_the_deadline_again(world: World) -> None:
    world.roll_out()
    world.reconcile(**NEXT)
    world.add_pod(KEYS[0])
    started = world.record(KEYS[0]).candidate
    world.now += timedelta(minutes=9)
    world.reconcile(**LATER)
    restarted = world.record(KEYS[0]).candidate
    assert started
    assert restarted
    assert datetime.fromisoformat(restarted.since) - datetime.fromisoformat(started.since) == timedelta(
        minutes=9
    )


def _good(world: World) -> str:
    good = world.record(KEYS[0]).good
    assert good
    return good.revision
