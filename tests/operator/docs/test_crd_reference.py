"""The page of fields leaves nothing out, and its example is one that is accepted."""

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
SHARED = tuple(f"spec.variants[].{name}." for name in ("options", "accelerator", "placement"))


@pytest.mark.parametrize("path", [path for path in FIELDS if not path.startswith(SHARED)])
def test_a_field_has_its_row(path: str) -> None:
    assert PAGE.count(f"\n| `{path}` |") == 1


@pytest.mark.parametrize("path", [path for path in FIELDS if path.startswith(SHARED)])
def test_a_field_that_a_variant_has_too_is_told_with_the_family(path: str) -> None:
    assert path.replace("variants[].", "") in FIELDS
    assert f"| `{path}` |" not in PAGE


def test_the_example_is_accepted() -> None:
    example = yaml.safe_load(PAGE.split("```yaml\n")[1].split("```")[0])
    jsonschema.validate(example["spec"], as_values_schema(spec_schema()))
    assert example["kind"] == "OCRBackend"


@pytest.mark.parametrize("sentence", list(crd_reference.refusals(spec_schema())))
def test_a_rule_stands_there_once(sentence: str) -> None:
    assert PAGE.count(f"- {sentence}\n") == 1
