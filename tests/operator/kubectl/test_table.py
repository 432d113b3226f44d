"""Variants in columns."""

from typing import Any

import pytest

from ocr_operator.kubectl import table

BACKEND = {
    "metadata": {"name": "ocr"},
    "spec": {
        "variants": [
            {"language": "ch", "modelType": "mobile", "replicas": 2},
            {"language": "en", "modelType": "mobile", "replicas": 3},
        ]
    },
    "status": {
        "variants": [
            {
                "language": "ch",
                "modelType": "mobile",
                "phase": "Failed",
                "replicas": {"desired": 2, "updated": 2, "ready": 1},
                "reason": "OOMKilled",
                "lastFailure": {"count": 7},
                "models": {"state": "Published", "percent": 100},
                "url": "http://ocr-ch-mobile.labs.svc:9090",
            }
        ]
    },
}


def test_each_variant_has_a_row_even_before_anything_is_known_of_it() -> None:
    assert table.variants([BACKEND]) == [
        (
            "ocr",
            "ch/mobile",
            "Failed",
            "1/2",
            "OOMKilled",
            "7",
            "Published",
            "http://ocr-ch-mobile.labs.svc:9090",
        ),
        ("ocr", "en/mobile", "Unknown", "0/0", "", "0", "", ""),
    ]


@pytest.mark.parametrize(
    ("models", "said"),
    [
        ({"state": "Fetching", "percent": 43, "bytes": 61, "totalBytes": 142}, "Fetching 43 %"),
        ({"state": "Waiting", "bytes": 0}, "Waiting"),
        ({}, ""),
    ],
)
def test_how_far_the_models_are_is_shown(models: dict[str, Any], said: str) -> None:
    variant = {"language": "ch", "modelType": "mobile", "models": models}
    backend = {
        "metadata": {"name": "ocr"},
        "spec": {"variants": [variant]},
        "status": {"variants": [variant]},
    }
    [row] = table.variants([backend])
    assert dict(zip(table.HEADINGS, row, strict=True))["MODELS"] == said


def test_columns_are_as_wide_as_their_longest_cell() -> None:
    assert table.text(("A", "LONG"), [("abc", "x"), ("d", "")]) == "A     LONG\nabc   x\nd"


def test_without_rows_the_headings_stand_alone() -> None:
    assert table.text(("A", "B"), []) == "A   B"
