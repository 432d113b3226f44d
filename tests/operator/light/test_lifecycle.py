"""The life cycle of a release with Helm: install, upgrade, rollback, uninstall and a second install.

Here the release installs the CRD, as it does for a user.
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
CRD = "crd/ocrbackends.ocrbackend.io"
OF_EVERY_NAMESPACE = {"configmaps/kube-root-ca.crt", "serviceaccounts/default"}
HUB = {
    "variants": [{"name": "ch-mobile", "language": "ch", "modelType": "mobile"}],
    "models": {"source": "Hub", "reclaimPolicy": "Retain"},
}

Release = Any
StartOperator = Callable[..., AbstractContextManager[Operator]]
Helm = Callable[..., str]


@pytest.fixture
def no_crd(release: Release) -> Iterator[None]:
    """The cluster without the CRD that the tests share; it is restored afterwards."""
    release.cluster.kubectl("delete", CRD)
    yield
    release.cluster.kubectl("delete", CRD, "--ignore-not-found")
    path = CHART / "files" / "crd-ocrbackend.yaml"
    release.cluster.kubectl("apply", "--server-side", "--filename", str(path))
    # kubectl finds the kind a moment after it is established.
    release.cluster.wait(
        lambda: "ocrbackend.io/v1alpha1" in release.cluster.kubectl("api-versions").split(), "the kind"
    )


@pytest.fixture
def helm(release: Release, no_crd: None) -> Helm:
    """`helm(verb, *arguments, program=…, **backends)`: the test's release, with these backends."""

    def run(verb: str, *arguments: str, program: str = "helm", **backends: Any) -> str:
        values: list[str] = []
        if verb in ("install", "upgrade"):
            values = [str(CHART), "--values", "-"]
        text = as_values(backends) if values else None
        output: str = release.cluster.helm(
            *verb.split(),
            "ocr",
            *values,
            *arguments,
            f"--namespace={release.namespace}",
            input=text,
            program=program,
        )
        return output

    return run


def as_values(backends: dict[str, Any]) -> str:
    return json.dumps({"backends": backends, "defaultBackend": {"enabled": False}})


def object_names(release: Release) -> set[str]:
    """All objects in the namespace except Events and those that every namespace has."""
    kinds = release.cluster.kubectl("api-resources", "--namespaced", "--verbs=list", "--output=name").split()
    listed = ",".join(kind for kind in kinds if not kind.startswith("events"))
    names = release.kubectl("get", listed, "--output=name", "--ignore-not-found").split()
    return set(names) - OF_EVERY_NAMESPACE - {name.replace("s/", "/", 1) for name in OF_EVERY_NAMESPACE}


def uid(release: Release, name: str = "ocr") -> str:
    return str(release.get("ocrb", name)["metadata"]["uid"])


def claims(release: Release) -> dict[str, str]:
    """Name -> uid of the claims: a recreated claim of the same name has another volume."""
    items = release.get("persistentvolumeclaims")["items"]
    return {claim["metadata"]["name"]: claim["metadata"]["uid"] for claim in items}


def threshold(release: Release) -> str:
    return str(release.get("ocrb", "ocr")["spec"].get("options", {}).get("scoreThreshold", "0.5"))


def test_install_upgrade_rollback_uninstall_and_install_again(
    release: Release, start_operator: StartOperator, helm: Helm
) -> None:
    before = object_names(release)
    helm("install", ocr=HUB, other=HUB)
    with start_operator():
        release.wait_for("True", "Available")
        release.wait_for("True", "Available", name="other")
    first, volumes = uid(release), claims(release)
    assert len(volumes) == 2

    notes = helm("upgrade", ocr=HUB | {"options": {"scoreThreshold": "0.75"}})
    assert "ocr: was ready (1/1) before this change" in notes
    with start_operator():
        release.cluster.wait(lambda: not release.get("ocrb", "other"), "the removed backend to be deleted")
        release.cluster.wait(lambda: threshold(release) == "0.75", "the changed value")
        release.wait_for("True", "Available")

    helm("rollback", "1")
    with start_operator():
        release.wait_for("True", "Available", name="other")
        release.cluster.wait(lambda: threshold(release) == "0.5", "the previous value")
        release.wait_for("True", "Available")
    running = release.get("deployment", "ocr-ch-mobile")["metadata"]["uid"]

    output = helm("uninstall")
    assert "ocr-backends" in output, "Helm lists what it keeps"
    assert not release.get("deployments", "--selector=app.kubernetes.io/part-of=ocr-backend").get("items")
    assert uid(release) == first

    helm("install", ocr=HUB | {"options": {"scoreThreshold": "0.25"}})
    with start_operator():
        release.cluster.wait(lambda: threshold(release) == "0.25", "the value of the second install")
        release.wait_for("True", "Available")
        release.cluster.wait(
            lambda: not release.get("ocrb", "other"),
            "the backend that the second install lacks to be deleted",
        )
    assert uid(release) == first
    assert release.get("deployment", "ocr-ch-mobile")["metadata"]["uid"] == running
    assert claims(release) == volumes

    # The command in the notes deletes what Helm keeps, except the retained volumes.
    notes = helm("get notes")
    helm("uninstall")
    [command] = [line.split() for line in notes.splitlines() if "kubectl delete configmap" in line]
    release.cluster.kubectl(*command[1:])
    retained = {f"persistentvolumeclaim/{name}" for name in volumes}
    release.cluster.wait(lambda: object_names(release) == before | retained, "everything else to be deleted")

    # New OCRBackends of the same names adopt these volumes, which have no owner.
    helm("install", ocr=HUB, other=HUB)
    with start_operator():
        release.wait_for("True", "Available")
        release.wait_for("True", "Available", name="other")
    assert uid(release) != first
    assert claims(release) == volumes
    mounted = release.get("deployment", "ocr-ch-mobile")["spec"]["template"]["spec"]["volumes"]
    claim_names = [
        volume["persistentVolumeClaim"]["claimName"]
        for volume in mounted
        if "persistentVolumeClaim" in volume
    ]
    assert claim_names == [next(name for name in volumes if name.startswith("ocr-"))]


def test_uninstalling_with_crds_keep_false_leaves_nothing(
    release: Release, start_operator: StartOperator, helm: Helm
) -> None:
    before = object_names(release)
    helm("install", "--set", "crds.keep=false", ocr=HUB | {"models": {"source": "Hub"}})
    with start_operator():
        release.wait_for("True", "Available")
    assert object_names(release) > before
    helm("uninstall")
    release.cluster.wait(lambda: not release.cluster.get(CRD), "the CRD to be deleted")
    release.cluster.wait(lambda: object_names(release) == before, "all objects to be deleted")


def test_helm_3_installs_and_upgrades_and_helm_4_takes_over(
    release: Release, start_operator: StartOperator, helm: Helm
) -> None:
    """The rollback goes back to a revision that Helm 3 wrote. No step recreates the OCRBackend."""
    helm("install", program="helm3", ocr=HUB)
    with start_operator():
        release.wait_for("True", "Available")
        first = uid(release)
        helm("upgrade", program="helm3", ocr=HUB | {"options": {"scoreThreshold": "0.75"}})
    with start_operator():
        release.cluster.wait(lambda: threshold(release) == "0.75", "the value of Helm 3")
    helm("upgrade", ocr=HUB | {"options": {"scoreThreshold": "0.25"}})
    with start_operator():
        release.cluster.wait(lambda: threshold(release) == "0.25", "the value of Helm 4")
    helm("rollback", "2")
    with start_operator():
        release.cluster.wait(lambda: threshold(release) == "0.75", "the value of Helm 3 again")
        release.wait_for("True", "Available")
    assert uid(release) == first
    assert claims(release)
    helm("uninstall", program="helm3")
    assert not release.get("deployments", "--selector=app.kubernetes.io/part-of=ocr-backend").get("items")
