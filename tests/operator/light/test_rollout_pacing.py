"""An operator rolls out no more OCRBackends at the same time than it may."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest

from operator_process import Operator

pytestmark = pytest.mark.light

# The fixture's type lives in conftest.py, which tests cannot import.
Release = Any

NAMES = ("a", "b", "c", "d")


def test_ocrbackends_roll_out_one_after_the_other(
    release: Release,
    install: Callable[..., None],
    start_operator: Callable[..., AbstractContextManager[Operator]],
) -> None:
    install("defaultBackend.enabled=false", "operator.maxConcurrentRollouts=1")
    with start_operator():
        for name in NAMES:
            release.apply(name=name)
        release.cluster.wait(lambda: _phases(release) == ["Ready"] * len(NAMES), "all to be ready")
    old = set(_images(release))
    seen: list[list[str]] = []

    def are_new() -> bool:
        seen.append(_phases(release))
        return not set(_images(release)) & old and seen[-1] == ["Ready"] * len(NAMES)

    # A new default image concerns all of them, as after an upgrade of the chart.
    with start_operator("--image=example.com/backend:new"):
        release.cluster.wait(are_new, "all to have the new image")
    assert max(phases.count("RollingOut") for phases in seen) <= 1
    assert max(phases.count("Queued") for phases in seen) >= 2


def _phases(release: Release) -> list[str]:
    backends = release.get("ocrb")["items"]
    return [variant["phase"] for each in backends for variant in each.get("status", {}).get("variants", [])]


def _images(release: Release) -> list[str]:
    deployments = release.get("deployments", "--selector=app.kubernetes.io/managed-by=ocr-operator")["items"]
    return [each["spec"]["template"]["spec"]["containers"][0]["image"] for each in deployments]
