"""One version, wherever it is said."""

import tomllib
from pathlib import Path

import yaml

from ocr_backend.config.settings import Settings
from ocr_backend.web.openapi import description

ROOT = Path(__file__).parents[2]


def test_the_chart_has_the_version_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    chart = yaml.safe_load((ROOT / "chart" / "Chart.yaml").read_text("utf-8"))
    assert (chart["version"], chart["appVersion"]) == (project["version"], project["version"])


def test_the_charts_trial_is_of_the_label_studio_that_the_tests_run() -> None:
    values = yaml.safe_load((ROOT / "chart" / "values.yaml").read_text("utf-8"))
    locked = (ROOT / "tests/support/label-studio-requirements.txt").read_text("utf-8")
    assert f"\nlabel-studio=={values['labelStudio']['image']['tag']} " in locked


def test_the_description_of_the_api_has_the_version_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert description(Settings())["info"]["version"] == project["version"]
