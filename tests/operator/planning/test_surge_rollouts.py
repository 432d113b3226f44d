"""A rollout without room for one more pod goes on in place; the wait for room does not roll it back."""

from datetime import timedelta
from typing import Any

import pytest

from rollout_world import KEYS, VARIANTS, World

FIRST = KEYS[0]
FULL = "0/2 nodes are available: 1 Insufficient cpu, 1 node(s) didn't match pod affinity rules."
ONE_CPU = {"cpu": "1"}
HALF_THE_DEADLINE = timedelta(seconds=450)


def _roll_out(world: World, **spec: Any) -> None:
    """A complete rollout, and a new revision whose pod waits for room."""
    world.roll_out(**spec)
    world.replace_pods(devices=ONE_CPU)
    world.reconcile(options={"scoreThreshold": "0.9"})


def _wait_for_room(world: World, message: str = FULL, cpu: str = "1") -> None:
    world.add_pod(FIRST, unschedulable_message=message, since=world.now, devices={"cpu": cpu})


def _is_in_place(world: World) -> bool:
    return bool(world.deployment(FIRST)["spec"]["strategy"]["rollingUpdate"]["maxSurge"] == 0)


def test_a_node_without_cpu_is_waited_for_during_half_the_deadline(world: World) -> None:
    _roll_out(world)
    _wait_for_room(world)
    assert world.reconcile().requeue_after == HALF_THE_DEADLINE.total_seconds()
    assert not _is_in_place(world)
    world.now += HALF_THE_DEADLINE
    world.reconcile()
    assert _is_in_place(world)


@pytest.mark.parametrize(
    ("message", "cpu"),
    [
        pytest.param(FULL, "2", id="the new pod requests more than an old one frees"),
        pytest.param("0/2 nodes are available: 2 node(s) had untolerated taint(s).", "1", id="no shortage"),
    ],
)
def test_a_pod_that_fits_nowhere_stops_no_other(world: World, message: str, cpu: str) -> None:
    _roll_out(world)
    _wait_for_room(world, message, cpu)
    world.now += timedelta(hours=1)
    world.reconcile()
    assert not _is_in_place(world)


def test_too_many_pods_on_a_node_are_a_shortage_too(world: World) -> None:
    _roll_out(world)
    _wait_for_room(world, "0/1 nodes are available: 1 Too many pods.")
    world.now += HALF_THE_DEADLINE
    world.reconcile()
    assert _is_in_place(world)


def test_the_wait_for_room_is_not_rolled_back(world: World) -> None:
    _roll_out(world)
    candidate = world.revision(FIRST)
    _wait_for_room(world)
    world.miss_deadline(FIRST, after=0)
    world.reconcile()
    assert world.revision(FIRST) == candidate
    world.now += HALF_THE_DEADLINE
    world.reconcile()
    assert _is_in_place(world)
    # The deadline of the time before still stands in the status of the Deployment.
    world.miss_deadline(FIRST, after=-1)
    world.reconcile()
    assert world.revision(FIRST) == candidate
    world.miss_deadline(FIRST)
    world.reconcile()
    assert world.revision(FIRST) != candidate


def test_once_in_place_a_rollout_stays_so_until_it_ends(world: World) -> None:
    variants = [VARIANTS[0] | {"replicas": 3}, *VARIANTS[1:]]
    world.reconcile(variants=variants)
    world.replace_pods()
    for _ in range(2):
        world.add_pod(FIRST, ready=True, devices=ONE_CPU)
    _roll_out_three(world)
    _wait_for_room(world)
    world.now += HALF_THE_DEADLINE
    world.reconcile()
    assert _is_in_place(world)
    for _ in range(2):
        world.pods[FIRST] = world.pods[FIRST][1:-1]
        world.add_pod(FIRST, ready=True, devices=ONE_CPU)
        _wait_for_room(world)
        world.reconcile()
        assert _is_in_place(world)
    world.pods[FIRST] = ()
    for _ in range(3):
        world.add_pod(FIRST, ready=True, devices=ONE_CPU)
    world.reconcile()
    assert not _is_in_place(world)


def _roll_out_three(world: World) -> None:
    """A new revision of the first variant, of which three old pods run."""
    world.pods[FIRST] = tuple(world.new_pod(FIRST, ready=True, devices=ONE_CPU) for _ in range(3))
    world.reconcile()
    world.reconcile(options={"scoreThreshold": "0.9"})


def test_pods_of_one_volume_wait_as_long_as_for_a_device(
    world: World,
) -> None:
    world.finish_jobs = True
    world.reconcile(models={"source": "Hub"})
    world.reconcile()
    _roll_out(world)
    _wait_for_room(world)
    assert world.reconcile().requeue_after == 60
    world.now += timedelta(seconds=60)
    world.reconcile()
    assert _is_in_place(world)
