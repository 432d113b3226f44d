"""Drawn pages whose layout is what matters: the builtin models read every piece of text, in its place."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from ocr_backend.labelstudio.geometry import polygon_to_rectangle
from ocr_backend.labelstudio.interactive_regions import regions_without_text
from ocr_backend.ocr import reading_order
from ocr_backend.ocr.engine_factory import open_reader
from ocr_backend.pipeline.region_ocr import lines_in_region

pytestmark = pytest.mark.model

TABLE = ["Item Quantity Price", "Paper 12 4.50", "Pencil 7 1.20", "Eraser 30 0.80"]


def pixels(page: Image.Image) -> np.ndarray:
    return np.ascontiguousarray(np.asarray(page.convert("RGB"))[:, :, ::-1])


def table_page(degrees: float, font_px: int = 64) -> Image.Image:
    """A table on a page that is turned clockwise."""
    page, font = Image.new("RGB", (39 * font_px, 18 * font_px), "white"), ImageFont.load_default(font_px)
    for row, cells in enumerate(TABLE):
        for column, cell in enumerate(cells.split()):
            position = (2 * font_px + column * 12 * font_px, 3 * font_px + row * 3 * font_px)
            ImageDraw.Draw(page).text(position, cell, "black", font)
    return page.rotate(-degrees, Image.Resampling.BICUBIC, fillcolor="white")


def texts(lines):
    return [line.text for line in lines]


@pytest.mark.parametrize(("degrees", "font_px"), [(-0.5, 64), (0.5, 64), (2, 32), (-2, 32)])
def test_the_rows_of_a_tilted_table_are_read_from_left_to_right(builtin_reader, degrees, font_px):
    rows = reading_order.rows(builtin_reader.read(pixels(table_page(degrees, font_px))))
    assert [" ".join(texts(row)) for row in rows] == TABLE


@pytest.mark.parametrize("image_rotation", [0, 90, 180, 270])
def test_a_box_drawn_on_a_turned_image_is_read_as_the_annotator_sees_it(builtin_reader, image_rotation):
    """The file holds the page on its side; the annotator turns it upright and draws a box around two rows."""
    stored = table_page(-0.7, 32).rotate(image_rotation, expand=True)
    box = {"x": 1, "y": 10, "width": 98, "height": 30, "rotation": 0}
    boxes = {
        0: box,
        90: {**box, "x": 10, "y": 1, "width": 30, "height": 98},
        180: {**box, "y": 60},
        270: {**box, "x": 60, "y": 1, "width": 30, "height": 98},
    }
    result = {
        "id": "drawn",
        "to_name": "image",
        "image_rotation": image_rotation,
        "value": boxes[image_rotation],
    }
    (region,) = regions_without_text({"result": [result]})
    lines = lines_in_region(builtin_reader.read, pixels(stored), region.polygon(stored.size))
    assert [" ".join(texts(row)) for row in reading_order.rows(lines)] == TABLE[:2]


@pytest.mark.parametrize("engine", ["openvino", "paddle"])
def test_more_than_a_thousand_pieces_of_text_are_read(builtin, engine):
    page, font = Image.new("RGB", (1920, 1400), "white"), ImageFont.load_default(16)
    columns, rows = 24, 48
    for number in range(columns * rows):
        row, column = divmod(number, columns)
        ImageDraw.Draw(page).text((10 + 80 * column, 10 + 29 * row), f"{number:04d}", "black", font)
    reader = open_reader(builtin(engine=engine, use_textline_orientation=False))
    read = set(texts(reader.read(pixels(page))))
    reader.close()
    assert len(read & {f"{number:04d}" for number in range(columns * rows)}) >= 0.98 * columns * rows


def test_the_whole_of_a_diagonal_line_is_in_its_region(builtin_reader):
    text = "Shipment container TGHU 5827 ready for inspection at dock 9"
    font = ImageFont.load_default(36)
    strip = Image.new("RGB", (round(font.getlength(text)) + 40, 80), "white")
    ImageDraw.Draw(strip).text((20, 18), text, "black", font)
    page = strip.rotate(-45, Image.Resampling.BICUBIC, expand=True, fillcolor="white")
    (line,) = builtin_reader.read(pixels(page))
    assert line.text == text
    rectangle = polygon_to_rectangle(line.polygon, page.size)
    assert rectangle.width * page.width / 100 >= 0.97 * font.getlength(text)
    assert rectangle.rotation == pytest.approx(45, abs=1)


def test_small_print_of_a_long_screenshot_is_read(openvino_reader):
    page, font = Image.new("RGB", (420, 9000), "white"), ImageFont.load_default(14)
    lines = [f"message {number} of the screenshot" for number in range(9000 // 60)]
    for number, text in enumerate(lines):
        ImageDraw.Draw(page).text((20, 20 + 60 * number), text, "black", font)
    assert texts(openvino_reader.read(pixels(page))) == lines


def test_a_line_across_a_wide_image_is_one_line(openvino_reader):
    text = " ".join(f"word{number}" for number in range(30))
    font = ImageFont.load_default(90)
    page = Image.new("RGB", (round(font.getlength(text)) + 200, 200), "white")
    assert page.width > 8000
    ImageDraw.Draw(page).text((100, 50), text, "black", font)
    (line,) = openvino_reader.read(pixels(page))
    assert line.polygon[1][0] - line.polygon[0][0] == pytest.approx(font.getlength(text), rel=0.02)
    assert line.text.startswith("word0")
    assert line.text.endswith("29")
