"""Crashes of the operator at every write, crashes of the API server, and faults between the two."""

import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest

import control_plane
from api_relay import (
    ApiRelay,
    Fault,
    gone,
    internal_error,
    lost_response,
    mute,
    reset,
    silence,
    too_many,
)
from operator_process import Operator

pytestmark = pytest.mark.light

CHINESE = {"name": "ch-mobile", "language": "ch", "modelType": "mobile"}
LATIN = {"name": "latin-mobile", "language": "latin", "modelType": "mobile"}

# The fixture's type lives in conftest.py, which tests cannot import.
Release = Any
StartOperator = Callable[..., AbstractContextManager[Operator]]


@pytest.fixture(autouse=True)
def installed(install: Callable[..., None]) -> None:
    install("defaultBackend.enabled=false")


def _failpoints() -> Iterator[str]:
    """Failpoints between all writes: after one write is before the next, so only the first needs `before`."""
    yield "before:1"
    yield from (f"after:{number}" for number in itertools.count(1))


def test_a_crash_at_any_write_is_completed_by_the_next_operator(
    release: Release, start_operator: StartOperator
) -> None:
    """Within 60 s of its start, without duplicates. Deleting the Lease saves 10 s for each crash."""
    crashes = 0
    for failpoint in _failpoints():
        with start_operator(failpoint=failpoint) as operator:
            release.apply()
            if _survives(release, operator):
                break
        crashes += 1
        release.kubectl("delete", "leases", "--all")
        with start_operator():
            release.wait_for("True", "Available")
            assert (
                release.managed_names("deployments") == release.managed_names("services") == {"ocr-ch-mobile"}
            )
        release.kubectl("delete", "ocrb", "ocr")
        release.cluster.wait(lambda: not release.managed_names("deployments"), "the Deployment to be deleted")
    assert crashes >= 4  # before all, after Deployment, Service and status


def _survives(release: Release, operator: Operator) -> bool:
    """Whether the operator completes all its writes."""

    def outcome() -> str:
        if operator.process.poll() is not None:
            return "crashed"
        return "completed" if release.condition().get("status") == "True" else ""

    return bool(release.cluster.wait(outcome, "a crash or the end of the work") == "completed")


def test_the_operator_survives_a_restart_of_the_api_server(
    release: Release, start_operator: StartOperator
) -> None:
    """Changes of the spec are applied within 60 s of its return, by the same process."""
    with start_operator() as operator:
        release.apply()
        release.wait_for("True", "Available")
        before = release.resource_versions()
        command = control_plane.end_api_server(release.cluster)
        release.cluster.wait(
            lambda: operator.metric("leader_election_master_status") == 0, "the leader to stop writing", 30
        )
        control_plane.start_api_server(release.cluster, command)
        assert release.resource_versions() == before
        release.apply(variants=[CHINESE, LATIN])
        release.wait_for("True", "Available")
        assert release.managed_names("deployments") == {"ocr-ch-mobile", "ocr-latin-mobile"}
        assert operator.process.poll() is None


class _EveryTenth:
    """Every tenth request gets the next fault; the first watches end with 410, later ones never."""

    FAULTS = (internal_error, too_many, reset, lost_response, silence)

    def __init__(self, watches: int) -> None:
        self._lock = threading.Lock()
        self._count = 0
        self._watches = watches
        self.injected: set[str] = set()

    def __call__(self, request: str) -> Fault | None:
        with self._lock:
            if "watch=true" in request:
                self._watches -= 1
                return gone if self._watches >= 0 else None
            self._count += 1
            number, remainder = divmod(self._count, 10)
            if remainder:
                return None
            fault = self.FAULTS[number % len(self.FAULTS)]
            self.injected.add(fault.__name__)
            return fault


def test_faults_on_the_way_to_the_api_server_only_delay(
    release: Release, start_operator: StartOperator, relay: ApiRelay
) -> None:
    """Every tenth request fails in one of five ways, the first watches end with 410: 3 objects in 120 s.

    The operator also learns of writes that succeeded although their response was lost.
    """
    with start_operator(server=relay.url) as operator:
        faults = relay.choose = _EveryTenth(watches=6)
        names = [f"ocr-{number}" for number in range(3)]
        for name in names:
            release.apply(name=name, variants=[CHINESE, LATIN])
        for name in names:
            release.cluster.wait(
                lambda name=name: release.condition(name=name).get("status") == "True", name, 120
            )
        all_faults = {fault.__name__ for fault in faults.FAULTS}
        release.cluster.wait(lambda: faults.injected == all_faults, "every fault to occur")
        relay.choose = lambda request: None
        release.settle(operator)
        assert len(release.managed_names("deployments")) == len(release.managed_names("services")) == 6
        assert operator.process.poll() is None


def test_a_silent_watch_fails_the_liveness_probe(
    release: Release, start_operator: StartOperator, relay: ApiRelay
) -> None:
    """Within 60 s with a limit of 6 s: the cache is checked every 2 s, and events have 10 s to arrive."""

    def choose(request: str) -> Fault | None:
        return mute if "/ocrbackends?" in request and "watch=true" in request else None

    relay.choose = choose
    with start_operator("--stale-seconds=6", server=relay.url) as operator:
        assert operator.get("/livez") == (200, "alive\n")
        release.apply()
        release.cluster.wait(lambda: operator.get("/livez")[0] == 503, "the liveness probe to fail")
        assert operator.get("/livez")[1] == "watches not verified for 6 s: OCRBackend\n"
        assert operator.metric("ocr_operator_watch_staleness_seconds") > 6
