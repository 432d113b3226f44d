"""The chart's values, their schema and their manual speak of the same keys."""

import json
from collections.abc import Iterator
from typing import Any

import yaml

from ocr_operator.docs.generated_files import VALUES_SCHEMA
from ocr_operator.docs.values_page import VALUES_FILE, values

TEXT = VALUES_FILE.read_text("utf-8")
SCHEMA = json.loads(VALUES_SCHEMA.read_text("utf-8"))


def in_values(found: dict[str, Any], schema: dict[str, Any], parent: str = "") -> Iterator[str]:
    """Paths of keys, down to where the schema names none."""
    for name, value in found.items():
        yield f"{parent}{name}"
        below = schema.get("properties", {}).get(name, {})
        if isinstance(value, dict) and "properties" in below:
            yield from in_values(value, below, f"{parent}{name}.")


def in_schema(schema: dict[str, Any], parent: str = "") -> Iterator[str]:
    for name, below in schema.get("properties", {}).items():
        yield f"{parent}{name}"
        yield from in_schema(below, f"{parent}{name}.")


def test_every_key_of_the_schema_has_its_default_in_the_values_and_the_other_way_round() -> None:
    assert set(in_values(yaml.safe_load(TEXT), SCHEMA)) == set(in_schema(SCHEMA))


def test_every_value_has_its_sentence() -> None:
    assert not [value.path for value in values(TEXT) if not value.said]


def test_the_trials_labelling_configuration_is_the_manuals() -> None:
    manuals = VALUES_FILE.parents[1] / "docs" / "examples" / "labeling-config.xml"
    trials = VALUES_FILE.parent / "files" / "labeling-config.xml"
    assert trials.read_text("utf-8") == manuals.read_text("utf-8")


def test_no_key_but_global_takes_what_nobody_knows() -> None:
    def loose(schema: dict[str, Any], path: str) -> Iterator[str]:
        if "properties" in schema and schema.get("additionalProperties") is not False:
            yield path
        for name, below in schema.get("properties", {}).items():
            yield from loose(below, f"{path}.{name}")

    assert list(loose(SCHEMA, "")) == [".global"]
