import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from doclang.validation import validate

from fake_reader import line
from ocr_backend.labelstudio.page_text import PageRows, page_text
from ocr_backend.ocr.reading_order import rows
from ocr_backend.ocr_types import Line

SIZE = (1000, 2000)
CELLS = [("a", 50), ("b", 500)]
NAMESPACE = "{https://www.doclang.ai/ns/v0}"


def text_line(text: str, left: float, top: float, width: float = 300, height: float = 30) -> Line:
    right, bottom = left + width, top + height
    return Line(((left, top), (right, top), (right, bottom), (left, bottom)), text, 0.9)


def test_the_lines_of_a_row_are_parted_by_a_space_and_rows_by_a_line_break() -> None:
    cells = [text_line(f"{row}{column}", left, 100 + 40 * row) for row in (2, 1) for column, left in CELLS]
    assert page_text([PageRows(SIZE, rows(cells))], "text") == "1a 1b\n2a 2b"


def test_plain_text_has_columns_one_after_the_other() -> None:
    columns = [("left", 50), ("right", 550)]
    lines = [text_line(f"{name} {row}", x, 300 + 40 * row) for row in range(4) for name, x in columns]
    text = page_text([PageRows(SIZE, rows(lines))], "text")
    assert text.splitlines() == [f"{name} {row}" for name, _ in columns for row in range(4)]


def test_no_page_with_text_gives_no_text() -> None:
    for text_format in ("text", "doclang"):
        assert page_text([PageRows(SIZE, ()), PageRows(SIZE, ())], text_format) == ""


def test_a_doclang_document_has_a_text_with_its_place_for_each_row_and_breaks_between_pages() -> None:
    first = PageRows(SIZE, [[text_line("Total", 100, 200, 100), text_line("4.50", 500, 190, 250, 60)]])
    document = page_text([first, PageRows(SIZE, ()), PageRows(SIZE, [[line("end")]])], "doclang")
    root = ET.fromstring(document)
    assert [child.tag.removeprefix(NAMESPACE) for child in root] == [
        "text",
        "page_break",
        "page_break",
        "text",
    ]
    assert "".join(root[0].itertext()) == "Total 4.50"
    assert [location.get("value") for location in root[0]] == ["51", "48", "384", "64"]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("a < b & c > d ]]>", id="markup"),
        pytest.param("nul \0, bell \a, lone \ud800, not a character \uffff", id="not in XML"),
        pytest.param("한국어 😀 \u3000", id="other scripts"),
    ],
)
def test_a_doclang_document_is_valid_whatever_the_text_is(text: str, tmp_path: Path) -> None:
    outside = Line(((-5, -5), (1003, -5), (1003, 2005), (-5, 2005)), text, 0.9)
    file = tmp_path / "document.dclg"
    file.write_text(page_text([PageRows(SIZE, [[outside]])], "doclang"))
    validate(file, xsd_only=True)
    (element,) = ET.parse(file).getroot()
    assert [int(location.get("value") or -1) for location in element] == [0, 0, 511, 511]
