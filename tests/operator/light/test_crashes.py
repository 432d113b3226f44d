"""The operator dies at every write; the API server dies; what lies between them breaks and throttles."""

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
    lost_answer,
    mute,
    reset,
    silence,
    too_many,
)
from operator_process import Operator

pytestmark = pytest.mark.light

CHINESE = {"language": "ch", "modelType": "mobile"}
LATIN = {"language": "latin", "modelType": "mobile"}

# The fixture's type lives in conftest.py, which tests cannot import.
Release = Any
Started = Callable[..., AbstractContextManager[Operator]]


@pytest.fixture(autouse=True)
def installed(install: Callable[..., None]) -> None:
    install("backends=null")


def _points() -> Iterator[str]:
    """Every death between two writes: after one is before the next, there is only a first one to add."""
    yield "before:1"
    yield from (f"after:{number}" for number in itertools.count(1))


def test_whichever_write_it_dies_at_the_next_operator_finishes_the_work(
    release: Release, started: Started
) -> None:
    """Within 60 s of its start; its lease is deleted, which spares 10 s a death. Nothing is there twice."""
    deaths = 0
    for point in _points():
        with started(failpoint=point) as operator:
            release.apply()
            if _survives(release, operator):
                break
        deaths += 1
        release.kubectl("delete", "leases", "--all")
        with started():
            release.wait_for("True", "Available")
            assert release.names("deployments") == release.names("services") == {"ocr-ch-mobile"}
        release.kubectl("delete", "ocrb", "ocr")
        release.cluster.wait(lambda: not release.names("deployments"), "the children to go")
    assert deaths >= 4  # before all, after Deployment, Service and status


def _survives(release: Release, operator: Operator) -> bool:
    """Whether it has outlived all it has to write."""

    def known() -> str:
        if operator.process.poll() is not None:
            return "dead"
        return "alive" if release.condition().get("status") == "True" else ""

    return bool(release.cluster.wait(known, "a death or the end of the work") == "alive")


def test_an_api_server_that_restarts_costs_no_restart_of_ours(release: Release, started: Started) -> None:
    """What was asked for meanwhile is done within 60 s of its return, by the same process."""
    with started() as operator:
        release.apply()
        release.wait_for("True", "Available")
        before = release.versions()
        command = control_plane.end_api_server(release.cluster)
        release.cluster.wait(
            lambda: operator.metric("leader_election_master_status") == 0, "the fence to fall", 30
        )
        control_plane.start_api_server(release.cluster, command)
        assert release.versions() == before
        release.apply(variants=[CHINESE, LATIN])
        release.wait_for("True", "Available")
        assert release.names("deployments") == {"ocr-ch-mobile", "ocr-latin-mobile"}
        assert operator.process.poll() is None


class _EveryTenth:
    """Has every tenth request meet the next of the faults; the first watches end in 410, others never."""

    FAULTS = (internal_error, too_many, reset, lost_answer, silence)

    def __init__(self, watches: int) -> None:
        self._lock = threading.Lock()
        self._count = 0
        self._watches = watches
        self.met: set[str] = set()

    def __call__(self, request: str) -> Fault | None:
        with self._lock:
            if "watch=true" in request:
                self._watches -= 1
                return gone if self._watches >= 0 else None
            self._count += 1
            turn, rest = divmod(self._count, 10)
            if rest:
                return None
            fault = self.FAULTS[turn % len(self.FAULTS)]
            self.met.add(fault.__name__)
            return fault


def test_a_bad_way_to_the_api_server_only_delays(release: Release, started: Started, relay: ApiRelay) -> None:
    """Every tenth request fails in one of five ways, every first watch ends in 410: 3 objects in 120 s.

    Afterwards nothing is left to write: what was done though its answer was lost is known.
    """
    with started(server=relay.url) as operator:
        faults = relay.choose = _EveryTenth(watches=6)
        names = [f"ocr-{number}" for number in range(3)]
        for name in names:
            release.apply(name=name, variants=[CHINESE, LATIN])
        for name in names:
            release.cluster.wait(
                lambda name=name: release.condition(name=name).get("status") == "True", name, 120
            )
        every = {fault.__name__ for fault in faults.FAULTS}
        release.cluster.wait(lambda: faults.met == every, "every fault to be met")
        relay.choose = lambda request: None
        release.settle(operator)
        assert len(release.names("deployments")) == len(release.names("services")) == 6
        assert operator.process.poll() is None


def test_a_watch_that_has_gone_silent_makes_the_operator_unfit_to_live(
    release: Release, started: Started, relay: ApiRelay
) -> None:
    """Within 60 s where 6 are allowed: an audit every 2 s, 10 s for events that are merely late."""

    def choose(request: str) -> Fault | None:
        return mute if "/ocrbackends?" in request and "watch=true" in request else None

    relay.choose = choose
    with started("--stale-seconds=6", server=relay.url) as operator:
        assert operator.answer("/livez") == (200, "alive\n")
        release.apply()
        release.cluster.wait(lambda: operator.answer("/livez")[0] == 503, "the complaint")
        assert operator.answer("/livez")[1] == "nothing known for 6 s of: OCRBackend\n"
        assert operator.metric("ocr_operator_watch_staleness_seconds") > 6
