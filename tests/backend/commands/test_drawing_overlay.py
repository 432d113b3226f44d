"""The drawing of a page: outlines of its lines, and their texts in a column beside it."""

import numpy as np
import pytest
from PIL import Image as PilImage

from ocr_backend.commands.drawing_overlay import font_size, overlay
from ocr_backend.commands.font_fallback import FontFallback, font_files
from ocr_backend.ocr_types import Image, Line

SHAPE = (200, 400, 3)


def page() -> Image:
    return np.full(SHAPE, 255, np.uint8)


def line(text: str, x: int = 50, y: int = 80) -> Line:
    return Line(((x, y), (x + 100, y), (x + 100, y + 30), (x, y + 30)), text, 0.9)


def drawn(*lines: Line, image: Image | None = None) -> tuple[PilImage.Image, list[int]]:
    image = page() if image is None else image
    return overlay(image, lines, FontFallback(font_size(image), [next(font_files())]))


def has_ink(drawing: PilImage.Image, box: tuple[int, int, int, int]) -> bool:
    return bool((np.asarray(drawing.crop(box).convert("L")) < 128).any())


def test_an_outline_is_where_the_line_is_and_the_text_beside_the_page() -> None:
    drawing, missing_fonts = drawn(line("TEST"))
    assert missing_fonts == []
    assert has_ink(drawing, (100, 78, 140, 84))  # its top edge
    assert not has_ink(drawing, (60, 90, 140, 105))  # inside it
    assert not has_ink(drawing, (200, 0, 400, 200))
    assert has_ink(drawing, (400, 0, drawing.width, 30))


def test_the_page_keeps_its_colours() -> None:
    image = page()
    image[:] = (255, 0, 0)  # blue, as readers take it
    drawing, _ = drawn(line("TEST"), image=image)
    assert drawing.getpixel((390, 190)) == (0, 0, 255)


def test_a_text_without_a_font_has_only_its_number() -> None:
    drawing, missing_fonts = drawn(line("TEST"), line("発行", y=120))
    assert missing_fonts == [2]
    assert has_ink(drawing, (400, 30, drawing.width, 60))  # its number


def test_the_column_grows_with_the_lines_and_wraps_long_texts() -> None:
    few, _ = drawn(line("a"))
    many, _ = drawn(*[line("a")] * 40)
    long, _ = drawn(line("word " * 400))
    assert few.height == SHAPE[0]
    assert many.height > 600
    assert long.width <= 400 + 900
    assert long.height > few.height


@pytest.mark.parametrize(
    ("shape", "size"),
    [((20, 30, 3), 14), ((1000, 900, 3), 20), ((9000, 6000, 3), 40)],
    ids=["small", "page", "large"],
)
def test_the_font_size_suits_the_image(shape: tuple[int, int, int], size: int) -> None:
    assert font_size(np.zeros(shape, np.uint8)) == size


@pytest.mark.parametrize("lines", [[], [line("out", x=-500, y=-500)], [line("edge", x=390, y=0)]])
def test_pages_without_lines_or_with_lines_at_the_edge_are_drawn(lines: list[Line]) -> None:
    drawing, _ = drawn(*lines)
    assert drawing.width >= SHAPE[1]
