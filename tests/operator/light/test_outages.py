"""Outages of what the operator depends on: the API server, etcd, its watches, its token."""

import os
import threading
import time
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

CHINESE = {"name": "ch-mobile", "language": "ch", "modelType": "mobile"}
LATIN = {"name": "latin-mobile", "language": "latin", "modelType": "mobile"}
STALE_SECONDS = 15
"""A watch that receives nothing is reopened after 40 % of it, which is 6 s."""
OUTAGE_SECONDS = int(os.environ.get("API_OUTAGE_SECONDS", "60"))
"""Without an operator that tolerates outages, `/livez` fails after STALE_SECONDS."""

# The fixture's type lives in conftest.py, which tests cannot import.
Release = Any
StartOperator = Callable[..., AbstractContextManager[Operator]]


@pytest.fixture(autouse=True)
def installed(install: Callable[..., None]) -> None:
    install("defaultBackend.enabled=false")


@pytest.fixture
def identity(release: Release, tmp_path: Path) -> PodIdentity:
    [deployment] = release.get("deployments", "--selector=app.kubernetes.io/part-of=ocr-backend")["items"]
    account = deployment["spec"]["template"]["spec"]["serviceAccountName"]
    return PodIdentity(release.cluster, release.namespace, account, tmp_path)


def test_the_operator_survives_an_outage_of_etcd(release: Release, start_operator: StartOperator) -> None:
    """No operator writes 7 s after etcd stops; changes are applied within 60 s after it resumes."""
    with start_operator() as operator:
        release.apply()
        release.wait_for("True", "Available")
        before = release.resource_versions()
        with control_plane.stopped_etcd(release.cluster):
            release.cluster.wait(
                lambda: operator.metric("leader_election_master_status") == 0,
                "the leader to stop writing",
                30,
            )
        assert release.resource_versions() == before
        release.apply(variants=[CHINESE, LATIN])
        release.wait_for("True", "Available")
        assert release.managed_names("deployments") == {"ocr-ch-mobile", "ocr-latin-mobile"}
        assert operator.process.poll() is None


def test_the_operator_survives_a_long_outage_of_the_api_server(
    release: Release, start_operator: StartOperator
) -> None:
    """`/livez` never fails meanwhile; after its return, the same process applies changes within 60 s.

    Pods follow later: Kubernetes' own controllers wait up to a minute before they watch again. Those of
    before may have lost their readiness with their nodes' reports, and KWOK never reports it again.
    """
    stale = min(180, OUTAGE_SECONDS // 4)
    with start_operator(f"--stale-seconds={stale}") as operator:
        release.apply()
        release.wait_for("True", "Available")
        before = _generations(release)
        responses = _outage(release, operator)
        assert responses == {(200, "alive\n")}
        assert _generations(release) == before
        start = time.monotonic()
        release.cluster.wait(
            lambda: operator.metric("leader_election_master_status") == 1, "the operator to lead again"
        )
        leading = time.monotonic() - start
        release.apply(variants=[CHINESE, LATIN])
        names = {"ocr-ch-mobile", "ocr-latin-mobile"}
        release.cluster.wait(lambda: release.managed_names("deployments") == names, "the new Deployment")
        applied = time.monotonic() - start
        release.cluster.wait(lambda: _phase(release, "latin-mobile") == "Ready", "the new pod", 120)
        ready = time.monotonic() - start
        print(f"\noutage of {OUTAGE_SECONDS} s: leading {leading:.0f} s later, ", end="")
        print(f"change applied {applied:.0f} s later, new pod ready {ready:.0f} s later")
        assert operator.process.poll() is None


def _generations(release: Release) -> dict[str, int]:
    """How often the spec of each Deployment was changed: Kubernetes' controllers write the status, too."""
    items = release.get("deployments")["items"]
    return {each["metadata"]["name"]: each["metadata"]["generation"] for each in items}


def _phase(release: Release, variant: str) -> str:
    variants = release.get("ocrb", "ocr")["status"]["variants"]
    return next((str(each["phase"]) for each in variants if each["name"] == variant), "")


def _outage(release: Release, operator: Operator) -> set[tuple[int, str]]:
    """Keeps the API server away; returns the responses of `/livez` meanwhile."""
    responses: set[tuple[int, str]] = set()
    command = control_plane.end_api_server(release.cluster)
    end = time.monotonic() + OUTAGE_SECONDS

    def is_over() -> bool:
        responses.add(operator.get("/livez"))
        return time.monotonic() > end

    try:
        release.cluster.wait(is_over, "the end of the outage", OUTAGE_SECONDS + 60)
    finally:
        control_plane.start_api_server(release.cluster, command)
    return responses


class _Watches:
    """At each `cut`, watches of OCRBackends fall silent; the next watches get `faults`, later ones none."""

    def __init__(self) -> None:
        self._cut = threading.Event()
        self._faults: list[Fault] = []
        self.opened = 0

    def cut(self, *faults: Fault) -> None:
        old, self._cut, self._faults = self._cut, threading.Event(), list(faults)
        old.set()

    def __call__(self, request: str) -> Fault | None:
        if "/ocrbackends?" not in request or "watch=true" not in request:
            return None
        self.opened += 1
        return self._faults.pop(0) if self._faults else until(self._cut)


@pytest.mark.parametrize(
    "faults",
    [pytest.param([], id="resource version valid"), pytest.param([gone], id="resource version expired")],
)
def test_a_silent_watch_is_reopened(
    release: Release, start_operator: StartOperator, relay: ApiRelay, faults: list[Fault]
) -> None:
    """Within 72 s, here 6; missed changes are applied at most 60 s later. The operator stays healthy."""
    watches = relay.choose = _Watches()
    with start_operator(f"--stale-seconds={STALE_SECONDS}", server=relay.url) as operator:
        release.apply()
        release.wait_for("True", "Available")
        watches.cut(*faults)
        opened = watches.opened
        release.apply(variants=[CHINESE, LATIN])
        release.wait_for("True", "Available")
        assert watches.opened > opened + len(faults)
        assert operator.get("/livez") == (200, "alive\n")
        assert operator.process.poll() is None


def test_an_expired_token_is_replaced_from_its_file(
    release: Release, start_operator: StartOperator, identity: PodIdentity
) -> None:
    """As a kubelet renews it. The leader keeps its Lease, watches continue, writes succeed within 60 s."""
    with start_operator(f"--stale-seconds={STALE_SECONDS}", identity=identity) as operator:
        release.apply()
        release.wait_for("True", "Available")
        for variants in ([CHINESE, LATIN], [CHINESE]):
            identity.rotate_and_expire()
            release.apply(variants=variants)
            release.wait_for("True", "Available")
        assert 'code="401"' in operator.get("/metrics")[1]
        assert operator.process.poll() is None
