"""The schema of the values: it takes what is written down and refuses what is not."""

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

CHART = Path(__file__).parents[2] / "chart"
SCHEMA = json.loads((CHART / "values.schema.json").read_text("utf-8"))
VALUES = yaml.safe_load((CHART / "values.yaml").read_text("utf-8"))
FILES = sorted(path.name for path in CHART.glob("values*.yaml"))


def _merged(base: Any, over: Any) -> Any:
    """As Helm merges values: maps key by key, null removes, all else replaces."""
    if not (isinstance(base, dict) and isinstance(over, dict)):
        return over
    found = {**base, **{name: _merged(base.get(name), value) for name, value in over.items()}}
    return {name: value for name, value in found.items() if value is not None}


def _with(path: str, value: Any) -> dict[str, Any]:
    changed = copy.deepcopy(VALUES)
    *parents, last = path.split(".")
    place = changed
    for parent in parents:
        place = place[parent]
    place[last] = value
    return changed


@pytest.mark.parametrize("name", FILES)
def test_the_values_that_come_with_the_chart_are_accepted(name: str) -> None:
    over = yaml.safe_load((CHART / name).read_text("utf-8"))
    jsonschema.validate(_merged(VALUES, over), SCHEMA)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        pytest.param("operators", {}, id="an unknown key"),
        pytest.param("operator.replica", 2, id="an unknown key of the operator"),
        pytest.param("operator.replicas", 0, id="no operator"),
        pytest.param("operator.logFormat", "xml", id="an unknown format"),
        pytest.param("operator.imageVolumes", "Always", id="a mount that the cluster may not have"),
        pytest.param("operator.logLevel", "LOUD", id="an unknown level"),
        pytest.param("operator.watch.namespaces", "labs", id="a text for a list"),
        pytest.param("operator.image.digest", "sha256:1", id="half a digest"),
        pytest.param("operator.metrics.service.port", 70000, id="a port that does not exist"),
        pytest.param("backend.image.pullPolicy", "Sometimes", id="an unknown policy"),
        pytest.param("crds.install", "yes", id="a text for a truth"),
        pytest.param("backends.OCR", {"variants": []}, id="a name that no object can have"),
        pytest.param("backends.ocr.variants", [], id="no variants"),
        pytest.param("backends.ocr.variants", [{"language": "ch"}], id="a variant without its size"),
        pytest.param(
            "backends.ocr.variants",
            [{"language": "klingon", "modelType": "mobile"}],
            id="an unknown language",
        ),
        pytest.param(
            "backends.ocr.variants",
            [{"language": "ch", "modelType": "mobile", "replica": 2}],
            id="an unknown key of a variant",
        ),
        pytest.param("backends.ocr.labelstudio", {"url": "http://x"}, id="an unknown key of a backend"),
        pytest.param("backends.ocr.server", {"threads": 0}, id="a number below its limit"),
        pytest.param("backends.ocr.options", {"scoreThreshold": 0.5}, id="a number for a decimal text"),
        pytest.param("backends.ocr.accelerator", {}, id="a device without a name"),
        pytest.param(
            "backends.ocr.accelerator",
            {"preset": "a100", "resourceName": "nvidia.com/gpu"},
            id="a preset and a device",
        ),
        pytest.param("accelerators.a100", {"count": 1}, id="a preset without a device"),
        pytest.param(
            "accelerators.a100",
            {"resourceName": "nvidia.com/gpu", "taints": []},
            id="an unknown key of a preset",
        ),
        pytest.param("operator.networkPolicy.apiServerPorts", [], id="no port of the API server"),
        pytest.param("operator.networkPolicy.apiServerNetworks", ["10.0.0.0"], id="half a network"),
        pytest.param("global.commonLabels", {"team": "a b"}, id="a label that cannot be"),
        pytest.param("extraObjects", [1], id="a number for an object"),
        pytest.param("prelabel.all", {}, id="no project"),
        pytest.param("prelabel.all", {"project": 0}, id="a project that cannot be"),
        pytest.param("prelabel.All", {"project": 1}, id="a run's name that no Job can have"),
        pytest.param("prelabel." + "a" * 31, {"project": 1}, id="a run's name that is too long"),
        pytest.param("prelabel.all", {"project": 1, "shard": 2}, id="an unknown key of a run"),
        pytest.param("prelabel.all", {"project": 1, "shards": 10_001}, id="too many shards"),
        pytest.param("prelabel.all", {"project": 1, "backend": {"url": "ocr:9090"}}, id="half a URL"),
        pytest.param("prelabel.all", {"project": 1, "builtin": {}}, id="a run without its language"),
        pytest.param(
            "prelabel.all",
            {"project": 1, "builtin": {"language": "korean"}},
            id="a language that the small models lack",
        ),
    ],
)
def test_the_schema_refuses(path: str, value: Any) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(_with(path, value), SCHEMA)


def test_backends_may_be_left_out() -> None:
    jsonschema.validate(_with("backends", None), SCHEMA)
    jsonschema.validate({name: value for name, value in VALUES.items() if name != "backends"}, SCHEMA)


def test_every_value_is_in_the_schema_and_every_key_of_the_schema_among_the_values() -> None:
    assert _schema_paths(SCHEMA, "") == _value_paths(VALUES, "", SCHEMA)


def _schema_paths(schema: dict[str, Any], path: str) -> set[str]:
    if "properties" not in schema:
        return {path}
    return set().union(*(_schema_paths(one, f"{path}.{name}") for name, one in schema["properties"].items()))


def _value_paths(value: Any, path: str, schema: dict[str, Any]) -> set[str]:
    if "properties" not in schema:
        return {path}
    fields = schema["properties"]
    return set().union(
        *(_value_paths(one, f"{path}.{name}", fields.get(name, {})) for name, one in value.items())
    )
