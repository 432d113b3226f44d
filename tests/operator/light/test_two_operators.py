"""Two releases that watch one namespace: the first manages it until it is uninstalled, the second waits."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
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
TAKEOVER_SECONDS = 120
"""A claim expires 60 s after its last renewal; the rest is for a busy machine."""


@pytest.fixture
def second_namespace(release: Release) -> Iterator[str]:
    """A second release of the chart, which also watches the namespace of the first."""
    namespace = f"{release.namespace}-2"
    release.cluster.kubectl("create", "namespace", namespace)
    values = f"crds.install=false,backends=null,operator.watch.namespaces={{{release.namespace}}}"
    release.cluster.helm("install", "second", str(CHART), "--namespace", namespace, "--set", values)
    yield namespace
    release.cluster.helm("uninstall", "second", "--namespace", namespace)
    release.cluster.kubectl("delete", "namespace", namespace, "--wait=false")


def _writes(release: Release, operator: Operator) -> list[dict[str, Any]]:
    """The writes of an operator in the namespace of the first release."""
    requests = release.requests(operator.account)
    references = [(request, request.get("objectRef", {})) for request in requests]
    return [
        request
        for request, ref in references
        if request["verb"] not in READS and ref.get("namespace") == release.namespace
    ]


def test_the_second_operator_waits_until_the_first_is_uninstalled(
    release: Release,
    install: Callable[..., None],
    start_operator: StartOperator,
    second_namespace: str,
    tmp_path: Path,
) -> None:
    install("backends=null")
    with start_operator() as first:
        release.apply()
        release.wait_for("True", "Available")
        before = release.resource_versions()
        with running_operator(release.cluster, second_namespace, tmp_path, ready=503) as second:
            release.cluster.wait(
                lambda: (
                    f"namespace {release.namespace} is managed by the operator" in second.get("/readyz")[1]
                ),
                "the second operator to report the first",
            )
            release.settle(first, "service")
            assert _writes(release, second) == []
            after = release.resource_versions()
            assert {name: after[name] for name in before if "Service/" not in name} == {
                name: before[name] for name in before if "Service/" not in name
            }
            first.process.terminate()
            first.process.wait(30)
            release.cluster.helm("uninstall", "ocr", "--namespace", release.namespace)
            release.cluster.wait(
                lambda: second.get("/readyz")[0] == 200, "the second operator to take over", TAKEOVER_SECONDS
            )
            release.change_deadline(700)
            assert _writes(release, second) != []
