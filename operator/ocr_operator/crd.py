"""The CustomResourceDefinition, and the parts of the chart's schema that have their fields from code.

Pure but for `python -m ocr_operator.crd`, which writes both into the chart, and the page that is made of the
same schema into `docs/`; a test compares.
"""

from pathlib import Path
from typing import Any

import yaml

from ocr_operator import reference
from ocr_operator.combination_rules import name_rules
from ocr_operator.names import ADOPT_ANNOTATION, CATEGORY, GROUP, KIND, PLURAL, SHORT_NAME, SINGULAR, VERSION
from ocr_operator.schema import Schema, rules
from ocr_operator.spec_schema import spec_schema
from ocr_operator.status_schema import printer_columns, status_schema
from ocr_operator.values_schema import values_schema_text

_ROOT = Path(__file__).parents[2]
_CHART = _ROOT / "chart"
CRD_FILE = _CHART / "files" / "crd-ocrbackend.yaml"
VALUES_SCHEMA_FILE = _CHART / "values.schema.json"
REFERENCE_FILE = _ROOT / "docs" / "ocrbackend.md"

_HEADER = "# Made by `make generate` from operator/ocr_operator/crd.py; edit that, not this.\n"


def crd() -> dict[str, Any]:
    """The CustomResourceDefinition of OCRBackend."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{PLURAL}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {
                "kind": KIND,
                "listKind": f"{KIND}List",
                "plural": PLURAL,
                "singular": SINGULAR,
                "shortNames": [SHORT_NAME],
                "categories": [CATEGORY],
            },
            "versions": [_version()],
        },
    }


def _version() -> dict[str, Any]:
    return {
        "name": VERSION,
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": _object_schema()},
        "subresources": {"status": {}},
        "additionalPrinterColumns": printer_columns(),
    }


def _object_schema() -> Schema:
    return {
        "type": "object",
        "description": "A family of OCR backends for Label Studio: one or more languages and sizes of "
        "PaddleOCR's models, each with a URL of its own. An object of somebody else with the name of a child "
        f"is left alone, unless its annotation {ADOPT_ANNOTATION} names the {KIND} that may take it over.",
        "properties": {
            "apiVersion": {"type": "string", "description": "Version of this kind's schema."},
            "kind": {"type": "string", "description": f"{KIND}."},
            "metadata": {"type": "object"},
            "spec": spec_schema(),
            "status": status_schema(),
        },
        "required": ["spec"],
        **rules(*name_rules()),
    }


def crd_text() -> str:
    """The CustomResourceDefinition as the chart holds it."""
    body = yaml.safe_dump(crd(), sort_keys=False, width=110, allow_unicode=True)
    return _HEADER + body


def main() -> None:
    """Writes the files."""
    CRD_FILE.parent.mkdir(exist_ok=True)
    CRD_FILE.write_text(crd_text(), "utf-8")
    VALUES_SCHEMA_FILE.write_text(values_schema_text(VALUES_SCHEMA_FILE.read_text("utf-8")), "utf-8")
    REFERENCE_FILE.write_text(reference.page(), "utf-8")


if __name__ == "__main__":
    main()
