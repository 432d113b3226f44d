"""What happens while the operator is down, after its restart, and when it receives SIGTERM."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest

from operator_process import Operator
from plugin import kubectl_ocr

pytestmark = pytest.mark.light

CHINESE = {"name": "ch-mobile", "language": "ch", "modelType": "mobile"}
LATIN = {"name": "latin-mobile", "language": "latin", "modelType": "mobile"}

# The fixture's type lives in conftest.py, which tests cannot import.
Release = Any
StartOperator = Callable[..., AbstractContextManager[Operator]]


@pytest.fixture(autouse=True)
def installed(install: Callable[..., None]) -> None:
    install("defaultBackend.enabled=false")


def test_a_restart_changes_nothing_and_applies_missed_changes(
    release: Release, start_operator: StartOperator
) -> None:
    with start_operator() as first:
        release.apply(variants=[CHINESE])
        release.wait_for("True", "Available")
        release.settle(first)
        before = release.resource_versions()
        first.kill()
    with start_operator() as second:
        release.settle(second)
        assert _without_deployments(release.resource_versions()) == _without_deployments(before)
        second.kill()
    release.apply(variants=[CHINESE, LATIN])
    with start_operator():
        release.wait_for("True", "Available")
        assert release.managed_names("deployments") == {"ocr-ch-mobile", "ocr-latin-mobile"}


def _without_deployments(versions: dict[str, str]) -> dict[str, str]:
    """Versions without those of the Deployments, which `settle` annotates."""
    return {name: version for name, version in versions.items() if not name.startswith("Deployment")}


def test_a_backend_is_deleted_with_its_objects_while_the_operator_is_down(
    release: Release, start_operator: StartOperator
) -> None:
    with start_operator() as operator:
        release.apply(variants=[CHINESE, LATIN | {"autoscaling": {"maxReplicas": 2}}])
        release.wait_for("True", "Available")
        operator.kill()
    release.kubectl("delete", "ocrb", "ocr")
    for kind in ("deployments", "services", "horizontalpodautoscalers", "pods"):
        release.cluster.wait(lambda kind=kind: not release.managed_names(kind), f"no {kind}")


def test_a_namespace_is_deleted_while_the_operator_is_down(
    release: Release, start_operator: StartOperator
) -> None:
    with start_operator() as operator:
        release.apply()
        release.wait_for("True", "Available")
        operator.kill()
    release.cluster.kubectl("delete", "namespace", release.namespace, "--wait=false")
    release.cluster.wait(
        lambda: not release.cluster.get("namespace", release.namespace), "the namespace to be deleted"
    )


def test_the_operator_exits_on_sigterm(release: Release, start_operator: StartOperator) -> None:
    with start_operator() as operator:
        assert operator.get("/readyz") == (200, "ready\n")
        operator.process.terminate()
        assert operator.process.wait(20) == 0


def test_why_reports_that_no_operator_runs(release: Release) -> None:
    release.apply()
    why = kubectl_ocr(release.cluster, "why", "ocr", "-n", release.namespace)
    assert why.returncode == 1
    assert "\nOperatorSilent: no operator has reconciled generation 1" in why.stdout
    assert "next: kubectl" in why.stdout
