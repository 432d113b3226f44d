"""The image with what was read: numbered outlines on it, and the texts in a column beside it.

Knows neither files nor readers. The command `read` draws with it.
"""

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
from PIL import Image as Files
from PIL import ImageDraw

from ocr_backend.commands.font_fallback import Font, FontFallback
from ocr_backend.ocr_types import Image, Line, Polygon

_COLOURS = ("#c1121f", "#0353a4", "#2b7a0b", "#7b2cbf", "#b85c00", "#006d77")
"""Dark enough for white letters on them and for a white page; neighbours differ."""
_LEAST_LETTER, _GREATEST_LETTER = 14, 40  # px
_LETTERS_PER_SIDE = 45  # letters' height is that part of the shorter side (guess)
_WIDEST_COLUMN = 900  # px, where the image itself is not wider


def font_size(image: Image) -> int:
    """Height of the letters that suit an image."""
    suitable = int(min(image.shape[:2])) // _LETTERS_PER_SIDE
    return max(_LEAST_LETTER, min(_GREATEST_LETTER, suitable))


def overlay(image: Image, lines: Sequence[Line], lettering: FontFallback) -> tuple[Files.Image, list[int]]:
    """The drawing, and the numbers (from 1) of the lines whose text no font could draw.

    `lettering` has fonts of `font_size(image)`. A line without a font has only its number in the column.
    """
    letter = font_size(image)
    page = Files.fromarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))
    _outline(page, [line.polygon for line in lines], letter, lettering.font("0123456789"))
    fonts = [lettering.font(line.text) for line in lines]
    column = _column([line.text for line in lines], fonts, max(_WIDEST_COLUMN, page.width), letter, lettering)
    whole = Files.new("RGB", (page.width + column.width, max(page.height, column.height)), "white")
    whole.paste(page)
    whole.paste(column, (page.width, 0))
    return whole, [number for number, font in enumerate(fonts, 1) if font is None]


def _outline(page: Files.Image, polygons: Sequence[Polygon], letter: int, font: Font | None) -> None:
    draw = ImageDraw.Draw(page)
    for number, polygon in enumerate(polygons, 1):
        draw.polygon(polygon, outline=_colour(number), width=max(2, letter // 8))
    for number, polygon in enumerate(polygons, 1):  # above all outlines
        text = str(number)
        wide, high = draw.textlength(text, font) + letter // 3, letter * 1.2
        x = min(max(polygon[0][0], 0), page.width - wide)
        y = min(max(polygon[0][1] - high, 0), page.height - high)
        draw.rectangle((x, y, x + wide, y + high), fill=_colour(number))
        draw.text((x + letter // 6, y), text, "white", font)


def _column(
    texts: Sequence[str], fonts: Sequence[Font | None], widest: int, letter: int, lettering: FontFallback
) -> Files.Image:
    numbers = lettering.font("0123456789")
    margin = letter // 2
    measure = ImageDraw.Draw(Files.new("RGB", (1, 1)))
    indent = margin * 2 + int(measure.textlength(str(len(texts)), numbers))
    rows = [
        (number if first else None, piece, font)
        for number, (text, font) in enumerate(zip(texts, fonts, strict=True), 1)
        for first, piece in _pieces(text, font, measure, widest - indent - margin)
    ]
    longest = max((measure.textlength(piece, font) for _, piece, font in rows if font is not None), default=0)
    step = round(letter * 1.5)
    column = Files.new("RGB", (indent + int(np.ceil(longest)) + margin, step * len(rows) + margin), "white")
    draw = ImageDraw.Draw(column)
    colour = _colour(1)
    for index, (number, piece, font) in enumerate(rows):
        top = margin // 2 + index * step
        if number is not None:
            colour = _colour(number)
            draw.text((margin, top), str(number), colour, numbers)
        if font is not None:
            draw.text((indent, top), piece, "black", font)
    return column


def _pieces(
    text: str, font: Font | None, measure: ImageDraw.ImageDraw, widest: float
) -> Iterator[tuple[bool, str]]:
    """The text cut where it becomes wider than the column; with each piece, whether it is the first."""
    first, piece = True, ""
    for char in text:
        if font is not None and piece and measure.textlength(piece + char, font) > widest:
            yield first, piece
            first, piece = False, ""
        piece += char
    yield first, piece


def _colour(number: int) -> str:
    return _COLOURS[(number - 1) % len(_COLOURS)]
