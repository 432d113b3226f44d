"""All version numbers agree."""

import tomllib
from pathlib import Path

import yaml

from ocr_backend.config.settings import Settings
from ocr_backend.web.openapi import openapi_document

ROOT = Path(__file__).parents[2]


def test_the_chart_has_the_version_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    chart = yaml.safe_load((ROOT / "chart" / "Chart.yaml").read_text("utf-8"))
    assert (chart["version"], chart["appVersion"]) == (project["version"], project["version"])


def test_the_trial_label_studio_is_the_version_that_the_tests_use() -> None:
    values = yaml.safe_load((ROOT / "chart" / "values.yaml").read_text("utf-8"))
    locked = (ROOT / "tests/support/label-studio-requirements.txt").read_text("utf-8")
    assert f"\nlabel-studio=={values['labelStudio']['image']['tag']} " in locked


def test_the_description_of_the_api_has_the_version_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert openapi_document(Settings())["info"]["version"] == project["version"]
