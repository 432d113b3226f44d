"""The CustomResourceDefinition of OCRBackend.

Pure; `docs.generated_files` writes it into the chart.
"""

from typing import Any

import yaml

from ocr_operator.api.names import (
    ADOPT_ANNOTATION,
    CATEGORY,
    GROUP,
    KIND,
    PLURAL,
    SHORT_NAME,
    SINGULAR,
    VERSION,
)
from ocr_operator.crd.schema_types import Schema, rules
from ocr_operator.crd.spec_schema import spec_schema
from ocr_operator.crd.status_schema import printer_columns, status_schema
from ocr_operator.crd.validation_rules import name_rules

_HEADER = "# Made by `make generate` from operator/ocr_operator/crd; edit that, not this.\n"


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
