"""Helm without a cluster, and the objects that the chart renders."""

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

Json = dict[str, Any]
Helm = Callable[..., subprocess.CompletedProcess[str]]
Render = Callable[..., list[Json]]


@pytest.fixture(scope="session")
def helm(tmp_path_factory: pytest.TempPathFactory) -> Helm:
    """`helm(*arguments)`: runs Helm without a cluster; does not check the exit status."""
    return _without_cluster("helm", tmp_path_factory)


@pytest.fixture(scope="session")
def helm3(tmp_path_factory: pytest.TempPathFactory) -> Helm:
    """The same with Helm 3."""
    return _without_cluster("helm3", tmp_path_factory)


def _without_cluster(name: str, tmp_path_factory: pytest.TempPathFactory) -> Helm:
    program = programs.ensure([name])[name]
    home = tmp_path_factory.mktemp(name)

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": os.environ["PATH"], "HOME": str(home)}
        command = [str(program), *arguments]
        return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60)

    return run


@pytest.fixture(scope="session")
def render(helm: Helm) -> Render:
    """`render(*arguments, **values)`: the chart's objects for release `r` in namespace `labs`."""

    def objects(*arguments: str, **values: Any) -> list[Json]:
        sets = [f"--set-json={name}={json.dumps(value)}" for name, value in values.items()]
        done = helm("template", "r", str(CHART), "--namespace", "labs", *sets, *arguments)
        assert done.returncode == 0, done.stderr
        return [body for body in yaml.safe_load_all(done.stdout) if body]

    return objects


@pytest.fixture
def jobs(render: Render) -> Callable[..., list[Json]]:
    """`jobs(**values)`: the Jobs and CronJobs of the chart."""
    return lambda **values: [body for body in render(**values) if body["kind"] in ("Job", "CronJob")]


@pytest.fixture
def job(jobs: Callable[..., list[Json]]) -> Callable[..., Json]:
    """`job(run, **values)`: the only Job or CronJob of the `prelabel` entry `run`."""

    def only_job(run: Json, **values: Any) -> Json:
        [body] = jobs(prelabel={"invoices": run}, **values)
        return body

    return only_job
