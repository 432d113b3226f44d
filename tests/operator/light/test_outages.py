"""What lies under the operator fails for a while: etcd, its watches, its token."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

import control_plane
from api_relay import ApiRelay, Fault, gone, until
from operator_process import Operator
from pod_identity import PodIdentity

pytestmark = pytest.mark.light

CHINESE = {"language": "ch", "modelType": "mobile"}
LATIN = {"language": "latin", "modelType": "mobile"}
STALE_SECONDS = 15
SILENT_SECONDS = 6
"""Of that time, what a watch may be silent."""

# The fixture's type lives in conftest.py, which tests cannot import.
Release = Any
Started = Callable[..., AbstractContextManager[Operator]]


@pytest.fixture(autouse=True)
def installed(install: Callable[..., None]) -> None:
    install("backends=null")


@pytest.fixture
def identity(release: Release, tmp_path: Path) -> PodIdentity:
    [deployment] = release.get("deployments", "--selector=app.kubernetes.io/part-of=ocr-backend")["items"]
    account = deployment["spec"]["template"]["spec"]["serviceAccountName"]
    return PodIdentity(release.cluster, release.namespace, account, tmp_path)


def test_an_etcd_that_stops_and_goes_on_costs_no_restart_of_ours(release: Release, started: Started) -> None:
    """Nobody may write 7 s after its stop; what is asked for once it goes on is done within 60 s."""
    with started() as operator:
        release.apply()
        release.wait_for("True", "Available")
        before = release.versions()
        with control_plane.stopped_etcd(release.cluster):
            release.cluster.wait(
                lambda: operator.metric("leader_election_master_status") == 0, "the fence to fall", 30
            )
        assert release.versions() == before
        release.apply(variants=[CHINESE, LATIN])
        release.wait_for("True", "Available")
        assert release.names("deployments") == {"ocr-ch-mobile", "ocr-latin-mobile"}
        assert operator.process.poll() is None


class _Watches:
    """Has the watches of OCRBackends end in silence at each `cut`; the next ones meet `faults`, then none."""

    def __init__(self) -> None:
        self._cut = threading.Event()
        self._faults: list[Fault] = []
        self.begun = 0

    def cut(self, *faults: Fault) -> None:
        old, self._cut, self._faults = self._cut, threading.Event(), list(faults)
        old.set()

    def __call__(self, request: str) -> Fault | None:
        if "/ocrbackends?" not in request or "watch=true" not in request:
            return None
        self.begun += 1
        return self._faults.pop(0) if self._faults else until(self._cut)


@pytest.mark.parametrize(
    "faults", [pytest.param([], id="and goes on"), pytest.param([gone], id="and its place is gone")]
)
def test_a_watch_in_which_nothing_comes_any_more_is_opened_anew(
    release: Release, started: Started, relay: ApiRelay, faults: list[Fault]
) -> None:
    """Within 72 s, here 6; what was missed is seen then, 60 s later at most. The operator stays fit."""
    watches = relay.choose = _Watches()
    with started(f"--stale-seconds={STALE_SECONDS}", server=relay.url) as operator:
        release.apply()
        release.wait_for("True", "Available")
        watches.cut(*faults)
        begun = watches.begun
        release.apply(variants=[CHINESE, LATIN])
        release.wait_for("True", "Available")
        assert watches.begun > begun + len(faults)
        assert operator.answer("/livez") == (200, "alive\n")
        assert operator.process.poll() is None


def test_a_token_that_ends_is_replaced_by_that_of_the_file(
    release: Release, started: Started, identity: PodIdentity
) -> None:
    """As a kubelet renews it. The lease is kept, watches go on, and writes are made within 60 s."""
    with started(f"--stale-seconds={STALE_SECONDS}", identity=identity) as operator:
        release.apply()
        release.wait_for("True", "Available")
        for variants in ([CHINESE, LATIN], [CHINESE]):
            identity.rotate_and_expire()
            release.apply(variants=variants)
            release.wait_for("True", "Available")
        assert 'code="401"' in operator.answer("/metrics")[1]
        assert operator.process.poll() is None
