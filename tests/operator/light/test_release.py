"""A release with `backends`: the operator creates, changes and deletes them with the release."""

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
StartOperator = Callable[..., AbstractContextManager[Operator]]


@pytest.fixture
def helm(release: Release) -> Callable[..., str]:
    """`helm(verb, {value: …}, …)`: the release of the test's namespace."""

    def run(verb: str, values: dict[str, Any] | None = None, *arguments: str) -> str:
        chart = [] if verb == "uninstall" else [str(CHART), "--set", "crds.install=false", *AIRGAP]
        sets = [f"--set-json={path}={json.dumps(value)}" for path, value in (values or {}).items()]
        namespace = ["--namespace", release.namespace]
        output: str = release.cluster.helm(verb, "ocr", *chart, *namespace, *sets, *arguments)
        return output

    return run


def test_the_backends_of_the_values_become_ready(
    release: Release, start_operator: StartOperator, helm: Callable[..., str]
) -> None:
    notes = helm("install", None, "--wait")
    with start_operator():
        release.wait_for("True", "Available")
    [variant] = release.get("ocrb", "ocr")["status"]["variants"]
    assert variant["url"] in notes


def test_an_upgrade_adds_changes_and_removes_backends(
    release: Release, start_operator: StartOperator, helm: Callable[..., str]
) -> None:
    helm("install")
    with start_operator():
        release.wait_for("True", "Available")
    spec = BUILTIN | {"variants": [{"name": "en-mobile", "language": "en", "modelType": "mobile"}]}
    helm("upgrade", {"backends.other": spec, "backends.ocr.options": {"scoreThreshold": "0.75"}})
    with start_operator():
        release.wait_for("True", "Available", name="other")
        release.cluster.wait(
            lambda: (
                release.get("ocrb", "ocr")["spec"].get("options", {}).get("scoreThreshold", "0.5") == "0.75"
            ),
            "the change",
        )
    helm("upgrade", None, "--reset-values")
    with start_operator():
        release.cluster.wait(lambda: not release.get("ocrb", "other"), "the backend to be deleted")
        release.cluster.wait(
            lambda: (
                release.get("ocrb", "ocr")["spec"].get("options", {}).get("scoreThreshold", "0.5") == "0.5"
            ),
            "the default again",
        )


def test_an_uninstall_deletes_everything_while_the_operator_is_down(
    release: Release, start_operator: StartOperator, helm: Callable[..., str]
) -> None:
    helm("install", {"crds.keep": False})
    with start_operator() as operator:
        release.wait_for("True", "Available")
        operator.kill()
    helm("uninstall")
    release.cluster.wait(lambda: not release.get("ocrb").get("items"), "the OCRBackends to be deleted")
    for kind in ("deployments", "services", "pods"):
        release.cluster.wait(lambda kind=kind: not release.managed_names(kind), f"no {kind}")
    assert not release.get("configmaps", "--selector=app.kubernetes.io/managed-by=Helm").get("items")
    assert release.cluster.get("crd", "ocrbackends.ocrbackend.io")


def test_a_rejected_backend_affects_only_the_readiness_of_the_operator(
    release: Release, start_operator: StartOperator, helm: Callable[..., str]
) -> None:
    # Helm's schema does not check it: it is a rule about two fields.
    wrong = {
        "ocrVersion": "PP-OCRv6",
        "variants": [{"name": "korean-mobile", "language": "korean", "modelType": "mobile"}],
    }
    helm("install", {"backends.wrong": wrong})
    with start_operator(ready=503) as operator:
        release.wait_for("True", "Available")
        release.cluster.wait(lambda: "PP-OCRv6 supports only ch" in operator.get("/readyz")[1], "the reason")


def test_a_backend_that_a_user_created_is_not_adopted(
    release: Release, start_operator: StartOperator, helm: Callable[..., str]
) -> None:
    release.apply(options={"scoreThreshold": "0.25"})
    helm("install")
    with start_operator(ready=503) as operator:
        release.cluster.wait(lambda: "not from these values" in operator.get("/readyz")[1], "the reason")
        release.wait_for("True", "Available")
    assert release.get("ocrb", "ocr")["spec"].get("options", {}).get("scoreThreshold", "0.5") == "0.25"


def test_every_permission_for_the_backends_is_used(
    release: Release, start_operator: StartOperator, helm: Callable[..., str]
) -> None:
    helm("install")
    with start_operator() as operator:
        release.wait_for("True", "Available")
    helm("upgrade", {"backends.ocr": None, "defaultBackend.enabled": False})
    with start_operator():
        release.cluster.wait(lambda: not release.get("ocrb").get("items"), "the OCRBackend to be deleted")
    requests = [request for request in release.requests(operator.account) if "objectRef" in request]
    assert not [request for request in requests if request.get("responseStatus", {}).get("code") == 403]
    verbs = {
        (request["verb"], request["objectRef"]["resource"])
        for request in requests
        if "subresource" not in request["objectRef"]
    }
    assert {("get", "configmaps"), ("patch", "ocrbackends"), ("delete", "ocrbackends")} <= verbs
