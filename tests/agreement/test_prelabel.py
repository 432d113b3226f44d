"""What the chart says of reading whole projects, and what the command understands."""

import pytest

from ocr_backend.commands.prelabel.arguments import LARGEST_PARALLEL, LARGEST_SLICE, MOST_SHARDS, Options
from ocr_operator.crd.prelabel_schema import prelabel_schema


@pytest.mark.parametrize(
    ("field", "most", "default"),
    [
        ("shards", MOST_SHARDS, Options.shards),
        ("slice", LARGEST_SLICE, Options.slice),
        ("parallel", LARGEST_PARALLEL, Options.parallel),
    ],
)
def test_a_number_has_the_limit_and_the_default_of_the_argument(field: str, most: int, default: int) -> None:
    described = prelabel_schema()["properties"][field]
    assert described["maximum"] == most
    assert described["description"].endswith(f"unset: {default}.")
