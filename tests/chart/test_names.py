"""Names and labels fit Kubernetes' limits whatever the release is called, and do not repeat themselves."""

import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

pytestmark = pytest.mark.helm

CHART = Path(__file__).parents[2] / "chart"
MAX_LABEL = 63  # characters of a label's value, and of a Service's name
SERVICE_NAME = re.compile("[a-z]([-a-z0-9]*[a-z0-9])?")
EVERYTHING = (
    "operator.replicas=2,operator.watch.allNamespaces=true,operator.networkPolicy.enabled=true,"
    "metrics.serviceMonitor.enabled=true,metrics.podMonitor.enabled=true,metrics.prometheusRule.enabled=true,"
    "metrics.dashboards.enabled=true,labelStudio.enabled=true,labelStudio.existingSecret=trial"
)

Json = dict[str, Any]
Helm = Callable[..., subprocess.CompletedProcess[str]]


def rendered(helm: Helm, release: str, *sets: str) -> list[Json]:
    arguments = [word for value in (EVERYTHING, *sets) for word in ("--set", value)]
    done = helm("template", release, str(CHART), "--namespace", "labs", *arguments)
    assert done.returncode == 0, done.stderr
    return [body for body in yaml.safe_load_all(done.stdout) if body]


def labels_in(value: Any) -> Iterator[str]:
    """The values of all maps of labels in an object."""
    if isinstance(value, list):
        for item in value:
            yield from labels_in(item)
    if isinstance(value, dict):
        for name, field in value.items():
            if name in ("labels", "matchLabels") and isinstance(field, dict):
                yield from field.values()
            else:
                yield from labels_in(field)


@pytest.mark.parametrize(
    ("release", "sets"),
    [
        pytest.param("r", (), id="a short release"),
        pytest.param("a" * 53, (), id="the longest release"),
        pytest.param("a" * 53, ("nameOverride=" + "n" * 40,), id="and the longest nameOverride"),
        pytest.param("r", ("fullnameOverride=" + "f" * 40,), id="the longest fullnameOverride"),
        pytest.param("7.labs", (), id="a release with a digit and a dot"),
    ],
)
def test_every_name_and_label_fits(helm: Helm, release: str, sets: tuple[str, ...]) -> None:
    objects = rendered(helm, release, *sets)
    for body in objects:
        if body["kind"] == "CustomResourceDefinition":
            continue
        if "ClusterRole" not in body["kind"]:
            name = body["metadata"]["name"]
            assert len(name) <= MAX_LABEL
            assert SERVICE_NAME.fullmatch(name)
        assert [label for label in labels_in(body) if len(label) > MAX_LABEL] == []


def test_long_releases_with_the_same_start_have_different_names(helm: Helm) -> None:
    def names(release: str) -> set[str]:
        objects = rendered(helm, release)
        return {body["metadata"]["name"] for body in objects if body["kind"] in ("Service", "Deployment")}

    assert not names("a" * 52 + "b") & names("a" * 52 + "c")


def test_objects_are_named_after_the_release(helm: Helm) -> None:
    names = {body["metadata"]["name"] for body in rendered(helm, "ocr") if body["kind"] == "Deployment"}
    assert names == {"ocr-operator", "ocr-label-studio"}


@pytest.mark.parametrize("name", ["nameOverride", "fullnameOverride"])
@pytest.mark.parametrize("value", ["a" * 41, "Ocr", "7a"])
def test_an_override_that_does_not_fit_is_rejected(helm: Helm, name: str, value: str) -> None:
    done = helm("template", "r", str(CHART), "--set-string", f"{name}={value}")
    assert done.returncode != 0
    assert name in done.stderr
