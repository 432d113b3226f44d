"""Presets of `accelerators`: what a backend that names one asks the operator for."""

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
CH, EN = ({"language": language, "modelType": "server"} for language in ("ch", "en"))

Json = dict[str, Any]


@pytest.fixture
def spec(render: Callable[..., list[Json]]) -> Callable[..., Json]:
    """`spec(**fields)`: what the operator gets for a backend with these fields."""

    def made(**fields: Any) -> Json:
        objects = render(accelerators=PRESETS, **{"backends": {"ocr": {"variants": [CH]} | fields}})
        [data] = [
            one["data"] for one in objects if one["metadata"]["name"].endswith("-backends") and "data" in one
        ]
        found: Json = yaml.safe_load(data["backends.yaml"])["ocr"]
        return found

    return made


def test_a_preset_is_a_device_and_the_nodes_that_have_it(spec: Callable[..., Json]) -> None:
    assert spec(variants=[CH | {"accelerator": {"preset": "a100"}}, EN]) == {
        "models": {"source": "Hub", "storage": {"size": "2Gi"}},
        "ocrVersion": "PP-OCRv5",
        "variants": [
            CH
            | {
                "accelerator": {"resourceName": "nvidia.com/gpu", "runtimeClassName": "nvidia"},
                "placement": {"nodeSelector": {"gpu": "a100"}, "tolerations": [TAINT]},
            },
            EN,
        ],
    }


def test_a_familys_preset_is_that_of_the_variants_without_a_device_of_their_own(
    spec: Callable[..., Json],
) -> None:
    found = spec(
        accelerator={"preset": "a100"},
        variants=[CH, EN | {"accelerator": {"resourceName": "amd.com/gpu"}}],
    )
    assert "accelerator" not in found
    assert "placement" not in found
    first, second = found["variants"]
    assert first["accelerator"]["resourceName"] == "nvidia.com/gpu"
    assert first["placement"]["nodeSelector"] == {"gpu": "a100"}
    assert second == EN | {"accelerator": {"resourceName": "amd.com/gpu"}}


def test_own_words_win_over_the_presets(spec: Callable[..., Json]) -> None:
    own = {"preset": "slice", "count": 1, "runtimeClassName": "mine"}
    [variant] = spec(variants=[CH | {"accelerator": own}])["variants"]
    assert variant["accelerator"] == {
        "resourceName": "nvidia.com/mig-1g.10gb",
        "count": 1,
        "runtimeClassName": "mine",
    }


def test_a_presets_nodes_join_the_placement_that_the_variant_would_have(spec: Callable[..., Json]) -> None:
    mine = {"key": "mine", "operator": "Exists"}
    shared = {"nodeSelector": {"zone": "b"}, "tolerations": [mine], "priorityClassName": "high"}
    fields = {"accelerator": {"preset": "a100"}, "placement": shared}
    [inherits, replaces] = spec(
        **fields, variants=[CH, EN | {"placement": {"nodeSelector": {"gpu": "h100"}}}]
    )["variants"]
    assert inherits["placement"] == {
        "nodeSelector": {"zone": "b", "gpu": "a100"},
        "tolerations": [mine, TAINT],
        "priorityClassName": "high",
    }
    assert replaces["placement"] == {"nodeSelector": {"gpu": "h100"}, "tolerations": [TAINT]}


def test_a_changed_preset_reaches_the_operator(render: Callable[..., list[Json]]) -> None:
    def checksum(preset: Json) -> str:
        backends = {"ocr": {"variants": [CH | {"accelerator": {"preset": "a"}}]}}
        [deployment] = [
            one
            for one in render(accelerators={"a": preset}, backends=backends)
            if one["kind"] == "Deployment"
        ]
        return str(deployment["spec"]["template"]["metadata"]["annotations"]["checksum/backends"])

    assert checksum({"resourceName": "a/b"}) != checksum({"resourceName": "a/c"})


def test_a_preset_that_is_not_there_fails_with_a_sentence(
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
        'backends.ocr: there is no accelerator "h100" in `accelerators`; there are: a100, slice'
        in done.stderr
    )
