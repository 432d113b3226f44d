"""Helm without a cluster, and the chart's values."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from ocr_cluster import programs

CHART = Path(__file__).parents[2] / "chart"

Helm = Callable[..., subprocess.CompletedProcess[str]]
Render = Callable[..., list[dict[str, Any]]]


@pytest.fixture(scope="session")
def helm(tmp_path_factory: pytest.TempPathFactory) -> Helm:
    """`helm(*arguments)`: runs Helm, which must not need a cluster; the result is not checked."""
    program = programs.ensure(["helm"])["helm"]
    home = tmp_path_factory.mktemp("helm")

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": os.environ["PATH"], "HOME": str(home)}
        command = [str(program), *arguments]
        return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60)

    return run


@pytest.fixture(scope="session")
def render(helm: Helm) -> Render:
    """`render(values, …)`: the chart's objects for release `r` in namespace `labs`."""

    def make(*arguments: str, **values: Any) -> list[dict[str, Any]]:
        sets = [f"--set-json={name}={json.dumps(value)}" for name, value in values.items()]
        done = helm("template", "r", str(CHART), "--namespace", "labs", *sets, *arguments)
        assert done.returncode == 0, done.stderr
        return [body for body in yaml.safe_load_all(done.stdout) if body]

    return make
