"""A release with `backends`: they come with it, change with it, and go with it."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from operator_process import Operator

pytestmark = pytest.mark.light

CHART = Path(__file__).parents[3] / "chart"
AIRGAP = ("--values", str(CHART / "values-airgap.yaml"))

BUILTIN = {"ocrVersion": "PP-OCRv6", "models": {"source": "Builtin"}}

Release = Any
Started = Callable[..., AbstractContextManager[Operator]]


@pytest.fixture
def helm(release: Release) -> Callable[..., str]:
    """`helm(verb, {value: …}, …)`: the release of the test's namespace."""

    def run(verb: str, values: dict[str, Any] | None = None, *arguments: str) -> str:
        chart = [] if verb == "uninstall" else [str(CHART), "--set", "crds.install=false", *AIRGAP]
        sets = [f"--set-json={path}={json.dumps(value)}" for path, value in (values or {}).items()]
        where = ["--namespace", release.namespace]
        answer: str = release.cluster.helm(verb, "ocr", *chart, *where, *sets, *arguments)
        return answer

    return run


def test_the_backends_of_the_values_become_ready(
    release: Release, started: Started, helm: Callable[..., str]
) -> None:
    notes = helm("install", None, "--wait")
    with started():
        release.wait_for("True", "Available")
    [variant] = release.get("ocrb", "ocr")["status"]["variants"]
    assert variant["url"] in notes


def test_an_upgrade_adds_changes_and_removes_backends(
    release: Release, started: Started, helm: Callable[..., str]
) -> None:
    helm("install")
    with started():
        release.wait_for("True", "Available")
    more = BUILTIN | {"variants": [{"language": "en", "modelType": "mobile"}]}
    helm("upgrade", {"backends.more": more, "backends.ocr.options": {"scoreThreshold": "0.75"}})
    with started():
        release.wait_for("True", "Available", name="more")
        release.cluster.wait(
            lambda: release.get("ocrb", "ocr")["spec"]["options"]["scoreThreshold"] == "0.75", "the change"
        )
    helm("upgrade", None, "--reset-values")
    with started():
        release.cluster.wait(lambda: not release.get("ocrb", "more"), "the backend to go")
        release.cluster.wait(
            lambda: release.get("ocrb", "ocr")["spec"]["options"]["scoreThreshold"] == "0.5",
            "the default again",
        )


def test_everything_goes_with_the_release_while_the_operator_is_dead(
    release: Release, started: Started, helm: Callable[..., str]
) -> None:
    helm("install", {"crds.keep": False})
    with started() as operator:
        release.wait_for("True", "Available")
        operator.kill()
    helm("uninstall")
    release.cluster.wait(lambda: not release.get("ocrb").get("items"), "the OCRBackends to go")
    for kind in ("deployments", "services", "pods"):
        release.cluster.wait(lambda kind=kind: not release.names(kind), f"no {kind}")
    assert not release.get("configmaps", "--selector=app.kubernetes.io/managed-by=Helm").get("items")
    assert release.cluster.get("crd", "ocrbackends.ocrbackend.io")


def test_what_the_api_server_refuses_keeps_the_operator_from_being_ready_and_nothing_else(
    release: Release, started: Started, helm: Callable[..., str]
) -> None:
    # Helm's schema cannot know it: a rule between two fields.
    wrong = {"ocrVersion": "PP-OCRv6", "variants": [{"language": "korean", "modelType": "mobile"}]}
    helm("install", {"backends.wrong": wrong})
    with started(ready=503) as operator:
        release.wait_for("True", "Available")
        release.cluster.wait(lambda: "PP-OCRv6 reads ch" in operator.answer("/readyz")[1], "the reason")


def test_an_object_of_the_users_is_not_taken_over(
    release: Release, started: Started, helm: Callable[..., str]
) -> None:
    release.apply(options={"scoreThreshold": "0.25"})
    helm("install")
    with started(ready=503) as operator:
        release.cluster.wait(
            lambda: "was not made from these values" in operator.answer("/readyz")[1], "the reason"
        )
        release.wait_for("True", "Available")
    assert release.get("ocrb", "ocr")["spec"]["options"]["scoreThreshold"] == "0.25"


def test_every_right_for_the_backends_is_used(
    release: Release, started: Started, helm: Callable[..., str]
) -> None:
    helm("install")
    with started() as operator:
        release.wait_for("True", "Available")
    helm("upgrade", {"backends.ocr": None})
    with started():
        release.cluster.wait(lambda: not release.get("ocrb").get("items"), "the OCRBackend to go")
    asked = [one for one in release.requests(operator.account) if "objectRef" in one]
    assert not [one for one in asked if one.get("responseStatus", {}).get("code") == 403]
    verbs = {
        (one["verb"], one["objectRef"]["resource"]) for one in asked if "subresource" not in one["objectRef"]
    }
    assert {("get", "configmaps"), ("patch", "ocrbackends"), ("delete", "ocrbackends")} <= verbs
