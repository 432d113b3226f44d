"""Helm 3 accepts the chart, and renders the same objects as Helm 4."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

pytestmark = pytest.mark.helm

CHART = Path(__file__).parents[2] / "chart"
FILES = ["values.yaml", *sorted(path.name for path in CHART.glob("values-*.yaml"))]
DELETE_POLICY = "helm.sh/hook-delete-policy"
Helm = Callable[..., subprocess.CompletedProcess[str]]


def _objects(helm: Helm, values: str) -> dict[str, Any]:
    """`Kind/name` -> object, without the policy of hooks, which depends on Helm's version."""
    done = helm("template", "r", str(CHART), "--namespace", "labs", "--values", str(CHART / values))
    assert done.returncode == 0, done.stderr
    bodies = [body for body in yaml.safe_load_all(done.stdout) if body]
    for body in bodies:
        body["metadata"].get("annotations", {}).pop(DELETE_POLICY, None)
    return {f"{body['kind']}/{body['metadata']['name']}": body for body in bodies}


@pytest.mark.parametrize("values", FILES)
def test_helm_3_renders_the_objects_of_helm_4(helm: Helm, helm3: Helm, values: str) -> None:
    assert _objects(helm3, values) == _objects(helm, values)


def test_helm_3_lint_reports_no_error(helm3: Helm) -> None:
    done = helm3("lint", "--strict", str(CHART))
    assert done.returncode == 0, done.stdout + done.stderr


def test_helm_3_rejects_unknown_keys(helm3: Helm) -> None:
    done = helm3("template", "r", str(CHART), "--set", "operator.replica=2")
    assert done.returncode != 0
    assert "replica" in done.stderr
