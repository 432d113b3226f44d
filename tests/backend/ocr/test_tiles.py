"""Tiles of large images, and the boxes of lines that several tiles hold."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_backend.ocr import tiles
from ocr_backend.ocr.detection import TextBox
from ocr_backend.ocr.tiles import Tile

PIXELS = 16_000_000


@pytest.mark.parametrize(
    "size",
    [
        pytest.param((3508, 2480), id="A4 at 300 dpi"),
        pytest.param((7016, 4960), id="A4 at 600 dpi"),
        pytest.param((4000, 200), id="a strip that is short enough"),
        pytest.param((1, 1), id="a px"),
    ],
)
def test_an_ordinary_image_has_one_tile(size):
    height, width = size
    assert tiles.tiles(height, width, PIXELS) == [Tile(0, 0, width, height)]


@pytest.mark.parametrize(
    ("size", "count"),
    [
        pytest.param((9000, 800), 3, id="a long screenshot"),
        pytest.param((800, 9000), 3, id="a panorama"),
        pytest.param((14_043, 9933), 4 * 3, id="A0 at 300 dpi"),
    ],
)
def test_an_image_whose_print_would_get_too_small_has_several(size, count):
    assert len(tiles.tiles(*size, PIXELS)) == count


@given(st.integers(1, 40_000), st.integers(1, 40_000), st.integers(1_000_000, 64_000_000))
def test_tiles_cover_the_image_and_overlap(height, width, pixels):
    parts = tiles.tiles(height, width, pixels)
    if len(parts) == 1:
        return
    for axis, length in (("top", height), ("left", width)):
        size = {"top": "height", "left": "width"}[axis]
        spans = sorted({(getattr(part, axis), getattr(part, axis) + getattr(part, size)) for part in parts})
        assert spans[0][0] == 0
        assert spans[-1][1] == length
        assert all(end - start <= 4001 for start, end in spans)
        assert all(before[1] - after[0] >= 300 for before, after in zip(spans, spans[1:], strict=False))


def test_a_small_memory_budget_makes_tiles_shorter():
    parts = tiles.tiles(9000, 1000, 2_000_000)
    assert all(part.width == 1000 and part.height <= 2001 for part in parts)


def text_box(left, top, right, bottom):
    return TextBox(np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.int32), 2.0)


def bounds(boxes):
    return sorted((*each.box.min(axis=0).tolist(), *each.box.max(axis=0).tolist()) for each in boxes)


UPPER, LOWER = Tile(0, 0, 800, 1000), Tile(0, 700, 800, 1000)


def test_boxes_are_placed_on_the_image():
    boxes = [(UPPER, [text_box(10, 20, 200, 40)]), (LOWER, [text_box(10, 500, 200, 520)])]
    assert bounds(tiles.merged(boxes)) == [(10, 20, 200, 40), (10, 1200, 200, 1220)]


def test_a_line_that_two_tiles_hold_is_one_box():
    boxes = [(UPPER, [text_box(10, 800, 200, 820)]), (LOWER, [text_box(10, 101, 201, 121)])]
    assert bounds(tiles.merged(boxes)) == [(10, 800, 201, 821)]


def test_a_line_that_the_edge_of_a_tile_cuts_is_whole():
    boxes = [(UPPER, [text_box(10, 988, 200, 1000)]), (LOWER, [text_box(10, 280, 200, 310)])]
    assert bounds(tiles.merged(boxes)) == [(10, 980, 200, 1010)]


def test_the_pieces_of_a_line_across_tiles_are_one_box():
    left, middle, right = Tile(0, 0, 4000, 100), Tile(3700, 0, 4000, 100), Tile(7400, 0, 4000, 100)
    boxes = [
        (left, [text_box(500, 10, 4000, 40)]),
        (middle, [text_box(0, 10, 4000, 41)]),
        (right, [text_box(0, 10, 900, 40)]),
    ]
    assert bounds(tiles.merged(boxes)) == [(500, 10, 8300, 41)]


def test_neighbouring_lines_stay_apart():
    rows = [text_box(10, 710 + 22 * row, 300, 734 + 22 * row) for row in range(10)]
    lower = [TextBox(row.box - (0, 700), 2.0) for row in rows]
    assert len(tiles.merged([(UPPER, rows), (LOWER, lower)])) == 10


def test_neighbouring_slanted_lines_stay_apart():
    turn = np.array([(math.cos(0.5), math.sin(0.5)), (-math.sin(0.5), math.cos(0.5))])
    rows = [
        TextBox(np.rint(text_box(300, 600 + 26 * row, 700, 620 + 26 * row).box @ turn).astype(int), 2.0)
        for row in range(6)
    ]
    lower = [TextBox(row.box - (0, 700), 2.0) for row in rows]
    assert len(tiles.merged([(UPPER, rows), (LOWER, lower)])) == 6
