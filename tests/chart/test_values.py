"""The schema of the values accepts documented values and rejects others."""

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


def _merged(base: Any, override: Any) -> Any:
    """Merges values like Helm: maps key by key, null removes a key, anything else replaces."""
    if not (isinstance(base, dict) and isinstance(override, dict)):
        return override
    merged = {**base, **{name: _merged(base.get(name), value) for name, value in override.items()}}
    return {name: value for name, value in merged.items() if value is not None}


def _with(path: str, value: Any) -> dict[str, Any]:
    changed = copy.deepcopy(VALUES)
    *parents, last = path.split(".")
    parent = changed
    for name in parents:
        parent = parent[name]
    parent[last] = value
    return changed


@pytest.mark.parametrize("name", FILES)
def test_the_schema_accepts_the_values_files_of_the_chart(name: str) -> None:
    override = yaml.safe_load((CHART / name).read_text("utf-8"))
    jsonschema.validate(_merged(VALUES, override), SCHEMA)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        pytest.param("operators", {}, id="an unknown key"),
        pytest.param("operator.replica", 2, id="an unknown key of the operator"),
        pytest.param("operator.replicas", 0, id="no operator"),
        pytest.param("operator.logFormat", "xml", id="an unknown format"),
        pytest.param("operator.imageVolumes", "Always", id="an unknown image volume mode"),
        pytest.param("operator.logLevel", "LOUD", id="an unknown level"),
        pytest.param("operator.watch.namespaces", "labs", id="a string instead of a list"),
        pytest.param("operator.image.digest", "sha256:1", id="an incomplete digest"),
        pytest.param("operator.metrics.service.port", 70000, id="a port above 65535"),
        pytest.param("backend.image.pullPolicy", "Sometimes", id="an unknown policy"),
        pytest.param("crds.install", "yes", id="a string instead of a boolean"),
        pytest.param("backends.OCR", {"variants": []}, id="an invalid object name"),
        pytest.param("defaultBackend.spec.variants", [], id="no variants"),
        pytest.param("defaultBackend.spec.variants", [{"language": "ch"}], id="a variant without modelType"),
        pytest.param(
            "defaultBackend.spec.variants",
            [{"name": "klingon-mobile", "language": "klingon", "modelType": "mobile"}],
            id="an unknown language",
        ),
        pytest.param(
            "defaultBackend.spec.variants",
            [{"name": "ch-mobile", "language": "ch", "modelType": "mobile", "replica": 2}],
            id="an unknown key of a variant",
        ),
        pytest.param(
            "defaultBackend.spec.labelstudio", {"url": "http://x"}, id="an unknown key of a backend"
        ),
        pytest.param("defaultBackend.spec.server", {"threads": 0}, id="a number below its limit"),
        pytest.param(
            "defaultBackend.spec.options", {"scoreThreshold": 0.5}, id="a number instead of a decimal string"
        ),
        pytest.param(
            "defaultBackend.spec.accelerator", {"count": 1}, id="an accelerator without resourceName"
        ),
        pytest.param(
            "defaultBackend.spec.accelerator",
            {"preset": "a100", "resourceName": "nvidia.com/gpu"},
            id="a preset with a device",
        ),
        pytest.param("accelerators.a100", {"count": 1}, id="a preset without resourceName"),
        pytest.param(
            "accelerators.a100",
            {"resourceName": "nvidia.com/gpu", "taints": []},
            id="an unknown key of a preset",
        ),
        pytest.param("operator.networkPolicy.apiServerPorts", [], id="no port of the API server"),
        pytest.param("operator.networkPolicy.apiServerNetworks", ["10.0.0.0"], id="an incomplete CIDR block"),
        pytest.param("global.commonLabels", {"team": "a b"}, id="an invalid label"),
        pytest.param("extraObjects", [1], id="a number instead of an object"),
        pytest.param("prelabel.all", {}, id="a run without a project"),
        pytest.param("prelabel.all", {"project": 0}, id="an invalid project id"),
        pytest.param("prelabel.All", {"project": 1}, id="an invalid run name"),
        pytest.param("prelabel." + "a" * 31, {"project": 1}, id="a run name that is too long"),
        pytest.param("prelabel.all", {"project": 1, "shard": 2}, id="an unknown key of a run"),
        pytest.param("prelabel.all", {"project": 1, "shards": 10_001}, id="too many shards"),
        pytest.param("prelabel.all", {"project": 1, "backend": {"url": "ocr:9090"}}, id="an incomplete URL"),
        pytest.param("prelabel.all", {"project": 1, "builtin": {}}, id="builtin without a language"),
        pytest.param(
            "prelabel.all",
            {"project": 1, "builtin": {"language": "korean"}},
            id="a language without builtin models",
        ),
    ],
)
def test_the_schema_rejects(path: str, value: Any) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(_with(path, value), SCHEMA)


def test_backends_can_be_null_or_missing() -> None:
    jsonschema.validate(_with("backends", None), SCHEMA)
    jsonschema.validate({name: value for name, value in VALUES.items() if name != "backends"}, SCHEMA)


def test_the_schema_and_the_values_have_the_same_keys() -> None:
    assert _schema_paths(SCHEMA, "") == _value_paths(VALUES, "", SCHEMA)


def _schema_paths(schema: dict[str, Any], path: str) -> set[str]:
    if "properties" not in schema:
        return {path}
    return set().union(
        *(
            _schema_paths(field_schema, f"{path}.{name}")
            for name, field_schema in schema["properties"].items()
        )
    )


def _value_paths(value: Any, path: str, schema: dict[str, Any]) -> set[str]:
    if "properties" not in schema:
        return {path}
    fields = schema["properties"]
    return set().union(
        *(_value_paths(field, f"{path}.{name}", fields.get(name, {})) for name, field in value.items())
    )
