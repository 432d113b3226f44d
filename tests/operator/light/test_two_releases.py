"""Two releases at work at the same time: no object is written by both, by the API server's audit log."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from operator_process import Operator, running_operator

pytestmark = pytest.mark.light

# The fixture's type lives in conftest.py, which tests cannot import.
Release = Any
StartOperator = Callable[..., AbstractContextManager[Operator]]

CHART = Path(__file__).parents[3] / "chart"
READS = {"get", "list", "watch"}
WORK_SECONDS = int(os.environ.get("TWO_RELEASES_SECONDS", "25"))
"""How long the releases work on changes in each test."""


@contextmanager
def _second(
    release: Release, namespace: str, tmp_path: Path, *values: str, ready: int = 200
) -> Iterator[Operator]:
    """The operator of a second release; `ready` is the status of its `/readyz` at first."""
    words = [
        word
        for value in ("crds.install=false", "defaultBackend.enabled=false", *values)
        for word in ("--set", value)
    ]
    release.cluster.helm("install", "second", str(CHART), "--namespace", namespace, *words)
    folder = tmp_path / "second"
    folder.mkdir()
    try:
        with running_operator(release.cluster, namespace, folder, ready=ready, name="second") as operator:
            yield operator
    finally:
        release.cluster.helm("uninstall", "second", "--namespace", namespace)


def _work(*releases: Release) -> int:
    """Changes, damages and recreates the OCRBackends for a while; returns how often."""
    end, rounds = time.monotonic() + WORK_SECONDS, 0
    while time.monotonic() < end:
        rounds += 1
        for release in releases:
            if rounds % 4 == 0:
                release.kubectl("delete", "ocrb", "ocr", "--cascade=foreground")
            elif rounds % 2 == 0:
                release.kubectl("delete", "service", "ocr-ch-mobile", "--wait=false")
            release.apply(options={"scoreThreshold": f"0.{1 + rounds % 8}"})
        for release in releases:
            release.wait_for("True", "Available")
    return rounds


def _written(release: Release, operator: Operator) -> set[tuple[str, str, str]]:
    """Resource, namespace and name of all objects that an operator has written."""
    references = [
        request["objectRef"]
        for request in release.requests(operator.account)
        if request["verb"] not in READS and "name" in request.get("objectRef", {})
    ]
    return {(each["resource"], each.get("namespace", ""), each["name"]) for each in references}


def _report(name: str, rounds: int, *written: set[tuple[str, str, str]]) -> None:
    first, second = written
    print(f"\n{name}: {rounds} rounds of changes in {WORK_SECONDS} s")
    print(f"objects written: {len(first)} and {len(second)}, by both: {len(first & second)}")


def _manager(release: Release) -> str:
    """What is said of the namespace of the first release."""
    return f"namespace {release.namespace} is managed by the operator {release.namespace}/ocr-operator"


def _refusals(release: Release) -> set[str]:
    """The Events that a release has written about namespaces of others."""
    reason = "--field-selector=reason=NamespaceManagedElsewhere"
    return {event["message"] for event in release.get("events", reason)["items"]}


def test_two_releases_in_a_namespace_write_no_object_in_common(
    release: Release, install: Callable[..., None], start_operator: StartOperator, tmp_path: Path
) -> None:
    install("defaultBackend.enabled=false")
    with (
        start_operator() as first,
        _second(release, release.namespace, tmp_path, ready=503) as second,
    ):
        rounds = _work(release)
        written = [_written(release, operator) for operator in (first, second)]
        _report("same namespace", rounds, *written)
        assert written[0] & written[1] == set()
        assert {resource for resource, *_ in written[1]} == {"leases", "events"}
        status, reason = second.get("/readyz")
        assert (status, _manager(release) in reason) == (503, True)
        assert _refusals(release) == {_manager(release)}


def test_a_release_for_all_namespaces_leaves_out_that_of_another(
    release: Release,
    release_in: Callable[[str], Release],
    install: Callable[..., None],
    start_operator: StartOperator,
    tmp_path: Path,
) -> None:
    install("defaultBackend.enabled=false")
    wide = release_in(f"{release.namespace}-wide")
    release.cluster.kubectl("create", "namespace", wide.namespace)
    everywhere = "operator.watch.allNamespaces=true"
    try:
        release.apply()
        with start_operator() as first, _second(release, wide.namespace, tmp_path, everywhere) as second:
            rounds = _work(release, wide)
            written = [_written(release, operator) for operator in (first, second)]
            _report("one namespace and all namespaces", rounds, *written)
            assert written[0] & written[1] == set()
            assert ("deployments", wide.namespace, "ocr-ch-mobile") in written[1]
            assert release.namespace not in {namespace for _, namespace, _ in written[1]}
            assert second.get("/readyz") == (200, "ready\n")
            assert _refusals(wide) == {_manager(release)}
            assert f'watched_namespace="{release.namespace}"' in second.get("/metrics")[1]
    finally:
        release.cluster.kubectl("delete", "namespace", wide.namespace, "--wait=false")
