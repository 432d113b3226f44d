"""Drawn pages of small print with known lines: columns and tables, with noise, JPEG artefacts and tilt.

Pure: a seed and fonts make the same page in each call. `dense_score` scores what a reader reads on them, and
`benchmarks/dense.py` compares readers.
"""

import io
import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from dense_words import LINE_STARTS, WORDS
from ocr_backend import ocr_types

FONT_SIZES_PX = (9, 10, 11, 12, 13, 14, 16, 18)
_MARGIN_PX = 40
_COLUMN_GAP_PX = 36
_CELL_GAP_PX = 24
_MAX_TILT_DEGREES = 3.0
_FINE_SCALE = 4
"""Half of the pages are drawn so many times as large and reduced, as a scanner sees print."""


@dataclass(frozen=True)
class TrueLine:
    """A line or a table cell, and its corners on the page, clockwise from top left."""

    text: str
    corners: ocr_types.Polygon


@dataclass(frozen=True)
class DensePage:
    """A page as readers take it, and its lines in any order."""

    image: ocr_types.Image
    lines: tuple[TrueLine, ...]
    font_px: int
    layout: str
    degrees: float


@dataclass(frozen=True)
class Font:
    """A font file; `index` selects the font of a collection."""

    file: Path
    index: int = 0


@dataclass(frozen=True)
class _Line:
    text: str
    left: float
    top: float
    right: float
    bottom: float


def dense_page(
    script: str, number: int, seed: int, fonts: Sequence[Font], size: tuple[int, int]
) -> DensePage:
    """Page `number` of a script ("latin", "chinese" or "japanese"); sizes and layouts take turns."""
    generator = random.Random(f"{seed} {script} {number}")
    font_px = FONT_SIZES_PX[number % len(FONT_SIZES_PX)]
    layout = ("one column", "two columns", "table")[number % 3]
    font = fonts[number // 2 % len(fonts)]
    degrees = generator.uniform(-_MAX_TILT_DEGREES, _MAX_TILT_DEGREES) if number % 2 else 0.0
    scale = generator.choice((1, _FINE_SCALE))
    measure = ImageFont.truetype(str(font.file), font_px, index=font.index)
    lines = list(_lines(script, layout, measure, generator, size))
    drawing = ImageFont.truetype(str(font.file), font_px * scale, index=font.index)
    image = _draw(lines, drawing, scale, generator, size)
    if degrees:
        fill = image.getpixel((0, 0))
        image = image.rotate(-degrees, Image.Resampling.BICUBIC, fillcolor=fill)
    corners = [_rotated(line, math.radians(degrees), size) for line in lines]
    true_lines = (TrueLine(line.text, polygon) for line, polygon in zip(lines, corners, strict=True))
    return DensePage(_degraded(image, generator), tuple(true_lines), font_px, layout, degrees)


def _lines(
    script: str, layout: str, font: ImageFont.FreeTypeFont, generator: random.Random, size: tuple[int, int]
) -> Iterator[_Line]:
    columns = {"one column": 1, "two columns": 2, "table": 5}[layout]
    gap = _CELL_GAP_PX if layout == "table" else _COLUMN_GAP_PX
    width = (size[0] - 2 * _MARGIN_PX - gap * (columns - 1)) / columns
    pitch = font.size * (generator.uniform(1.9, 2.4) if layout == "table" else generator.uniform(1.35, 1.8))
    ascent, descent = font.getmetrics()
    for column in range(columns):
        left, top = _MARGIN_PX + column * (width + gap), float(_MARGIN_PX)
        while top < size[1] - _MARGIN_PX - pitch:
            fill = generator.uniform(0.3, 0.9) if layout == "table" else generator.choice((1, 1, 1, 0.6))
            text = _text(script, font, generator, width * fill)
            if text:
                yield _Line(text, left, top, left + font.getlength(text), top + ascent + descent)
            top += pitch


def _text(script: str, font: ImageFont.FreeTypeFont, generator: random.Random, width: float) -> str:
    """Words that fit a width, or one shorter word."""
    joint = " " if script == "latin" else ""
    text = generator.choice(LINE_STARTS) if generator.random() < 0.1 else ""
    while True:
        word = generator.choice(WORDS[script]) if generator.random() < 0.85 else _number(generator)
        # Between scripts, a space would be a matter of taste.
        longer = f"{text}{joint}{word}" if text else word
        if font.getlength(longer) > width:
            return text
        text = longer


def _number(generator: random.Random) -> str:
    number = generator.randrange(10 ** generator.randint(1, 6))
    return generator.choice((f"{number}", f"{number / 100:.2f}", f"{number % 100}%", f"{number:06d}"))


def _draw(
    lines: Sequence[_Line],
    font: ImageFont.FreeTypeFont,
    scale: int,
    generator: random.Random,
    size: tuple[int, int],
) -> Image.Image:
    paper, ink = generator.randint(225, 255), generator.randint(0, 70)
    if generator.random() < 0.1:
        paper, ink = 255 - paper, 255 - ink
    image = Image.new("L", (size[0] * scale, size[1] * scale), paper)
    draw = ImageDraw.Draw(image)
    for line in lines:
        draw.text((line.left * scale, line.top * scale), line.text, fill=ink, font=font)
    return image.resize(size, Image.Resampling.BOX)


def _rotated(line: _Line, angle: float, size: tuple[int, int]) -> ocr_types.Polygon:
    """Corners of a line on a page that is rotated clockwise about its middle."""
    x0, y0, cos, sin = size[0] / 2, size[1] / 2, math.cos(angle), math.sin(angle)

    def rotated(x: float, y: float) -> ocr_types.Point:
        return x0 + (x - x0) * cos - (y - y0) * sin, y0 + (x - x0) * sin + (y - y0) * cos

    return (
        rotated(line.left, line.top),
        rotated(line.right, line.top),
        rotated(line.right, line.bottom),
        rotated(line.left, line.bottom),
    )


def _degraded(image: Image.Image, generator: random.Random) -> ocr_types.Image:
    """The page with noise, after a JPEG file."""
    noise = np.random.default_rng(generator.getrandbits(32))
    pixels = np.asarray(image, np.float64)
    pixels = pixels + noise.normal(0, generator.uniform(0, 8), pixels.shape)
    file = io.BytesIO()
    noisy = Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).convert("RGB")
    noisy.save(file, "JPEG", quality=generator.randint(60, 95))
    decoded = np.asarray(Image.open(file).convert("RGB"))
    return np.ascontiguousarray(decoded[:, :, ::-1])
