"""Upgrades from the last release and back: nothing is lost, and the operator restarts no pod."""

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
OLD_IMAGES = f"backend.image.tag={OLD_VERSION}", f"backend.gpuImage.tag={OLD_VERSION}"
SCHEMA = crd()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
KINDS = "ocrbackends,deployments,replicasets,pods,services,persistentvolumeclaims,poddisruptionbudgets"
MANAGED = "--selector=app.kubernetes.io/managed-by=ocr-operator"

# The fixture's type lives in conftest.py, which tests cannot import.
Release = Any
Install = Callable[..., None]
StartOperator = Callable[..., AbstractContextManager[Operator]]
Json = dict[str, Any]


@pytest.fixture
def no_crd(light_cluster: Cluster, crd_installed: None) -> Iterator[None]:
    """The cluster without the CRD, which the release installs; the shared CRD is restored afterwards."""
    light_cluster.kubectl("delete", CRD)
    yield
    light_cluster.kubectl("delete", CRD)
    install_crd(light_cluster, crd())


@pytest.fixture
def helm(no_crd: None, release: Release) -> Iterator[Callable[..., None]]:
    """`helm(verb, …)`: the test's release; it is uninstalled afterwards. Backends keep the old image."""
    namespace = f"--namespace={release.namespace}"

    def run(verb: str, target: str) -> None:
        values = () if verb == "rollback" else ("defaultBackend.enabled=false", *OLD_IMAGES)
        sets = [word for value in values for word in ("--set", value)]
        release.cluster.helm(verb, "ocr", target, namespace, *sets)

    yield run
    release.cluster.helm("uninstall", "ocr", namespace)


def _apply(release: Release, body: Json, *arguments: str) -> Json:
    """Applies an object in the test's namespace, and returns it as the API server stored it."""
    body = body | {"metadata": body["metadata"] | {"namespace": release.namespace}}
    output = release.kubectl("apply", "--filename=-", "--output=json", *arguments, input=json.dumps(body))
    stored: Json = json.loads(output)
    return stored


def _apply_managed(release: Release, ocrbackend: Json, manifest: Json, manager: str = "ocr-operator") -> None:
    """Applies a managed object as an operator does for the OCRBackend in the cluster."""
    metadata = manifest["metadata"]
    uid = {"uid": ocrbackend["metadata"]["uid"]}
    owners = [owner | uid for owner in metadata.get("ownerReferences", [])]
    body = manifest | {"metadata": metadata | ({"ownerReferences": owners} if owners else {})}
    # No `paused: false` is stored, so every manager of that field seems to differ from the others.
    _apply(release, body, "--server-side", "--force-conflicts", f"--field-manager={manager}")


def _old_manifests(name: str) -> list[Json]:
    """The manifests of the last release, with today's pod templates: a change of these is not tested here."""
    [(stored, manifests)] = [
        (ocrbackend, objects)
        for ocrbackend, objects in frozen_release.stored()
        if ocrbackend["metadata"]["name"] == name
    ]
    templates = {
        manifest["metadata"]["name"]: manifest["spec"]["template"]
        for manifest in frozen_release.managed_objects(stored)
        if manifest["kind"] == "Deployment"
    }
    return [
        manifest | {"spec": manifest["spec"] | {"template": templates[manifest["metadata"]["name"]]}}
        if manifest["kind"] == "Deployment"
        else manifest
        for manifest in manifests
        if manifest["kind"] not in ("ServiceMonitor", "ScaledObject")  # the cluster may not serve these APIs
    ]


def _examples(cluster: Cluster) -> list[Json]:
    """The OCRBackends of the last release, without image volumes before Kubernetes 1.31 knows the field."""
    has_image_volumes = int(json.loads(cluster.kubectl("get", "--raw=/version"))["minor"]) >= 31
    examples = frozen_release.examples()
    return [each for each in examples if has_image_volumes or each["spec"]["models"]["source"] != "Image"]


def _state(release: Release) -> dict[str, tuple[str, Json]]:
    """`Kind/name` -> uid of the OCRBackends and managed objects, with the specs of OCRBackends."""
    objects = [*release.get(KINDS, MANAGED)["items"], *release.get("ocrbackends")["items"]]
    return {
        f"{each['kind']}/{each['metadata']['name']}": (
            each["metadata"]["uid"],
            each["spec"] if each["kind"] == "OCRBackend" else {},
        )
        for each in objects
    }


def _specs(release: Release) -> dict[str, Json]:
    """Specs of the Deployments; an annotation changes their generation too."""
    deployments = release.get("deployments", MANAGED)["items"]
    return {deployment["metadata"]["name"]: deployment["spec"] for deployment in deployments}


def _assert_unchanged(now: dict[str, tuple[str, Json]], before: dict[str, tuple[str, Json]]) -> None:
    """The same objects, whose specs may have defaults of new fields, and no new ReplicaSets."""
    assert {name: now.get(name, ("gone", {}))[0] for name in before} == {
        name: uid for name, (uid, _) in before.items()
    }
    assert not [name for name, (_, spec) in before.items() if not _contains(now[name][1], spec)]
    assert not [name for name in now.keys() - before.keys() if name.startswith("ReplicaSet/")]


def _contains(value: Any, part: Any) -> bool:
    if isinstance(part, dict):
        return all(name in value and _contains(value[name], field) for name, field in part.items())
    if isinstance(part, list):
        return len(value) == len(part) and all(map(_contains, value, part))
    return bool(value == part)


def _wait_until_available(release: Release, *names: str) -> None:
    deployments = [f"deployment/{name}" for name in names]
    release.kubectl("wait", "--for=condition=Available", "--timeout=60s", *deployments)


def _crd_version(release: Release) -> str:
    return str(release.cluster.get(CRD)["metadata"]["labels"]["app.kubernetes.io/version"])


def test_an_upgrade_and_its_rollback_lose_and_restart_nothing(
    release: Release, helm: Callable[..., None], start_operator: StartOperator
) -> None:
    """Helm also upgrades and rolls back the CRD. All objects and pods stay the same, with the same specs."""
    helm("install", str(frozen_release.chart()))
    assert _crd_version(release) == OLD_VERSION
    for example in _examples(release.cluster):
        ocrbackend = _apply(release, example)
        for manifest in _old_manifests(example["metadata"]["name"]):
            _apply_managed(release, ocrbackend, manifest)
    _wait_until_available(release, "small-ch-mobile", "small-latin-mobile")
    before, specs = _state(release), _specs(release)
    helm("upgrade", str(CHART))
    assert _crd_version(release) == VERSION
    [version] = release.cluster.get(CRD)["spec"]["versions"]
    schema = version["schema"]["openAPIV3Schema"]
    assert not list(narrowings(SCHEMA, schema))
    with start_operator() as operator:
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
    """Today's rules reject neither new ones nor edits of existing ones."""
    for example in frozen_release.examples():
        _apply(release, example)
        patch = json.dumps({"spec": {"paused": True}})
        release.kubectl("patch", "ocrb", example["metadata"]["name"], "--type=merge", f"--patch={patch}")


def test_objects_of_another_version_are_adopted_without_a_restart(
    release: Release, install: Install, start_operator: StartOperator
) -> None:
    """One with more fields than today, one with fewer, and one that has another field manager too."""
    install("defaultBackend.enabled=false", *OLD_IMAGES)
    [example] = [body for body in frozen_release.examples() if body["metadata"]["name"] == "small"]
    ocrbackend = _apply(release, example)
    for manifest in _old_manifests("small"):
        metadata, spec = manifest["metadata"], manifest["spec"]
        if manifest["kind"] == "Service":
            manifest = manifest | {"metadata": metadata | {"labels": metadata["labels"] | {"old": "label"}}}
        elif metadata["name"] == "small-ch-mobile":
            manifest = manifest | {"spec": spec | {"minReadySeconds": 1}}
            _apply_managed(release, ocrbackend, manifest, manager="old-ocr-operator")
        else:
            manifest = manifest | {"spec": {key: spec[key] for key in ("selector", "template")}}
        _apply_managed(release, ocrbackend, manifest)
    _wait_until_available(release, "small-ch-mobile", "small-latin-mobile")
    before = _state(release)
    with start_operator() as operator:
        release.wait_for("True", "Available", name="small")
        release.settle(operator, "service")
    _assert_unchanged(_state(release), before)
    assert "old" not in release.get("service", "small-ch-mobile")["metadata"]["labels"]
    assert release.get("deployment", "small-latin-mobile")["spec"]["revisionHistoryLimit"] == 2


def test_a_new_field_in_the_crd_causes_neither_a_restart_nor_a_write(
    release: Release, install: Install, start_operator: StartOperator
) -> None:
    """Later changes of the spec are applied within 60 s."""
    install("defaultBackend.enabled=false")
    new_crd = crd()
    schema = new_crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    schema["description"] = "Another description."
    schema["properties"]["newField"] = {"type": "string", "default": "x"}
    try:
        with start_operator() as operator:
            release.apply()
            release.wait_for("True", "Available")
            release.settle(operator, "service")
            before = _without_services(release)
            install_crd(release.cluster, new_crd)
            release.cluster.wait(lambda: release.get("ocrb", "ocr")["spec"].get("newField"), "the new field")
            release.settle(operator, "service")
            assert _without_services(release) == before
            release.apply(newField="y", options={"scoreThreshold": "0.6"})
            release.wait_for("True", "Available")
            assert release.get("ocrb", "ocr")["spec"]["newField"] == "y"
            assert operator.process.poll() is None
    finally:
        install_crd(release.cluster, crd())


def _without_services(release: Release) -> dict[str, str]:
    """Versions without those of the Services, which `settle` annotates here."""
    versions = release.resource_versions()
    return {name: version for name, version in versions.items() if not name.startswith("Service/")}
