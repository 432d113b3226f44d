"""Objects of the previous release keep working: an upgrade loses nothing and announces every restart."""

import copy
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

import frozen_release
from api_defaults import defaulted
from ocr_operator.api.names import REVISION_LABEL
from ocr_operator.api.operator_config import ImageReference, OperatorConfig
from ocr_operator.crd.crd import crd
from ocr_operator.crd.spec_schema import spec_schema
from schema_narrowing import narrowings

ROOT = Path(__file__).parents[2]
OLD = frozen_release.crd()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
NEW = crd()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
STORED = [
    pytest.param(*release_objects, id=release_objects[0]["metadata"]["name"])
    for release_objects in frozen_release.stored()
]

Json = dict[str, Any]


def _leaves(schema: Json, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Paths of the fields without subfields."""
    fields = schema.get("properties") or schema.get("items", {}).get("properties")
    if not fields:
        yield path
    for name, field in (fields or {}).items():
        yield from _leaves(field, (*path, name))


def _has(value: Any, path: tuple[str, ...]) -> bool:
    if not path:
        return True
    if isinstance(value, list):
        return any(_has(item, path) for item in value)
    return path[0] in value and _has(value[path[0]], path[1:])


def _shared_path(path: tuple[str, ...]) -> tuple[str, ...]:
    """`variants.options.x` counts as `options.x`, which has the same schema."""
    shared = ("options", "accelerator", "placement")
    return path[1:] if path[0] == "variants" and path[1] in shared else path


def test_the_stored_ocrbackends_use_every_field_of_their_release() -> None:
    specs = [example["spec"] for example in frozen_release.examples()]
    paths = {_shared_path(path) for path in _leaves(OLD["properties"]["spec"])}
    assert not {".".join(path) for path in paths if not any(_has(spec, path) for spec in specs)}


def test_the_crd_accepts_everything_that_the_previous_one_accepted() -> None:
    assert list(narrowings(OLD, NEW)) == []


def _without(*path: str) -> Callable[[Json], None]:
    def change(schema: Json) -> None:
        for name in path[:-1]:
            schema = schema[name]
        del schema[path[-1]]

    return change


def _with(value: Any, *path: str) -> Callable[[Json], None]:
    def change(schema: Json) -> None:
        for name in path[:-1]:
            schema = schema[name]
        schema[path[-1]] = value

    return change


SPEC = ("properties", "spec", "properties")
VARIANTS = (*SPEC, "variants")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param(_without(*SPEC, "paused"), ".spec.paused: was removed", id="a removed field"),
        pytest.param(
            _with(["PP-OCRv6", "PP-OCRv5", "PP-OCRv4"], *SPEC, "ocrVersion", "enum"),
            ".spec.ocrVersion: no longer PP-OCRv3",
            id="a removed enum value",
        ),
        pytest.param(
            _with(["a"], *SPEC, "image", "properties", "tag", "enum"),
            ".spec.image.tag: no longer others",
            id="a new enum",
        ),
        pytest.param(
            _with(["url"], *SPEC, "labelStudio", "required"),
            ".spec.labelStudio.url: is now required",
            id="a newly required field",
        ),
        pytest.param(
            _with(8, *VARIANTS, "maxItems"), ".spec.variants: maxItems was 16, is 8", id="a lower limit"
        ),
        pytest.param(
            _with(2, *VARIANTS, "minItems"), ".spec.variants: minItems was 1, is 2", id="a higher limit"
        ),
        pytest.param(
            _with("^a", *SPEC, "image", "properties", "tag", "pattern"),
            ".spec.image.tag: pattern was None, is ^a",
            id="a pattern",
        ),
        pytest.param(
            _with("string", *VARIANTS, "items", "properties", "replicas", "type"),
            ".spec.variants[].replicas: type was integer, is string",
            id="another type",
        ),
        pytest.param(
            _with(["language"], *VARIANTS, "x-kubernetes-list-map-keys"),
            ".spec.variants: x-kubernetes-list-map-keys was",
            id="another key",
        ),
        pytest.param(
            _without(*SPEC, "placement", "properties", "affinity", "x-kubernetes-preserve-unknown-fields"),
            ".spec.placement.affinity: drops unknown fields",
            id="a closed object",
        ),
    ],
)
def test_a_narrower_crd_is_detected(change: Callable[[Json], None], message: str) -> None:
    schema = copy.deepcopy(OLD)
    change(schema)
    [narrowing] = narrowings(OLD, schema)
    assert message in narrowing


def _current_objects(ocrbackend: Json, config: OperatorConfig | None = None) -> list[Json]:
    spec = defaulted(spec_schema(), ocrbackend["spec"])
    return frozen_release.managed_objects(ocrbackend | {"spec": spec}, config)


@pytest.mark.parametrize(("ocrbackend", "stored"), STORED)
def test_managed_objects_keep_their_names_and_immutable_fields(ocrbackend: Json, stored: list[Json]) -> None:
    current_objects = {
        (manifest["kind"], manifest["metadata"]["name"]): manifest
        for manifest in _current_objects(ocrbackend)
    }
    for old in stored:
        new = current_objects[old["kind"], old["metadata"]["name"]]
        assert old["apiVersion"] == new["apiVersion"]
        for field in ("selector", "accessModes", "storageClassName"):
            assert old["spec"].get(field) == new["spec"].get(field)


def test_the_manual_says_whether_the_upgrade_restarts_pods() -> None:
    """The row for this version in docs/operating.md, under "Upgrading", says `no` or which pods restart."""
    changed = [
        manifest["metadata"]["name"]
        for ocrbackend, stored in frozen_release.stored()
        for manifest in stored
        if manifest["kind"] == "Deployment" and manifest["spec"]["template"] not in _templates(ocrbackend)
    ]
    assert (_documented_restarts() == "no") is (not changed), changed


def _templates(ocrbackend: Json, config: OperatorConfig | None = None) -> list[Json]:
    manifests = _current_objects(ocrbackend, config)
    return [manifest["spec"]["template"] for manifest in manifests if manifest["kind"] == "Deployment"]


def _documented_restarts() -> str:
    version = yaml.safe_load((ROOT / "chart" / "Chart.yaml").read_text("utf-8"))["version"]
    manual = (ROOT / "docs" / "operating.md").read_text("utf-8")
    [restarts] = re.findall(rf"^\| {re.escape(version)} \| (.+) \|$", manual, re.MULTILINE)
    return str(restarts)


def test_pods_do_not_depend_on_the_operators_version_name_or_timeouts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """They depend on its default images, their pull policy and pull Secrets only."""
    [(ocrbackend, _), *_] = frozen_release.stored()
    before = _templates(ocrbackend)
    monkeypatch.setattr("importlib.metadata.version", lambda name: "99")
    for name in ("HOSTNAME", "OCR_VERSION", "POD_NAME", "POD_NAMESPACE"):
        monkeypatch.setenv(name, "other")
    other_timeout = replace(frozen_release.config(), surge_wait_seconds=1)
    assert _templates(ocrbackend, other_timeout) == before
    assert _templates(ocrbackend, replace(other_timeout, pull_secrets=("other",))) != before


def test_a_new_default_image_changes_only_the_image_and_the_revision() -> None:
    [(ocrbackend, _), *_] = frozen_release.stored()
    newer = replace(frozen_release.config(), cpu_image=ImageReference("ocr-backend/backend-cpu", "99"))
    for before, after in zip(_templates(ocrbackend), _templates(ocrbackend, newer), strict=True):
        [container] = after["spec"]["containers"]
        assert container["image"] == "ocr-backend/backend-cpu:99"
        container["image"] = before["spec"]["containers"][0]["image"]
        label = after["metadata"]["labels"].pop(REVISION_LABEL)
        assert label != before["metadata"]["labels"].pop(REVISION_LABEL)
        assert after == before
