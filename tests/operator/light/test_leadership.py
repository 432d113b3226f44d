"""Two operators, one Lease: who leads writes, and who does not never does."""

import os
import signal
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from api_relay import ApiRelay
from operator_process import Operator

pytestmark = pytest.mark.light

# The fixture's type lives in conftest.py, which tests cannot import.
Release = Any
Started = Callable[..., AbstractContextManager[Operator]]

CHART = Path(__file__).parents[3] / "chart"
FAILOVER_SECONDS = 20


@pytest.fixture(autouse=True)
def installed(install: Callable[..., None]) -> None:
    install("backends=null", "operator.replicas=2")


def _leads(operator: Operator) -> bool:
    return operator.metric("leader_election_master_status") == 1


def _wait_to_lead(release: Release, operator: Operator, seconds: float = FAILOVER_SECONDS) -> None:
    release.cluster.wait(lambda: _leads(operator), "the operator to lead", seconds)


def test_a_spare_can_be_taken_away_and_added_again(release: Release) -> None:
    """The two ways to replace pods exclude each other's fields, and Helm has to clear them."""
    for replicas, strategy in ((1, "Recreate"), (2, "RollingUpdate")):
        values = f"crds.install=false,backends=null,operator.replicas={replicas}"
        where = ("--namespace", release.namespace)
        release.cluster.helm("upgrade", "ocr", str(CHART), *where, "--set", values)
        [deployment] = release.get("deployments")["items"]
        assert deployment["spec"]["strategy"]["type"] == strategy
        assert deployment["spec"]["replicas"] == replicas


def test_the_second_follows_a_killed_leader_within_20_seconds(release: Release, started: Started) -> None:
    with started() as first:
        _wait_to_lead(release, first)
        with started() as second:
            assert not _leads(second)
            assert second.answer("/readyz") == (200, "ready\n")
            first.kill()
            release.apply()
            _wait_to_lead(release, second)
            release.wait_for("True", "Available")


def test_the_second_follows_a_leader_that_ends_within_10_seconds(release: Release, started: Started) -> None:
    """A look every 2 s, since the lease was given back; the rest is for a busy machine."""
    with started() as first:
        _wait_to_lead(release, first)
        with started() as second:
            first.process.terminate()
            assert first.process.wait(20) == 0
            _wait_to_lead(release, second, 10)


def test_a_leader_that_was_stopped_past_its_lease_never_writes_again(
    release: Release, started: Started, relay: ApiRelay
) -> None:
    """It is stopped in the middle of its writes; the other one leads within 20 s and does the rest.

    When it goes on, it ends within 15 s: it asks for its lease first, or finds its fence fallen.
    """
    names = [f"ocr-{number}" for number in range(8)]
    with started(server=relay.url) as first:
        _wait_to_lead(release, first)
        _stop_at_write(relay, first, 5)
        with started() as second:
            for name in names:
                release.apply(name=name)
            _wait_to_lead(release, second, 60)
            for name in names:
                release.wait_for("True", "Available", name=name)
            before = len(relay.passed)
            relay.choose = lambda request: None
            first.process.send_signal(signal.SIGCONT)
            assert first.process.wait(15) == 1
    assert not [one for one in relay.passed[before:] if _is_write(one)]


def _is_write(request: str) -> bool:
    """About the lease it may ask: the API server says no."""
    return request.split()[0] not in ("GET", "HEAD") and "/leases" not in request


def _stop_at_write(relay: ApiRelay, operator: Operator, number: int) -> None:
    """Has the operator stopped when that write of its comes by; the write itself is passed on."""
    left = [number]

    def choose(request: str) -> None:
        if _is_write(request):
            left[0] -= 1
            if left[0] == 0:
                os.kill(operator.process.pid, signal.SIGSTOP)

    relay.choose = choose


def test_a_leader_whose_lease_is_stolen_ends_within_15_seconds(release: Release, started: Started) -> None:
    """It learns of it when it renews, every 2 s, and then waits for nothing but its own end."""
    with started() as operator:
        _wait_to_lead(release, operator)
        [lease] = release.get("leases")["items"]
        steal = '--patch={"spec":{"holderIdentity":"thief"}}'
        release.kubectl("patch", "lease", lease["metadata"]["name"], "--type=merge", steal)
        assert operator.process.wait(15) == 1
        assert "lost to thief" in operator.log.read_text("utf-8")
    [lease] = release.get("leases")["items"]
    assert lease["spec"]["holderIdentity"] == "thief"
