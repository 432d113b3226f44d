"""The schema itself: everything said, nothing said twice, small enough to be applied in one piece."""

from collections.abc import Iterator
from typing import Any

import pytest

from ocr_backend.config import model_catalog
from ocr_operator.crd import crd
from ocr_operator.crd.spec_schema import MAX_VARIANTS, spec_schema
from ocr_operator.crd.status_schema import status_schema
from ocr_operator.crd.validation_rules import models_rules, name_rules, spec_rules, variant_rules
from ocr_operator.crd.values_schema import as_values_schema


def _fields(schema: dict[str, Any], path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    yield path, schema
    for name, field in schema.get("properties", {}).items():
        yield from _fields(field, f"{path}.{name}")
    if "items" in schema:
        yield from _fields(schema["items"], f"{path}[]")


EVERYTHING = [
    (path, field)
    for path, field in (*_fields(spec_schema(), "spec"), *_fields(status_schema(), "status"))
    if field.get("type") != "string"
    or not path.endswith("[]")  # texts in a list are described with their list
]


@pytest.mark.parametrize(("path", "field"), EVERYTHING, ids=[path for path, _ in EVERYTHING])
def test_a_field_is_described_in_a_sentence(path: str, field: dict[str, Any]) -> None:
    assert field["description"].rstrip(")").endswith(".")


def test_variants_have_no_defaults_that_would_hide_the_familys() -> None:
    variant = spec_schema()["properties"]["variants"]["items"]
    fields = dict(_fields(variant["properties"]["options"], "options"))
    assert not [path for path, field in fields.items() if "default" in field]


def test_there_is_room_for_every_variant_of_a_generation_in_one_size() -> None:
    assert (
        max(len(model_catalog.languages_of(ocr_version)) for ocr_version in model_catalog.OCR_VERSIONS)
        <= MAX_VARIANTS
    )


def test_it_fits_the_annotation_of_a_client_side_apply() -> None:
    # kubectl apply keeps the whole object in an annotation; all annotations together may have 256 KiB.
    assert len(crd.crd_text()) < 100_000


def test_messages_of_rules_are_read_by_people() -> None:
    every = [*name_rules(), *spec_rules(), *variant_rules(), *models_rules()]
    for rule in every:
        assert len(rule["message"]) > 30, rule
        assert "\n" not in rule["message"], rule


def test_the_charts_schema_refuses_what_the_crd_would_drop() -> None:
    found = as_values_schema(spec_schema())
    assert found["additionalProperties"] is False
    assert found["properties"]["variants"]["items"]["additionalProperties"] is False
    assert not [path for path, field in _fields(found, "spec") if any(key.startswith("x-") for key in field)]


def test_lists_of_objects_say_how_they_are_merged() -> None:
    lists = [(path, field) for path, field in EVERYTHING if field.get("type") == "array"]
    objects = [(path, field) for path, field in lists if field["items"].get("type") == "object"]
    for path, field in objects:
        if field.get("x-kubernetes-list-type") == "map":
            keys = field["x-kubernetes-list-map-keys"]
            item = field["items"]
            # A key is required, or has a default that stands for it.
            assert all(
                key in item.get("required", []) or "default" in item["properties"][key] for key in keys
            ), path
        else:
            assert field.get("x-kubernetes-list-type") == "atomic", path


def test_the_columns_of_kubectl_get() -> None:
    [version] = crd.crd()["spec"]["versions"]
    shown = [(one["name"], one.get("priority", 0)) for one in version["additionalPrinterColumns"]]
    assert [name for name, priority in shown if priority == 0] == ["Ready", "Variants", "Reason", "Age"]
    assert [name for name, priority in shown if priority == 1] == ["Version", "Models", "Message"]
