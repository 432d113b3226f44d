"""One version, wherever it is said."""

import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]


def test_the_chart_has_the_version_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    chart = yaml.safe_load((ROOT / "chart" / "Chart.yaml").read_text("utf-8"))
    assert (chart["version"], chart["appVersion"]) == (project["version"], project["version"])
