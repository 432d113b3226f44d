"""The chart's values, their schema and their reference page have the same keys."""

import json
from collections.abc import Iterator
from typing import Any

import yaml

from ocr_operator.docs.generated_files import VALUES_SCHEMA
from ocr_operator.docs.values_page import VALUES_FILE, values

TEXT = VALUES_FILE.read_text("utf-8")
SCHEMA = json.loads(VALUES_SCHEMA.read_text("utf-8"))


def in_values(values: dict[str, Any], schema: dict[str, Any], parent: str = "") -> Iterator[str]:
    """Paths of the keys that the schema lists."""
    for name, value in values.items():
        yield f"{parent}{name}"
        subschema = schema.get("properties", {}).get(name, {})
        if isinstance(value, dict) and "properties" in subschema:
            yield from in_values(value, subschema, f"{parent}{name}.")


def in_schema(schema: dict[str, Any], parent: str = "") -> Iterator[str]:
    for name, subschema in schema.get("properties", {}).items():
        yield f"{parent}{name}"
        yield from in_schema(subschema, f"{parent}{name}.")


def test_the_schema_and_the_values_have_the_same_keys() -> None:
    assert set(in_values(yaml.safe_load(TEXT), SCHEMA)) == set(in_schema(SCHEMA))


def test_every_value_has_a_description() -> None:
    assert not [value.path for value in values(TEXT) if not value.description]


def test_the_trials_labeling_configuration_is_the_manuals() -> None:
    manuals = VALUES_FILE.parents[1] / "docs" / "examples" / "labeling-config.xml"
    trials = VALUES_FILE.parent / "files" / "labeling-config.xml"
    assert trials.read_text("utf-8") == manuals.read_text("utf-8")


def test_only_the_key_global_allows_unknown_keys() -> None:
    def loose(schema: dict[str, Any], path: str) -> Iterator[str]:
        if "properties" in schema and schema.get("additionalProperties") is not False:
            yield path
        for name, subschema in schema.get("properties", {}).items():
            yield from loose(subschema, f"{path}.{name}")

    assert list(loose(SCHEMA, "")) == [".global"]
