"""Draws the text lines of an image: numbered outlines on it, and their texts in a column beside it.

Knows no files and no readers. The command `read` calls it.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
from PIL import Image as PilImage
from PIL import ImageDraw

from ocr_backend.commands.font_fallback import Font, FontFallback
from ocr_backend.ocr_types import Image, Line, Polygon

_COLOURS = ("#c1121f", "#0353a4", "#2b7a0b", "#7b2cbf", "#b85c00", "#006d77")
"""Dark enough for white digits and for a white page; neighbours differ."""
_MIN_FONT_SIZE, _MAX_FONT_SIZE = 14, 40  # px
_FONT_SIZES_PER_SIDE = 45  # the shorter side of the image is this many font sizes (guess)
_MAX_COLUMN_WIDTH = 900  # px, unless the image itself is wider
_DIGITS = "0123456789"


def font_size(image: Image) -> int:
    """Font size in px that suits an image."""
    suitable = int(min(image.shape[:2])) // _FONT_SIZES_PER_SIDE
    return max(_MIN_FONT_SIZE, min(_MAX_FONT_SIZE, suitable))


def overlay(image: Image, lines: Sequence[Line], fonts: FontFallback) -> tuple[PilImage.Image, list[int]]:
    """The drawing, and the numbers (from 1) of the lines whose text no font can draw.

    `fonts` are of the size `font_size(image)`. The column shows only the number of a line without a font.
    """
    page = PilImage.fromarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))
    style = _Style(font_size(image), fonts.font(_DIGITS))
    _draw_outlines(page, [line.polygon for line in lines], style)
    texts = [(line.text, fonts.font(line.text)) for line in lines]
    column = _column(texts, max(_MAX_COLUMN_WIDTH, page.width), style)
    drawing = PilImage.new("RGB", (page.width + column.width, max(page.height, column.height)), "white")
    drawing.paste(page)
    drawing.paste(column, (page.width, 0))
    return drawing, [number for number, (_, font) in enumerate(texts, 1) if font is None]


@dataclass(frozen=True)
class _Style:
    """Font size in px, and the font of the numbers."""

    size: int
    number_font: Font | None


@dataclass(frozen=True)
class _Row:
    """One row of the column; `is_first` is False where a long text continues."""

    number: int
    is_first: bool
    text: str
    font: Font | None


def _draw_outlines(page: PilImage.Image, polygons: Sequence[Polygon], style: _Style) -> None:
    draw = ImageDraw.Draw(page)
    for number, polygon in enumerate(polygons, 1):
        draw.polygon(polygon, outline=_colour(number), width=max(2, style.size // 8))
    for number, polygon in enumerate(polygons, 1):  # on top of all outlines
        text = str(number)
        width, height = draw.textlength(text, style.number_font) + style.size // 3, style.size * 1.2
        x = min(max(polygon[0][0], 0), page.width - width)
        y = min(max(polygon[0][1] - height, 0), page.height - height)
        draw.rectangle((x, y, x + width, y + height), fill=_colour(number))
        draw.text((x + style.size // 6, y), text, "white", style.number_font)


def _column(texts: Sequence[tuple[str, Font | None]], max_width: int, style: _Style) -> PilImage.Image:
    margin = style.size // 2
    measure = ImageDraw.Draw(PilImage.new("RGB", (1, 1)))
    indent = margin * 2 + int(measure.textlength(str(len(texts)), style.number_font))
    rows = list(_rows(texts, measure, max_width - indent - margin))
    widths = (measure.textlength(row.text, row.font) for row in rows if row.font is not None)
    width = indent + math.ceil(max(widths, default=0)) + margin
    row_height = round(style.size * 1.5)
    column = PilImage.new("RGB", (width, row_height * len(rows) + margin), "white")
    draw = ImageDraw.Draw(column)
    for index, row in enumerate(rows):
        top = margin // 2 + index * row_height
        if row.is_first:
            draw.text((margin, top), str(row.number), _colour(row.number), style.number_font)
        if row.font is not None:
            draw.text((indent, top), row.text, "black", row.font)
    return column


def _rows(
    texts: Sequence[tuple[str, Font | None]], measure: ImageDraw.ImageDraw, max_width: float
) -> Iterator[_Row]:
    for number, (text, font) in enumerate(texts, 1):
        for index, part in enumerate(_wrap(text, font, measure, max_width)):
            yield _Row(number, index == 0, part, font)


def _wrap(text: str, font: Font | None, measure: ImageDraw.ImageDraw, max_width: float) -> Iterator[str]:
    """The text in parts that are no wider than the column; at least one part."""
    part = ""
    for char in text:
        if font is not None and part and measure.textlength(part + char, font) > max_width:
            yield part
            part = ""
        part += char
    yield part


def _colour(number: int) -> str:
    return _COLOURS[(number - 1) % len(_COLOURS)]
