"""Quantities are compared as numbers."""

import pytest

from ocr_operator.observed.quantities import quantity


@pytest.mark.parametrize(
    ("text", "number"),
    [("5Gi", 5 * 2**30), ("1.5G", 1_500_000_000), ("7", 7), ("2e3", 2000), ("500m", 0.5), ("3Ki", 3072)],
)
def test_a_quantity_is_a_number(text: str, number: float) -> None:
    assert float(quantity(text)) == number


@pytest.mark.parametrize("text", ["", "5Gib", "Gi", "-1"])
def test_other_text_is_no_quantity(text: str) -> None:
    with pytest.raises(ValueError, match="not a quantity"):
        quantity(text)
