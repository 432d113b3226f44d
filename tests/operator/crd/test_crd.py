"""The CRD describes every field, has no defaults that hide overrides, and is small enough to apply."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from ocr_backend.config import language_names, model_catalog
from ocr_backend.config.settings import SETTINGS
from ocr_operator.crd import crd
from ocr_operator.crd.models_rules import models_rules
from ocr_operator.crd.spec_rules import name_rules, spec_rules, variant_rules
from ocr_operator.crd.spec_schema import MAX_VARIANTS, spec_schema
from ocr_operator.crd.status_schema import status_schema
from ocr_operator.crd.values_schema import as_values_schema, backend_values


def _fields(schema: dict[str, Any], path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    yield path, schema
    for name, field in schema.get("properties", {}).items():
        yield from _fields(field, f"{path}.{name}")
    if "items" in schema:
        yield from _fields(schema["items"], f"{path}[]")


BACKEND_VALUES = {"auto", "f32", "openvino", "onnxruntime", "dir", "builtin", "commas"}
"""Values that the API writes in CamelCase, and the separator of a list in an environment variable."""

ALL_FIELDS = [
    (path, field)
    for path, field in (*_fields(spec_schema(), "spec"), *_fields(status_schema(), "status"))
    if field.get("type") != "string"
    or not path.endswith("[]")  # strings in a list are described with their list
]


@pytest.mark.parametrize(("path", "field"), ALL_FIELDS, ids=[path for path, _ in ALL_FIELDS])
def test_every_field_is_described_in_a_sentence(path: str, field: dict[str, Any]) -> None:
    assert field["description"].rstrip(")").endswith(".")


@pytest.mark.parametrize(("path", "field"), ALL_FIELDS, ids=[path for path, _ in ALL_FIELDS])
def test_a_description_uses_the_words_and_values_of_the_api(path: str, field: dict[str, Any]) -> None:
    variables = {setting.env for setting in SETTINGS} - {"THREADS", "WORKERS"}
    words = set(re.findall(r"\w+", field["description"]))
    assert words.isdisjoint(variables | BACKEND_VALUES), path


def test_options_of_a_variant_have_no_defaults_that_would_hide_the_shared_ones() -> None:
    variant = spec_schema()["properties"]["variants"]["items"]
    fields = dict(_fields(variant["properties"]["options"], "options"))
    assert not [path for path, field in fields.items() if "default" in field]


def test_every_language_of_an_ocr_version_fits_one_object() -> None:
    assert (
        max(len(model_catalog.languages_of(ocr_version)) for ocr_version in model_catalog.OCR_VERSIONS)
        <= MAX_VARIANTS
    )


def test_the_charts_values_and_the_crd_take_the_same_languages() -> None:
    values = backend_values()["properties"]["variants"]["items"]["properties"]["language"]
    field = spec_schema()["properties"]["variants"]["items"]["properties"]["language"]
    [name_rule] = field["x-kubernetes-validations"]
    assert name_rule["rule"] == f"self in {values['enum']}"
    assert set(values["enum"]) == {*model_catalog.LANGUAGES, *language_names.CODES}
    assert field["minLength"] <= min(map(len, values["enum"]))
    assert field["maxLength"] >= max(map(len, values["enum"]))


def test_the_crd_fits_the_annotation_of_a_client_side_apply() -> None:
    # kubectl apply stores the whole object in an annotation; all annotations together are limited to 256 KiB.
    assert len(json.dumps(crd.crd())) < 150_000


def test_messages_of_rules_are_sentences() -> None:
    for rule in [*name_rules(), *spec_rules(), *variant_rules(), *models_rules()]:
        assert len(rule["message"]) > 30, rule
        assert "\n" not in rule["message"], rule


def test_the_charts_schema_rejects_unknown_fields() -> None:
    schema = as_values_schema(spec_schema())
    assert schema["additionalProperties"] is False
    assert schema["properties"]["variants"]["items"]["additionalProperties"] is False
    assert not [path for path, field in _fields(schema, "spec") if any(key.startswith("x-") for key in field)]


def test_lists_of_objects_declare_how_they_are_merged() -> None:
    lists = [(path, field) for path, field in ALL_FIELDS if field.get("type") == "array"]
    objects = [(path, field) for path, field in lists if field["items"].get("type") == "object"]
    for path, field in objects:
        if field.get("x-kubernetes-list-type") == "map":
            keys = field["x-kubernetes-list-map-keys"]
            item = field["items"]
            # A key is required or has a default.
            assert all(
                key in item.get("required", []) or "default" in item["properties"][key] for key in keys
            ), path
        else:
            assert field.get("x-kubernetes-list-type") == "atomic", path


def test_kubectl_get_shows_these_columns() -> None:
    [version] = crd.crd()["spec"]["versions"]
    columns = [(column["name"], column.get("priority", 0)) for column in version["additionalPrinterColumns"]]
    assert [name for name, priority in columns if priority == 0] == [
        "Ready",
        "Available",
        "Variants",
        "Reason",
        "Age",
    ]
    assert [name for name, priority in columns if priority == 1] == ["Version", "Models", "Message"]
