"""What the chart and the manual hold of generated text is what the code says now."""

from ocr_operator import crd, reasons_page, reference, values_page, values_schema


def test_the_crd_in_the_chart_is_fresh() -> None:
    assert crd.CRD_FILE.read_text("utf-8") == crd.crd_text(), "run `make generate`"


def test_the_charts_schema_is_fresh() -> None:
    committed = crd.VALUES_SCHEMA_FILE.read_text("utf-8")
    assert committed == values_schema.values_schema_text(committed), "run `make generate`"


def test_the_page_of_reasons_is_fresh() -> None:
    assert reasons_page.PAGE.read_text("utf-8") == reasons_page.reasons_page(), "run `make generate`"


def test_the_page_of_fields_is_fresh() -> None:
    assert crd.REFERENCE_FILE.read_text("utf-8") == reference.page(), "run `make generate`"


def test_the_page_of_values_is_fresh() -> None:
    page = values_page.page(values_page.VALUES_FILE.read_text("utf-8"))
    assert values_page.PAGE.read_text("utf-8") == page, "run `make generate`"
