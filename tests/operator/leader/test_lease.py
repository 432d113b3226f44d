"""The rules of the Lease: who may take it, and until when its holder may write."""

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


def test_no_write_is_allowed_before_the_lease_is_acquired_and_after_it_is_released() -> None:
    fence, clock = Fence(Clock()), Clock()
    assert fence.seconds_left() <= 0
    fence.open_from(clock.now)
    assert fence.seconds_left() == lease.FENCE_SECONDS
    fence.close()
    assert fence.seconds_left() <= 0


def test_the_fence_of_a_suspended_holder_falls_before_others_may_take_the_lease() -> None:
    clock = Clock()
    fence, observer = Fence(clock), LeaseObserver(clock)
    fence.open_from(clock.now)
    observer.is_free(_lease())
    clock.now += lease.FENCE_SECONDS
    assert fence.seconds_left() <= 0
    assert not observer.is_free(_lease())


@pytest.mark.parametrize(
    ("spec", "seconds", "free"),
    [
        pytest.param({}, 10.0, False, id="may still be renewed"),
        pytest.param({}, 10.1, True, id="expired"),
        pytest.param({"leaseDurationSeconds": 30}, 10.1, False, id="longer duration"),
        pytest.param({"holderIdentity": ""}, 0.0, True, id="released"),
        pytest.param({"holderIdentity": None}, 0.0, True, id="never held"),
    ],
)
def test_a_lease_is_free_if_it_has_no_holder_or_did_not_change_for_its_duration(
    spec: dict[str, Any], seconds: float, free: bool
) -> None:
    clock = Clock()
    observer = LeaseObserver(clock)
    observer.is_free(_lease(**spec))
    clock.now += seconds
    assert observer.is_free(_lease(**spec)) is free


def test_every_renewal_restarts_the_duration_whatever_its_timestamp() -> None:
    clock = Clock()
    observer = LeaseObserver(clock)
    observer.is_free(_lease("1", renewTime="1999-01-01T00:00:00.000000Z"))
    clock.now += 9
    assert not observer.is_free(_lease("2", renewTime="1999-01-01T00:00:00.000000Z"))
    clock.now += 9
    assert not observer.is_free(_lease("2", renewTime="1999-01-01T00:00:00.000000Z"))


def test_taking_the_lease_counts_a_transition_and_keeps_the_metadata() -> None:
    first = lease.new("labs", "operator", "a", NOW)
    assert first["spec"] == {
        "holderIdentity": "a",
        "leaseDurationSeconds": 10,
        "acquireTime": "2026-11-23T12:00:00.000005Z",
        "renewTime": "2026-11-23T12:00:00.000005Z",
        "leaseTransitions": 0,
    }
    first["metadata"]["resourceVersion"] = "7"
    second = lease.acquired(lease.released(first, NOW), "b", NOW)
    assert second["metadata"] == first["metadata"]
    assert (second["spec"]["holderIdentity"], second["spec"]["leaseTransitions"]) == ("b", 1)


def test_a_renewal_changes_only_the_time() -> None:
    held = lease.new("labs", "operator", "a", NOW)
    later = lease.renewed(held, NOW + timedelta(seconds=2))
    assert later["spec"].pop("renewTime") == "2026-11-23T12:00:02.000005Z"
    assert later["spec"].items() < held["spec"].items()


def test_a_lease_that_another_process_held_in_between_is_not_the_same_hold() -> None:
    held = lease.new("labs", "operator", "a", NOW)
    assert lease.is_same_hold(held, lease.renewed(held, NOW + timedelta(seconds=2)))
    between = lease.acquired(held, "b", NOW)
    assert not lease.is_same_hold(held, between)
    assert not lease.is_same_hold(held, lease.acquired(between, "a", NOW))
    assert not lease.is_same_hold(held, lease.released(held, NOW))


def test_a_lease_has_only_the_given_owner() -> None:
    config_map = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "m", "uid": "u", "labels": {}},
    }
    before = lease.new("labs", "operator", "me", NOW)
    before["metadata"]["ownerReferences"] = [{"name": "another"}]
    owned = lease.owned(before, config_map)
    assert owned["metadata"] == {
        "namespace": "labs",
        "name": "operator",
        "ownerReferences": [{"apiVersion": "v1", "kind": "ConfigMap", "name": "m", "uid": "u"}],
    }
    assert owned["spec"] == before["spec"]


def test_without_an_owner_a_lease_is_unchanged() -> None:
    before = lease.new("labs", "operator", "me", NOW)
    assert lease.owned(before, None) == before


def test_a_leader_has_time_for_a_second_renewal_before_its_fence_falls() -> None:
    assert 2 * lease.CALL_SECONDS < lease.FENCE_SECONDS < lease.LEASE_SECONDS
    assert lease.RETRY_SECONDS + lease.CALL_SECONDS < lease.FENCE_SECONDS
