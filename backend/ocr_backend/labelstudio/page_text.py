"""The text of an Image's pages in one string: plain text, or a DocLang document.

Pure: rows of text lines -> string. Source of DocLang: its schema 0.8. Label Studio's export "DocLang" finds a
document in any TextArea.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args
from xml.sax.saxutils import escape

from ocr_backend.labelstudio.geometry import Size, clip
from ocr_backend.ocr_types import Line

TextFormat = Literal["text", "doclang"]
TEXT_FORMATS: tuple[TextFormat, ...] = get_args(TextFormat)

Row = Sequence[Line]

_NAMESPACE = "https://www.doclang.ai/ns/v0"
_VERSION = "0.8"
_RESOLUTION = 512  # DocLang's default: positions are 0..511 in both directions, whatever the page's size
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, section 2.2


@dataclass(frozen=True)
class PageRows:
    """The rows of one page in reading order; `size` is `(width, height)` px."""

    size: Size
    rows: Sequence[Row]


def page_text(pages: Sequence[PageRows], text_format: TextFormat) -> str:
    """The text of the pages in reading order; empty if no page has text."""
    if not any(page.rows for page in pages):
        return ""
    return _doclang(pages) if text_format == "doclang" else _plain_text(pages)


def _plain_text(pages: Sequence[PageRows]) -> str:
    return "\n".join(_row_text(row) for page in pages for row in page.rows)


def _row_text(row: Row) -> str:
    return " ".join(line.text for line in row)


def _doclang(pages: Sequence[PageRows]) -> str:
    body = "\n<page_break/>\n".join(
        "\n".join(_text_element(row, page.size) for row in page.rows) for page in pages
    )
    return f'<doclang xmlns="{_NAMESPACE}" version="{_VERSION}">\n{body}\n</doclang>'


def _text_element(row: Row, size: Size) -> str:
    locations = "".join(f'<location value="{value}"/>' for value in _locations(row, size))
    return f"<text>{locations}{escape(_NOT_IN_XML.sub('', _row_text(row)))}</text>"


def _locations(row: Row, size: Size) -> list[int]:
    """Left, top, right and bottom of a row."""
    corners = [corner for line in row for corner in clip(line.polygon, size)]
    sides = [side(corner[axis] for corner in corners) for side in (min, max) for axis in (0, 1)]
    return [
        min(int(value * _RESOLUTION / size[index % 2]), _RESOLUTION - 1) for index, value in enumerate(sides)
    ]
