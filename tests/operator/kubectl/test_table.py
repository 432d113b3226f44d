"""The table of variants."""

from typing import Any

import pytest

from ocr_operator.kubectl import table

BACKEND = {
    "metadata": {"name": "ocr"},
    "spec": {
        "variants": [
            {"name": "ch-mobile", "language": "ch", "modelType": "mobile", "replicas": 2},
            {"name": "en-mobile", "language": "en", "modelType": "mobile", "replicas": 3},
        ]
    },
    "status": {
        "variants": [
            {
                "name": "ch-mobile",
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


def test_each_variant_has_a_row_even_before_it_has_a_status() -> None:
    assert table.variant_rows([BACKEND]) == [
        (
            "ocr",
            "ch-mobile",
            "Failed",
            "1/2",
            "OOMKilled",
            "7",
            "Published",
            "http://ocr-ch-mobile.labs.svc:9090",
        ),
        ("ocr", "en-mobile", "Unknown", "0/0", "", "0", "", ""),
    ]


@pytest.mark.parametrize(
    ("models", "expected"),
    [
        ({"state": "Downloading", "percent": 43, "bytes": 61, "totalBytes": 142}, "Downloading 43 %"),
        ({"state": "Waiting", "bytes": 0}, "Waiting"),
        ({}, ""),
    ],
)
def test_the_progress_of_a_download_is_shown(models: dict[str, Any], expected: str) -> None:
    variant = {"name": "ch-mobile", "language": "ch", "modelType": "mobile", "models": models}
    backend = {
        "metadata": {"name": "ocr"},
        "spec": {"variants": [variant]},
        "status": {"variants": [variant]},
    }
    [row] = table.variant_rows([backend])
    assert dict(zip(table.HEADINGS, row, strict=True))["MODELS"] == expected


def test_columns_are_as_wide_as_their_longest_cell() -> None:
    assert table.text(("A", "LONG"), [("abc", "x"), ("d", "")]) == "A     LONG\nabc   x\nd"


def test_a_table_without_rows_has_only_headings() -> None:
    assert table.text(("A", "B"), []) == "A   B"
