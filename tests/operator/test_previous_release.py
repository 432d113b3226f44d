"""What the last release has left in clusters, taken over by today's operator: nothing lost or restarted."""

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
from ocr_operator.api.operator_config import ImageName, OperatorConfig
from ocr_operator.crd.crd import crd
from ocr_operator.crd.spec_schema import spec_schema
from schema_narrowing import narrowings

ROOT = Path(__file__).parents[2]
OLD = frozen_release.crd()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
NEW = crd()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
STORED = [pytest.param(*one, id=one[0]["metadata"]["name"]) for one in frozen_release.stored()]

Json = dict[str, Any]


def _leaves(schema: Json, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Paths of the fields that have no fields of their own; variants and family share those of some."""
    fields = schema.get("properties") or schema.get("items", {}).get("properties")
    if not fields:
        yield path
    for name, field in (fields or {}).items():
        yield from _leaves(field, (*path, name))


def _has(value: Any, path: tuple[str, ...]) -> bool:
    if not path:
        return True
    if isinstance(value, list):
        return any(_has(one, path) for one in value)
    return path[0] in value and _has(value[path[0]], path[1:])


def _as_family(path: tuple[str, ...]) -> tuple[str, ...]:
    """`variants.options.x` is `options.x`, whose schema it has."""
    shared = ("options", "accelerator", "placement")
    return path[1:] if path[0] == "variants" and path[1] in shared else path


def test_the_kept_ocrbackends_have_every_field_of_their_release() -> None:
    specs = [one["spec"] for one in frozen_release.examples()]
    paths = {_as_family(path) for path in _leaves(OLD["properties"]["spec"])}
    assert not {".".join(path) for path in paths if not any(_has(spec, path) for spec in specs)}


def test_the_crd_takes_all_that_the_last_one_took() -> None:
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
    ("change", "said"),
    [
        pytest.param(_without(*SPEC, "paused"), ".spec.paused: is gone", id="a field less"),
        pytest.param(
            _with(["PP-OCRv6", "PP-OCRv5", "PP-OCRv4"], *SPEC, "ocrVersion", "enum"),
            ".spec.ocrVersion: no longer PP-OCRv3",
            id="a choice less",
        ),
        pytest.param(
            _with(["a"], *SPEC, "image", "properties", "tag", "enum"),
            ".spec.image.tag: no longer others",
            id="a choice where all was free",
        ),
        pytest.param(
            _with(["url"], *SPEC, "labelStudio", "required"),
            ".spec.labelStudio.url: must be given now",
            id="a field that is needed",
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
            ".spec.placement.affinity: drops fields that it does not know",
            id="a closed object",
        ),
    ],
)
def test_a_crd_that_takes_less_is_noticed(change: Callable[[Json], None], said: str) -> None:
    schema = copy.deepcopy(OLD)
    change(schema)
    [sentence] = narrowings(OLD, schema)
    assert said in sentence


def _today(ocrbackend: Json, config: OperatorConfig | None = None) -> list[Json]:
    spec = defaulted(spec_schema(), ocrbackend["spec"])
    return frozen_release.children(ocrbackend | {"spec": spec}, config)


@pytest.mark.parametrize(("ocrbackend", "children"), STORED)
def test_children_keep_their_names_and_what_cannot_be_changed(ocrbackend: Json, children: list[Json]) -> None:
    today = {(one["kind"], one["metadata"]["name"]): one for one in _today(ocrbackend)}
    for child in children:
        now = today[child["kind"], child["metadata"]["name"]]
        assert child["apiVersion"] == now["apiVersion"]
        for field in ("selector", "accessModes", "storageClassName"):
            assert child["spec"].get(field) == now["spec"].get(field)


def test_pods_are_the_same_unless_the_manual_says_that_the_upgrade_restarts_them() -> None:
    """A row for this version in docs/operating.md, under "Upgrading", says `no`, or what restarts them."""
    changed = [
        child["metadata"]["name"]
        for ocrbackend, children in frozen_release.stored()
        for child in children
        if child["kind"] == "Deployment" and child["spec"]["template"] not in _templates(ocrbackend)
    ]
    assert (_said_of_restarts() == "no") is (not changed), changed


def _templates(ocrbackend: Json, config: OperatorConfig | None = None) -> list[Json]:
    today = _today(ocrbackend, config)
    return [one["spec"]["template"] for one in today if one["kind"] == "Deployment"]


def _said_of_restarts() -> str:
    version = yaml.safe_load((ROOT / "chart" / "Chart.yaml").read_text("utf-8"))["version"]
    manual = (ROOT / "docs" / "operating.md").read_text("utf-8")
    [said] = re.findall(rf"^\| {re.escape(version)} \| (.+) \|$", manual, re.MULTILINE)
    return str(said)


def test_what_the_operator_is_told_of_itself_does_not_get_into_pods(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Only images, their pull policy and Secrets do; not its patience, its place, nor its own version."""
    [(ocrbackend, _), *_] = frozen_release.stored()
    before = _templates(ocrbackend)
    monkeypatch.setattr("importlib.metadata.version", lambda name: "99")
    for name in ("HOSTNAME", "OCR_VERSION", "POD_NAME", "POD_NAMESPACE"):
        monkeypatch.setenv(name, "other")
    patient = replace(frozen_release.config(), surge_wait_seconds=1)
    assert _templates(ocrbackend, patient) == before
    assert _templates(ocrbackend, replace(patient, pull_secrets=("other",))) != before


def test_a_new_default_image_is_all_that_changes_in_pods_with_it() -> None:
    [(ocrbackend, _), *_] = frozen_release.stored()
    newer = replace(frozen_release.config(), cpu_image=ImageName("ocr-backend/backend-cpu", "99"))
    for before, after in zip(_templates(ocrbackend), _templates(ocrbackend, newer), strict=True):
        [container] = after["spec"]["containers"]
        assert container["image"] == "ocr-backend/backend-cpu:99"
        container["image"] = before["spec"]["containers"][0]["image"]
        label = after["metadata"]["labels"].pop(REVISION_LABEL)
        assert label != before["metadata"]["labels"].pop(REVISION_LABEL)
        assert after == before
