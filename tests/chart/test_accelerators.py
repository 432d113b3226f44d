"""Presets of `accelerators`: what the operator gets for a backend that selects one."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

pytestmark = pytest.mark.helm

CHART = Path(__file__).parents[2] / "chart"
TAINT = {"key": "nvidia.com/gpu", "operator": "Exists"}
PRESETS = {
    "a100": {
        "resourceName": "nvidia.com/gpu",
        "runtimeClassName": "nvidia",
        "nodeSelector": {"gpu": "a100"},
        "tolerations": [TAINT],
    },
    "slice": {"resourceName": "nvidia.com/mig-1g.10gb", "count": 2},
}
CH, EN = ({"name": language, "language": language, "modelType": "server"} for language in ("ch", "en"))

Json = dict[str, Any]


@pytest.fixture
def spec(render: Callable[..., list[Json]]) -> Callable[..., Json]:
    """`spec(**fields)`: the spec that the operator gets for a backend with these fields."""

    def rendered(**fields: Any) -> Json:
        objects = render(accelerators=PRESETS, **{"backends": {"ocr": {"variants": [CH]} | fields}})
        [data] = [
            body["data"]
            for body in objects
            if body["metadata"]["name"].endswith("-backends") and "data" in body
        ]
        rendered_spec: Json = yaml.safe_load(data["backends.yaml"])["ocr"]
        return rendered_spec

    return rendered


def test_a_preset_sets_the_device_and_the_nodes_that_have_it(spec: Callable[..., Json]) -> None:
    assert spec(variants=[CH | {"accelerator": {"preset": "a100"}}, EN]) == {
        "variants": [
            CH
            | {
                "accelerator": {"resourceName": "nvidia.com/gpu", "runtimeClassName": "nvidia"},
                "placement": {"nodeSelector": {"gpu": "a100"}, "tolerations": [TAINT]},
            },
            EN,
        ],
    }


def test_a_preset_of_the_backend_applies_to_variants_without_their_own_device(
    spec: Callable[..., Json],
) -> None:
    backend = spec(
        accelerator={"preset": "a100"},
        variants=[CH, EN | {"accelerator": {"resourceName": "amd.com/gpu"}}],
    )
    assert "accelerator" not in backend
    assert "placement" not in backend
    first, second = backend["variants"]
    assert first["accelerator"]["resourceName"] == "nvidia.com/gpu"
    assert first["placement"]["nodeSelector"] == {"gpu": "a100"}
    assert second == EN | {"accelerator": {"resourceName": "amd.com/gpu"}}


def test_fields_beside_the_preset_override_it(spec: Callable[..., Json]) -> None:
    accelerator = {"preset": "slice", "count": 1, "runtimeClassName": "mine"}
    [variant] = spec(variants=[CH | {"accelerator": accelerator}])["variants"]
    assert variant["accelerator"] == {
        "resourceName": "nvidia.com/mig-1g.10gb",
        "count": 1,
        "runtimeClassName": "mine",
    }


def test_the_nodes_of_a_preset_are_added_to_the_placement_of_the_variant(spec: Callable[..., Json]) -> None:
    toleration = {"key": "mine", "operator": "Exists"}
    shared = {"nodeSelector": {"zone": "b"}, "tolerations": [toleration], "priorityClassName": "high"}
    fields = {"accelerator": {"preset": "a100"}, "placement": shared}
    [inherits, replaces] = spec(
        **fields, variants=[CH, EN | {"placement": {"nodeSelector": {"gpu": "h100"}}}]
    )["variants"]
    assert inherits["placement"] == {
        "nodeSelector": {"zone": "b", "gpu": "a100"},
        "tolerations": [toleration, TAINT],
        "priorityClassName": "high",
    }
    assert replaces["placement"] == {"nodeSelector": {"gpu": "h100"}, "tolerations": [TAINT]}


def test_a_changed_preset_restarts_the_operator(render: Callable[..., list[Json]]) -> None:
    def checksum(preset: Json) -> str:
        backends = {"ocr": {"variants": [CH | {"accelerator": {"preset": "a"}}]}}
        [deployment] = [
            body
            for body in render(accelerators={"a": preset}, backends=backends)
            if body["kind"] == "Deployment"
        ]
        return str(deployment["spec"]["template"]["metadata"]["annotations"]["checksum/backends"])

    assert checksum({"resourceName": "a/b"}) != checksum({"resourceName": "a/c"})


def test_an_undefined_preset_fails_with_the_list_of_defined_presets(
    helm: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    values = {
        "accelerators": PRESETS,
        "backends": {"ocr": {"variants": [CH], "accelerator": {"preset": "h100"}}},
    }
    sets = [f"--set-json={name}={json.dumps(value)}" for name, value in values.items()]
    done = helm("template", "r", str(CHART), *sets)
    assert done.returncode != 0
    assert (
        'backends.ocr: accelerator preset "h100" is not defined in `accelerators`; '
        "defined presets: a100, slice" in done.stderr
    )
