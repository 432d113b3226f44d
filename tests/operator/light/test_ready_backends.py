"""OCRBackends become Ready on a real API server, with the chart's permissions and pods that KWOK runs."""

from typing import Any

import pytest

from operator_process import Operator

pytestmark = pytest.mark.light

CHINESE = {"name": "ch-mobile", "language": "ch", "modelType": "mobile"}
LATIN = {"name": "latin-mobile", "language": "latin", "modelType": "mobile"}

# The fixture's type lives in conftest.py, which tests cannot import.
Release = Any


def test_two_variants_become_ready(release: Release, operator: Operator) -> None:
    release.apply(variants=[CHINESE, LATIN])
    ready = release.wait_for("True", "Available")
    assert ready["message"] == "2 of 2 variants are ready"
    backend = release.get("ocrb", "ocr")
    assert backend["status"]["summary"] == "2/2"
    assert backend["status"]["observedGeneration"] == backend["metadata"]["generation"]
    assert [variant["url"] for variant in backend["status"]["variants"]] == [
        f"http://ocr-{language}-mobile.{release.namespace}.svc:9090" for language in ("ch", "latin")
    ]
    table = release.kubectl("get", "ocr")
    assert table.split("\n")[0].split() == ["NAME", "READY", "AVAILABLE", "VARIANTS", "REASON", "AGE"]
    assert table.split("\n")[1].split()[:5] == ["ocr", "True", "True", "2/2", "Available"]
    wide = release.kubectl("get", "ocrb", "--output=wide")
    assert "PP-OCRv6" in wide
    assert "2 of 2 variants are ready" in wide


def test_the_operator_adds_no_finalizer_and_no_annotation(release: Release, operator: Operator) -> None:
    release.apply()
    before = release.get("ocrb", "ocr")["metadata"]
    release.wait_for("True", "Available")
    after = release.get("ocrb", "ocr")["metadata"]
    assert "finalizers" not in after
    assert after["annotations"] == before["annotations"]
    assert after["generation"] == before["generation"]


def test_pods_pass_the_restricted_standard(release: Release, operator: Operator) -> None:
    label = "pod-security.kubernetes.io/enforce=restricted"
    release.cluster.kubectl("label", "namespace", release.namespace, label)
    release.apply()
    release.wait_for("True", "Available")


def test_two_backends_in_one_namespace_are_independent(release: Release, operator: Operator) -> None:
    release.apply(name="first")
    release.apply(name="second", variants=[LATIN])
    for name in ("first", "second"):
        release.wait_for("True", "Available", name=name)
    release.kubectl("delete", "ocrb", "first")
    release.cluster.wait(
        lambda: release.managed_names("deployments") == {"second-latin-mobile"},
        "the Deployment of the first to be deleted",
    )
    assert release.condition(name="second")["status"] == "True"
