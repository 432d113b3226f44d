"""The rules of the lease: who may take it, and until when its holder may write."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ocr_operator.leader import lease
from ocr_operator.leader.lease import Fence, LeaseObserver

NOW = datetime(2026, 11, 23, 12, 0, 0, 5, tzinfo=UTC)


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def _lease(version: str = "1", **spec: Any) -> dict[str, Any]:
    return {"metadata": {"resourceVersion": version}, "spec": {"holderIdentity": "other", **spec}}


def test_nothing_may_be_written_before_the_lease_is_got_and_after_it_is_given_back() -> None:
    fence, clock = Fence(Clock()), Clock()
    assert fence.seconds_left() <= 0
    fence.open_from(clock.now)
    assert fence.seconds_left() == lease.FENCE_SECONDS
    fence.close()
    assert fence.seconds_left() <= 0


def test_a_holder_that_was_stopped_finds_its_fence_fallen_before_others_may_take_the_lease() -> None:
    clock = Clock()
    fence, others = Fence(clock), LeaseObserver(clock)
    fence.open_from(clock.now)
    others.is_free(_lease())
    clock.now += lease.FENCE_SECONDS
    assert fence.seconds_left() <= 0
    assert not others.is_free(_lease())


@pytest.mark.parametrize(
    ("spec", "seconds", "free"),
    [
        pytest.param({}, 10.0, False, id="it may still be renewed"),
        pytest.param({}, 10.1, True, id="it has run out"),
        pytest.param({"leaseDurationSeconds": 30}, 10.1, False, id="its holder asked for longer"),
        pytest.param({"holderIdentity": ""}, 0.0, True, id="it was given back"),
        pytest.param({"holderIdentity": None}, 0.0, True, id="nobody ever held it"),
    ],
)
def test_a_lease_is_free_once_it_has_not_changed_for_its_time(
    spec: dict[str, Any], seconds: float, free: bool
) -> None:
    clock = Clock()
    sightings = LeaseObserver(clock)
    sightings.is_free(_lease(**spec))
    clock.now += seconds
    assert sightings.is_free(_lease(**spec)) is free


def test_a_renewal_starts_the_time_anew_whatever_time_it_writes() -> None:
    clock = Clock()
    sightings = LeaseObserver(clock)
    sightings.is_free(_lease("1", renewTime="1999-01-01T00:00:00.000000Z"))
    clock.now += 9
    assert not sightings.is_free(_lease("2", renewTime="1999-01-01T00:00:00.000000Z"))
    clock.now += 9
    assert not sightings.is_free(_lease("2", renewTime="1999-01-01T00:00:00.000000Z"))


def test_taking_counts_the_transition_and_keeps_what_others_wrote() -> None:
    first = lease.new("labs", "operator", "a", NOW)
    assert first["spec"] == {
        "holderIdentity": "a",
        "leaseDurationSeconds": 10,
        "acquireTime": "2026-11-23T12:00:00.000005Z",
        "renewTime": "2026-11-23T12:00:00.000005Z",
        "leaseTransitions": 0,
    }
    first["metadata"]["resourceVersion"] = "7"
    second = lease.taken(lease.released(first, NOW), "b", NOW)
    assert second["metadata"] == first["metadata"]
    assert (second["spec"]["holderIdentity"], second["spec"]["leaseTransitions"]) == ("b", 1)


def test_renewing_changes_the_time_alone() -> None:
    held = lease.new("labs", "operator", "a", NOW)
    later = lease.renewed(held, NOW + timedelta(seconds=2))
    assert later["spec"].pop("renewTime") == "2026-11-23T12:00:02.000005Z"
    assert later["spec"].items() < held["spec"].items()


def test_a_lease_that_went_through_other_hands_is_not_the_same_hold() -> None:
    mine = lease.new("labs", "operator", "a", NOW)
    assert lease.is_same_hold(mine, lease.renewed(mine, NOW + timedelta(seconds=2)))
    between = lease.taken(mine, "b", NOW)
    assert not lease.is_same_hold(mine, between)
    assert not lease.is_same_hold(mine, lease.taken(between, "a", NOW))
    assert not lease.is_same_hold(mine, lease.released(mine, NOW))


def test_a_lease_goes_with_its_owner_and_with_no_other() -> None:
    map_ = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m", "uid": "u", "labels": {}}}
    before = lease.new("labs", "operator", "me", NOW)
    before["metadata"]["ownerReferences"] = [{"name": "another"}]
    found = lease.owned(before, map_)
    assert found["metadata"] == {
        "namespace": "labs",
        "name": "operator",
        "ownerReferences": [{"apiVersion": "v1", "kind": "ConfigMap", "name": "m", "uid": "u"}],
    }
    assert found["spec"] == before["spec"]


def test_without_an_owner_a_lease_is_left_as_it_is() -> None:
    before = lease.new("labs", "operator", "me", NOW)
    assert lease.owned(before, None) == before
