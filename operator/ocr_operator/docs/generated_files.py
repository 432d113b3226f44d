"""The files of the chart and the manual that are generated from code, and their contents."""

from collections.abc import Mapping
from pathlib import Path

from ocr_operator.crd.crd import crd_text
from ocr_operator.crd.values_schema import values_schema_text
from ocr_operator.docs import crd_reference, reasons_page, values_page
from ocr_operator.monitoring import files

_ROOT = Path(__file__).parents[3]
_CHART = _ROOT / "chart"
_DOCS = _ROOT / "docs"
VALUES_SCHEMA = _CHART / "values.schema.json"


def contents() -> Mapping[Path, str]:
    """Path -> content; a file that is generated in part keeps its other parts."""
    return {
        _CHART / "files" / "crd-ocrbackend.yaml": crd_text(),
        VALUES_SCHEMA: values_schema_text(VALUES_SCHEMA.read_text("utf-8")),
        _DOCS / "ocrbackend.md": crd_reference.page(),
        _DOCS / "reasons.md": reasons_page.page(),
        values_page.PAGE: values_page.page(values_page.VALUES_FILE.read_text("utf-8")),
        **files.contents(),
    }
