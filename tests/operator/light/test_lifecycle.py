"""The life of a release with real Helm: what an upgrade, a rollback, an uninstall and a second install do.

The release brings the definition of OCRBackend here, as it does for a user.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from operator_process import Operator

pytestmark = pytest.mark.light

CHART = Path(__file__).parents[3] / "chart"
DEFINITION = "crd/ocrbackends.ocrbackend.io"
OF_EVERY_NAMESPACE = {"configmaps/kube-root-ca.crt", "serviceaccounts/default"}
HUB = {
    "variants": [{"language": "ch", "modelType": "mobile"}],
    "models": {"source": "Hub", "reclaimPolicy": "Retain"},
}

Release = Any
Started = Callable[..., AbstractContextManager[Operator]]
Helm = Callable[..., str]


@pytest.fixture
def no_definition(release: Release) -> Iterator[None]:
    """The cluster without the definition that other tests share; they get it back."""
    release.cluster.kubectl("delete", DEFINITION)
    yield
    release.cluster.kubectl("delete", DEFINITION, "--ignore-not-found")
    definition = CHART / "files" / "crd-ocrbackend.yaml"
    release.cluster.kubectl("apply", "--server-side", "--filename", str(definition))
    # Established is a little before kubectl can find it.
    release.cluster.wait(
        lambda: "ocrbackend.io/v1alpha1" in release.cluster.kubectl("api-versions").split(), "the kind"
    )


@pytest.fixture
def helm(release: Release, no_definition: None) -> Helm:
    """`helm(verb, *arguments, **backends)`: the release of the test's namespace, with these backends."""

    def run(verb: str, *arguments: str, **backends: Any) -> str:
        values: list[str] = []
        if verb in ("install", "upgrade"):
            values = [str(CHART), "--values", "-"]
        given = as_values(backends) if values else None
        answer: str = release.cluster.helm(
            *verb.split(), "ocr", *values, *arguments, f"--namespace={release.namespace}", input=given
        )
        return answer

    return run


def as_values(backends: dict[str, Any]) -> str:
    return json.dumps({"backends": {"ocr": None} | backends})


def leavings(release: Release) -> set[str]:
    """Everything in the namespace but Events and what every namespace has."""
    kinds = release.cluster.kubectl("api-resources", "--namespaced", "--verbs=list", "--output=name").split()
    listed = ",".join(kind for kind in kinds if not kind.startswith("events"))
    found = release.kubectl("get", listed, "--output=name", "--ignore-not-found").split()
    return set(found) - OF_EVERY_NAMESPACE - {name.replace("s/", "/", 1) for name in OF_EVERY_NAMESPACE}


def uid(release: Release, name: str = "ocr") -> str:
    found: str = release.get("ocrb", name)["metadata"]["uid"]
    return found


def claims(release: Release) -> dict[str, str]:
    """Name -> uid of the volumes' claims: another claim of the same name is another volume."""
    found = release.get("persistentvolumeclaims")["items"]
    return {one["metadata"]["name"]: one["metadata"]["uid"] for one in found}


def threshold(release: Release) -> str:
    found: str = release.get("ocrb", "ocr")["spec"]["options"]["scoreThreshold"]
    return found


def test_install_upgrade_rollback_uninstall_and_install_again(
    release: Release, started: Started, helm: Helm
) -> None:
    before = leavings(release)
    helm("install", ocr=HUB, more=HUB)
    with started():
        release.wait_for("True", "Available")
        release.wait_for("True", "Available", name="more")
    first, volumes = uid(release), claims(release)
    assert len(volumes) == 2

    notes = helm("upgrade", ocr=HUB | {"options": {"scoreThreshold": "0.75"}})
    assert "ocr: was ready (1/1) before this change" in notes
    with started():
        release.cluster.wait(lambda: not release.get("ocrb", "more"), "the backend that was taken out to go")
        release.cluster.wait(lambda: threshold(release) == "0.75", "the changed value")
        release.wait_for("True", "Available")

    helm("rollback", "1")
    with started():
        release.wait_for("True", "Available", name="more")
        release.cluster.wait(lambda: threshold(release) == "0.5", "the value from before")
        release.wait_for("True", "Available")
    running = release.get("deployment", "ocr-ch-mobile")["metadata"]["uid"]

    said = helm("uninstall")
    assert "ocr-ocr-backend-backends" in said, "Helm tells what it keeps"
    assert not release.get("deployments", "--selector=app.kubernetes.io/part-of=ocr-backend").get("items")
    assert uid(release) == first

    helm("install", ocr=HUB | {"options": {"scoreThreshold": "0.25"}})
    with started():
        release.cluster.wait(lambda: threshold(release) == "0.25", "the value of the second install")
        release.wait_for("True", "Available")
        release.cluster.wait(lambda: not release.get("ocrb", "more"), "what the second install lacks to go")
    assert uid(release) == first
    assert release.get("deployment", "ocr-ch-mobile")["metadata"]["uid"] == running
    assert claims(release) == volumes

    # What is kept can be ended with the command of the notes, but for the volumes that were to be retained.
    notes = helm("get notes")
    helm("uninstall")
    [command] = [line.split() for line in notes.splitlines() if "kubectl delete configmap" in line]
    release.cluster.kubectl(*command[1:])
    retained = {f"persistentvolumeclaim/{name}" for name in volumes}
    release.cluster.wait(lambda: leavings(release) == before | retained, "all else to go")

    # Other OCRBackends of the same names take up these volumes, which nobody owns.
    helm("install", ocr=HUB, more=HUB)
    with started():
        release.wait_for("True", "Available")
        release.wait_for("True", "Available", name="more")
    assert uid(release) != first
    assert claims(release) == volumes
    mounted = release.get("deployment", "ocr-ch-mobile")["spec"]["template"]["spec"]["volumes"]
    assert [
        one["persistentVolumeClaim"]["claimName"] for one in mounted if "persistentVolumeClaim" in one
    ] == [next(name for name in volumes if name.startswith("ocr-"))]


def test_uninstalling_without_keeping_leaves_nothing(release: Release, started: Started, helm: Helm) -> None:
    before = leavings(release)
    helm("install", "--set", "crds.keep=false", ocr=HUB | {"models": {"source": "Hub"}})
    with started():
        release.wait_for("True", "Available")
    assert leavings(release) > before
    helm("uninstall")
    release.cluster.wait(lambda: not release.cluster.get(DEFINITION), "the definition to go")
    release.cluster.wait(lambda: leavings(release) == before, "all of it to go")
