"""The chart's `prelabel` fields and the arguments of `ocr-backend prelabel` agree."""

import pytest

from ocr_backend.commands.prelabel.arguments import MAX_PARALLEL, MAX_SHARDS, MAX_SLICE, Options
from ocr_operator.crd.prelabel_schema import prelabel_schema


@pytest.mark.parametrize(
    ("field", "maximum", "default"),
    [
        ("shards", MAX_SHARDS, Options.shards),
        ("slice", MAX_SLICE, Options.slice),
        ("parallel", MAX_PARALLEL, Options.parallel),
    ],
)
def test_a_field_has_the_maximum_and_default_of_the_argument(field: str, maximum: int, default: int) -> None:
    schema = prelabel_schema()["properties"][field]
    assert schema["maximum"] == maximum
    assert schema["description"].endswith(f"Default: {default}.")
