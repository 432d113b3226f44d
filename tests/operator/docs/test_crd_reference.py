"""The reference page lists every field and message once, and its example is valid."""

import jsonschema
import pytest
import yaml

from ocr_operator.crd.spec_schema import spec_schema
from ocr_operator.crd.status_schema import status_schema
from ocr_operator.crd.values_schema import as_values_schema
from ocr_operator.docs import crd_reference

PAGE = crd_reference.page()
FIELDS = [
    path
    for schema, root in ((spec_schema(), "spec"), (status_schema(), "status"))
    for path, _ in crd_reference.fields(schema, root)
]
SHARED = ("options", "server", "image", "accelerator", "placement", "podTemplate")
SHARED_PREFIXES = tuple(f"spec.variants[].{name}." for name in SHARED)


@pytest.mark.parametrize("path", [path for path in FIELDS if not path.startswith(SHARED_PREFIXES)])
def test_every_field_has_a_row(path: str) -> None:
    assert PAGE.count(f"\n| `{path}` |") == 1


@pytest.mark.parametrize("path", [path for path in FIELDS if path.startswith(SHARED_PREFIXES)])
def test_a_field_that_variants_share_with_the_spec_has_one_row(path: str) -> None:
    assert path.replace("variants[].", "") in FIELDS
    assert f"| `{path}` |" not in PAGE


def test_the_example_is_valid() -> None:
    example = yaml.safe_load(PAGE.split("```yaml\n")[1].split("```")[0])
    jsonschema.validate(example["spec"], as_values_schema(spec_schema()))
    assert example["kind"] == "OCRBackend"


@pytest.mark.parametrize("message", list(crd_reference.rule_messages(spec_schema())))
def test_every_message_is_listed_once(message: str) -> None:
    assert PAGE.count(f"- {message}\n") == 1
