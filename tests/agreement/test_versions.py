"""All version numbers agree."""

import re
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


def test_the_chart_admits_the_oldest_kubernetes_that_is_tested() -> None:
    chart = yaml.safe_load((ROOT / "chart" / "Chart.yaml").read_text("utf-8"))
    module = (ROOT / "tests/cluster/go/kubernetes-oldest/go.mod").read_text("utf-8")
    pinned = re.search(r"k8s.io/kubernetes v(\d+\.\d+)\.", module)
    assert pinned
    assert chart["kubeVersion"] == f">={pinned[1]}.0-0"
    assert f"You need Kubernetes {pinned[1]} or newer" in (ROOT / "docs/installing.md").read_text("utf-8")
