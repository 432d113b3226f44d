"""Two operators and one Lease: only the leader writes."""

import os
import signal
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from api_relay import ApiRelay
from ocr_operator.api.names import NAMESPACE_CLAIM
from operator_process import Operator

pytestmark = pytest.mark.light

# The fixture's type lives in conftest.py, which tests cannot import.
Release = Any
StartOperator = Callable[..., AbstractContextManager[Operator]]

CHART = Path(__file__).parents[3] / "chart"
FAILOVER_SECONDS = 20


@pytest.fixture(autouse=True)
def installed(install: Callable[..., None]) -> None:
    install("defaultBackend.enabled=false", "operator.replicas=2")


def _leads(operator: Operator) -> bool:
    return operator.metric("leader_election_master_status") == 1


def _wait_to_lead(release: Release, operator: Operator, seconds: float = FAILOVER_SECONDS) -> None:
    release.cluster.wait(lambda: _leads(operator), "the operator to lead", seconds)


def test_a_standby_can_be_removed_and_added(release: Release) -> None:
    """The two update strategies exclude each other's fields, which Helm has to remove."""
    for replicas, strategy in ((1, "Recreate"), (2, "RollingUpdate")):
        values = f"crds.install=false,defaultBackend.enabled=false,operator.replicas={replicas}"
        namespace = ("--namespace", release.namespace)
        release.cluster.helm("upgrade", "ocr", str(CHART), *namespace, "--set", values)
        [deployment] = release.get("deployments")["items"]
        assert deployment["spec"]["strategy"]["type"] == strategy
        assert deployment["spec"]["replicas"] == replicas


def test_a_standby_replaces_a_killed_leader_within_20_seconds(
    release: Release, start_operator: StartOperator
) -> None:
    with start_operator() as first:
        _wait_to_lead(release, first)
        with start_operator() as second:
            assert not _leads(second)
            assert second.get("/readyz") == (200, "ready\n")
            first.kill()
            release.apply()
            _wait_to_lead(release, second)
            release.wait_for("True", "Available")


def test_a_standby_replaces_a_terminated_leader_within_10_seconds(
    release: Release, start_operator: StartOperator
) -> None:
    """It tries every 2 s, and the Lease was released; the rest is for a busy machine."""
    with start_operator() as first:
        _wait_to_lead(release, first)
        with start_operator() as second:
            first.process.terminate()
            assert first.process.wait(20) == 0
            _wait_to_lead(release, second, 10)


def test_a_frozen_leader_never_writes_after_its_lease_expired(
    release: Release, start_operator: StartOperator, relay: ApiRelay
) -> None:
    """It freezes between writes; the other operator leads within 20 s and completes the work.

    When it resumes, it exits within 15 s: it renews its Lease first, or its fence has closed. Only a request
    that was on its way as it froze may still arrive; the leader reverts it like any other change.
    """
    names = [f"ocr-{number}" for number in range(8)]
    with start_operator(server=relay.url) as first:
        _wait_to_lead(release, first)
        _stop_at_write(relay, first, 5)
        with start_operator() as second:
            for name in names:
                release.apply(name=name)
            _wait_to_lead(release, second, 60)
            for name in names:
                release.wait_for("True", "Available", name=name)
            before = len(relay.requests)
            relay.choose = lambda request: None
            first.process.send_signal(signal.SIGCONT)
            assert first.process.wait(15) == 1
    assert len([request for request in relay.requests[before:] if _is_write(request)]) <= 1


def _is_write(request: str) -> bool:
    """Writes to the Lease do not count: the API server rejects them."""
    return request.split()[0] not in ("GET", "HEAD") and "/leases" not in request


def _stop_at_write(relay: ApiRelay, operator: Operator, number: int) -> None:
    """Freezes the operator at its write of this number; the write itself is forwarded."""
    remaining = [number]

    def choose(request: str) -> None:
        if _is_write(request):
            remaining[0] -= 1
            if remaining[0] == 0:
                os.kill(operator.process.pid, signal.SIGSTOP)

    relay.choose = choose


def _lease(release: Release) -> dict[str, Any]:
    """The Lease of the election."""
    leases = release.get("leases")["items"]
    [lease] = [lease for lease in leases if lease["metadata"]["name"] != NAMESPACE_CLAIM]
    return dict(lease)


def test_a_leader_that_loses_its_lease_exits_within_15_seconds(
    release: Release, start_operator: StartOperator
) -> None:
    """It learns of it at the next renewal, every 2 s, and then only shuts down."""
    with start_operator() as operator:
        _wait_to_lead(release, operator)
        lease = _lease(release)
        patch = '--patch={"spec":{"holderIdentity":"thief"}}'
        release.kubectl("patch", "lease", lease["metadata"]["name"], "--type=merge", patch)
        assert operator.process.wait(15) == 1
        assert "current holder: thief" in operator.log.read_text("utf-8")
    assert _lease(release)["spec"]["holderIdentity"] == "thief"
