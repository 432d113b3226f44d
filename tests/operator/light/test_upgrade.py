"""From the last release to this one and back: nothing is lost, no pod restarted for the operator's sake."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
import yaml

import frozen_release
from installed_crds import install_crd
from ocr_cluster.cluster import Cluster
from ocr_operator.crd.crd import crd
from operator_process import Operator
from schema_narrowing import narrowings

pytestmark = pytest.mark.light

CHART = Path(__file__).parents[3] / "chart"
CRD = "customresourcedefinition/ocrbackends.ocrbackend.io"
OLD_VERSION = yaml.safe_load((frozen_release.chart() / "Chart.yaml").read_text("utf-8"))["version"]
VERSION = yaml.safe_load((CHART / "Chart.yaml").read_text("utf-8"))["version"]
KEPT_IMAGES = f"backend.image.tag={OLD_VERSION}", f"backend.gpuImage.tag={OLD_VERSION}"
SCHEMA = crd()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
KINDS = "ocrbackends,deployments,replicasets,pods,services,persistentvolumeclaims,poddisruptionbudgets"
OURS = "--selector=app.kubernetes.io/managed-by=ocr-operator"

# The fixture's type lives in conftest.py, which tests cannot import.
Release = Any
Install = Callable[..., None]
Started = Callable[..., AbstractContextManager[Operator]]
Json = dict[str, Any]


@pytest.fixture
def own_crd(light_cluster: Cluster, crd_installed: None) -> Iterator[None]:
    """No CRD in the cluster: the release brings it. Afterwards it is as all tests share it."""
    light_cluster.kubectl("delete", CRD)
    yield
    light_cluster.kubectl("delete", CRD)
    install_crd(light_cluster, crd())


@pytest.fixture
def helm(own_crd: None, release: Release) -> Iterator[Callable[..., None]]:
    """`helm(verb, …)`: the test's release, uninstalled in the end. Backends keep the last release's image."""
    where = f"--namespace={release.namespace}"

    def run(verb: str, what: str) -> None:
        values = () if verb == "rollback" else ("backends=null", *KEPT_IMAGES)
        sets = [word for value in values for word in ("--set", value)]
        release.cluster.helm(verb, "ocr", what, where, *sets)

    yield run
    release.cluster.helm("uninstall", "ocr", where)


def _apply(release: Release, body: Json, *arguments: str) -> Json:
    """The object as it is in the test's namespace after it was applied."""
    here = body | {"metadata": body["metadata"] | {"namespace": release.namespace}}
    said = release.kubectl("apply", "--filename=-", "--output=json", *arguments, input=json.dumps(here))
    found: Json = json.loads(said)
    return found


def _made(release: Release, ocrbackend: Json, child: Json, manager: str = "ocr-operator") -> None:
    """Has the child be as an operator made it for the OCRBackend that is in the cluster."""
    metadata = child["metadata"]
    owner = [one | {"uid": ocrbackend["metadata"]["uid"]} for one in metadata.get("ownerReferences", [])]
    body = child | {"metadata": metadata | ({"ownerReferences": owner} if owner else {})}
    _apply(release, body, "--server-side", f"--field-manager={manager}")


def _children(name: str) -> list[Json]:
    """What the last release made, but with today's pods: whether those differ is not asked here."""
    [(stored, children)] = [one for one in frozen_release.stored() if one[0]["metadata"]["name"] == name]
    today = {
        one["metadata"]["name"]: one["spec"]["template"]
        for one in frozen_release.children(stored)
        if one["kind"] == "Deployment"
    }
    return [
        one | {"spec": one["spec"] | {"template": today[one["metadata"]["name"]]}}
        if one["kind"] == "Deployment"
        else one
        for one in children
        if one["kind"] != "ServiceMonitor"  # the cluster may not have it
    ]


def _state(release: Release) -> dict[str, tuple[str, Json]]:
    """UID of all that a person has made and the operator made of it, and the specs of OCRBackends."""
    found = [*release.get(KINDS, OURS)["items"], *release.get("ocrbackends")["items"]]
    return {
        f"{one['kind']}/{one['metadata']['name']}": (
            one["metadata"]["uid"],
            one["spec"] if one["kind"] == "OCRBackend" else {},
        )
        for one in found
    }


def _specs(release: Release) -> dict[str, Json]:
    """Of Deployments; their generation says less, since an annotation makes a new one."""
    found = release.get("deployments", OURS)["items"]
    return {one["metadata"]["name"]: one["spec"] for one in found}


def _assert_unchanged(now: dict[str, tuple[str, Json]], before: dict[str, tuple[str, Json]]) -> None:
    """The same objects, with specs that may have got defaults of new fields, and no pods of another kind."""
    assert {name: now.get(name, ("gone", {}))[0] for name in before} == {
        name: uid for name, (uid, _) in before.items()
    }
    assert not [name for name, (_, spec) in before.items() if not _holds(now[name][1], spec)]
    assert not [name for name in now.keys() - before.keys() if name.startswith("ReplicaSet/")]


def _holds(value: Any, part: Any) -> bool:
    if isinstance(part, dict):
        return all(name in value and _holds(value[name], one) for name, one in part.items())
    if isinstance(part, list):
        return len(value) == len(part) and all(map(_holds, value, part))
    return bool(value == part)


def _available(release: Release, *names: str) -> None:
    deployments = [f"deployment/{name}" for name in names]
    release.kubectl("wait", "--for=condition=Available", "--timeout=60s", *deployments)


def _crd_version(release: Release) -> str:
    return str(release.cluster.get(CRD)["metadata"]["labels"]["app.kubernetes.io/version"])


def test_an_upgrade_and_its_rollback_lose_nothing_and_restart_nothing(
    release: Release, helm: Callable[..., None], started: Started
) -> None:
    """Helm has the CRD go with it both ways. Pods and all else are the same objects, with the same specs."""
    helm("install", str(frozen_release.chart()))
    assert _crd_version(release) == OLD_VERSION
    for example in frozen_release.examples():
        ocrbackend = _apply(release, example)
        for child in _children(example["metadata"]["name"]):
            _made(release, ocrbackend, child)
    _available(release, "small-ch-mobile", "small-latin-mobile")
    before, specs = _state(release), _specs(release)
    helm("upgrade", str(CHART))
    assert _crd_version(release) == VERSION
    [version] = release.cluster.get(CRD)["spec"]["versions"]
    schema = version["schema"]["openAPIV3Schema"]
    assert not list(narrowings(SCHEMA, schema))
    with started() as operator:
        release.wait_for("True", "Available", name="small")
        release.settle(operator, "service")
    _assert_unchanged(_state(release), before)
    assert _specs(release) == specs
    helm("rollback", "1")
    assert _crd_version(release) == OLD_VERSION
    _assert_unchanged(_state(release), before)
    helm("upgrade", str(CHART))
    _assert_unchanged(_state(release), before)
    assert _specs(release) == specs


def test_ocrbackends_of_the_last_release_are_accepted(release: Release) -> None:
    """New ones, and edits of such as are there: the rules of today refuse none of them."""
    for example in frozen_release.examples():
        _apply(release, example)
        patch = json.dumps({"spec": {"paused": True}})
        release.kubectl("patch", "ocrb", example["metadata"]["name"], "--type=merge", f"--patch={patch}")


def test_children_of_another_version_are_taken_over_without_a_restart(
    release: Release, install: Install, started: Started
) -> None:
    """One with more fields than today, one with fewer, one that somebody else has had a hand in."""
    install("backends=null", *KEPT_IMAGES)
    [example] = [one for one in frozen_release.examples() if one["metadata"]["name"] == "small"]
    ocrbackend = _apply(release, example)
    for child in _children("small"):
        metadata, spec = child["metadata"], child["spec"]
        if child["kind"] == "Service":
            child = child | {"metadata": metadata | {"labels": metadata["labels"] | {"of": "yesterday"}}}
        elif metadata["name"] == "small-ch-mobile":
            child = child | {"spec": spec | {"minReadySeconds": 1}}
            _made(release, ocrbackend, child, manager="ocr-operator-of-yesterday")
        else:
            child = child | {"spec": {key: spec[key] for key in ("selector", "template")}}
        _made(release, ocrbackend, child)
    _available(release, "small-ch-mobile", "small-latin-mobile")
    before = _state(release)
    with started() as operator:
        release.wait_for("True", "Available", name="small")
        release.settle(operator, "service")
    _assert_unchanged(_state(release), before)
    assert "of" not in release.get("service", "small-ch-mobile")["metadata"]["labels"]
    assert release.get("deployment", "small-latin-mobile")["spec"]["revisionHistoryLimit"] == 2


def test_a_crd_that_gains_a_field_under_a_running_operator_costs_neither_restart_nor_write(
    release: Release, install: Install, started: Started
) -> None:
    """What is asked for after it is done within 60 s."""
    install("backends=null")
    later = crd()
    schema = later["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    schema["description"] = "Told in other words."
    schema["properties"]["later"] = {"type": "string", "default": "x"}
    try:
        with started() as operator:
            release.apply()
            release.wait_for("True", "Available")
            release.settle(operator, "service")
            before = _but_services(release)
            install_crd(release.cluster, later)
            release.cluster.wait(lambda: release.get("ocrb", "ocr")["spec"].get("later"), "the new field")
            release.settle(operator, "service")
            assert _but_services(release) == before
            release.apply(later="y", options={"scoreThreshold": "0.6"})
            release.wait_for("True", "Available")
            assert release.get("ocrb", "ocr")["spec"]["later"] == "y"
            assert operator.process.poll() is None
    finally:
        install_crd(release.cluster, crd())


def _but_services(release: Release) -> dict[str, str]:
    """Versions without those of the Services, which `settle` annotates here."""
    versions = release.versions()
    return {name: version for name, version in versions.items() if not name.startswith("Service/")}
