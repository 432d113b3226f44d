"""A revision that was rolled back for a cause outside itself is tried again, less and less often."""

from datetime import datetime, timedelta

import pytest

from ocr_operator.api.reasons import Reason
from ocr_operator.observed.rollout_record import Candidate, Record, RolledBack, record
from rollout_world import KEYS, World


def rolled_back(reason: Reason, retries: int = 0) -> RolledBack:
    return RolledBack("abc", str(reason), "", "2026-11-23T12:00:00Z", retries)


@pytest.mark.parametrize(
    ("retries", "minutes"), [(0, 15), (1, 30), (2, 60), (4, 240), (50, 240)], ids=lambda value: str(value)
)
def test_the_wait_doubles_up_to_four_hours(retries: int, minutes: int) -> None:
    start = datetime.fromisoformat("2026-11-23T12:00:00Z")
    retry = rolled_back(Reason.IMAGE_PULL_FAILED, retries).next_retry
    assert retry == start + timedelta(minutes=minutes)


@pytest.mark.parametrize("reason", [Reason.CRASH_LOOPING, Reason.GOLDEN_MISMATCH, Reason.OOM_KILLED])
def test_a_revision_that_is_to_blame_is_not_tried_again(reason: Reason) -> None:
    assert rolled_back(reason).next_retry is None


def test_the_record_keeps_the_number_of_attempts() -> None:
    written = Record(
        candidate=Candidate("abc", "2026-11-23T12:00:00Z", 3), rolled_back=rolled_back(Reason.EVICTED, 2)
    )
    assert record(written.text) == written


def test_a_missing_node_delays_a_rollout_but_does_not_end_it(world: World) -> None:
    old = world.roll_out()
    world.reconcile(options={"scoreThreshold": "0.9"})
    candidate = world.revision(KEYS[0])
    world.add_pod(KEYS[0], unschedulable_message="0/3 nodes are available")
    world.miss_deadline(KEYS[0])
    world.reconcile()
    assert world.revision(KEYS[0]) == old[0]
    world.pods[KEYS[0]] = world.pods[KEYS[0]][:1]
    world.now += timedelta(minutes=14)
    world.reconcile()
    assert world.revision(KEYS[0]) == old[0]
    world.now += timedelta(minutes=2)
    for _ in KEYS:
        world.reconcile()
        world.replace_pods()
    assert world.revision(KEYS[0]) == candidate
