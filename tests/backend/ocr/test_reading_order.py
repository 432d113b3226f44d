"""Reading order of drawn layouts, and that it changes with nothing that a person would not see."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_backend.ocr import reading_order
from ocr_backend.ocr_types import Line

Box = tuple[float, float, float, float]
"""Left, top, width, height."""

PROSE_WIDTHS = (400, 390, 400, 380, 400, 210)


def line(box: Box, text: str) -> Line:
    left, top, width, height = box
    corners = ((left, top), (left + width, top), (left + width, top + height), (left, top + height))
    return Line(corners, text, 0.9)


def vertical(left: float, top: float, length: float, text: str) -> Line:
    """A line that runs downwards, 20 px wide; it begins at its top right."""
    right, bottom = left + 20, top + length
    return Line(((right, top), (right, bottom), (left, bottom), (left, top)), text, 0.9)


def turned(
    lines: list[Line], degrees: float, scale: float = 1, shift: tuple[float, float] = (0, 0)
) -> list[Line]:
    """The lines on a page turned clockwise, resized and moved."""
    cos, sin = (scale * function(math.radians(degrees)) for function in (math.cos, math.sin))
    moved = []
    for each in lines:
        corners = tuple((x * cos - y * sin + shift[0], x * sin + y * cos + shift[1]) for x, y in each.polygon)
        moved.append(Line(corners, each.text, each.score))
    return moved


def table() -> list[Line]:
    cells = ["Item Quantity Price", "Paper 12 4.50", "Pencil 7 1.20", "Eraser 30 0.80"]
    return [
        line((150 + 800 * column, 150 + 200 * row, 28 * len(cell), 64), cell)
        for row, cells_of_row in enumerate(cells)
        for column, cell in enumerate(cells_of_row.split())
    ]


def column(left: float, top: float, name: str) -> list[Line]:
    return [line((left, top + 24 * row, width, 20), f"{name}{row}") for row, width in enumerate(PROSE_WIDTHS)]


def two_columns() -> list[Line]:
    return [
        line((60, 0, 780, 40), "heading"),
        *column(0, 60, "a"),
        *column(440, 61, "b"),
        line((0, 230, 840, 20), "across"),
        *column(0, 260, "c"),
        *column(440, 260, "d"),
    ]


def sizes_in_a_row() -> list[Line]:
    """Large type beside small type, whose tops differ by more than the small type's height."""
    return [
        line((0, 0, 300, 60), "TOTAL"),
        line((330, 30, 60, 20), "EUR"),
        line((420, 5, 200, 50), "97.10"),
        line((0, 80, 100, 20), "thanks"),
    ]


def japanese() -> list[Line]:
    """Columns from the right to the left, below a title."""
    return [vertical(400 - 40 * index, 50, 300, f"列{index}") for index in range(8)]


def arabic() -> list[Line]:
    return [
        line((500, 0, 200, 30), "سلام"),
        line((200, 2, 250, 30), "عليكم"),
        line((0, 0, 100, 30), "123"),
        line((400, 50, 300, 30), "مرحبا"),
    ]


def right_to_left_columns() -> list[Line]:
    left, right = column(0, 0, "ا"), column(440, 0, "ب")
    return right + left


LAYOUTS = [table, two_columns, sizes_in_a_row, japanese, arabic, right_to_left_columns]


def shuffled(lines: list[Line], seed: int = 1) -> list[Line]:
    return random.Random(seed).sample(lines, len(lines))


def texts(lines: list[Line]) -> list[str]:
    return [line.text for line in lines]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_lines_are_read_as_a_person_reads_them(layout):
    lines = layout()
    assert texts(reading_order.in_reading_order(shuffled(lines))) == texts(lines)


@pytest.mark.parametrize("layout", LAYOUTS)
@given(
    st.floats(-4, 4),
    st.floats(0.05, 20),
    st.tuples(st.floats(-5000, 5000), st.floats(-5000, 5000)),
    st.integers(0, 99),
)
def test_the_order_depends_neither_on_tilt_nor_resolution_nor_position(layout, degrees, scale, shift, seed):
    lines = layout()
    moved = shuffled(turned(lines, degrees, scale, shift), seed)
    assert texts(reading_order.in_reading_order(moved)) == texts(lines)


@pytest.mark.parametrize("degrees", [90, 180, 270])
@pytest.mark.parametrize("layout", [table, two_columns, sizes_in_a_row])
def test_a_page_that_lies_on_its_side_is_read_from_its_own_top(layout, degrees):
    lines = layout()
    assert texts(reading_order.in_reading_order(shuffled(turned(lines, degrees)))) == texts(lines)


def test_px_of_corners_that_detection_rounds_do_not_change_the_order():
    for degrees in (-2, -0.7, 0.5, 1.5):
        moved = turned(table(), degrees)
        rounded = [
            Line(tuple((round(x), round(y)) for x, y in each.polygon), each.text, 0.9) for each in moved
        ]
        assert texts(reading_order.in_reading_order(rounded)) == texts(table()), degrees


def test_cells_of_a_row_are_a_row():
    rows = reading_order.rows(shuffled(turned(table(), 1)))
    assert [" ".join(texts(row)) for row in rows] == [
        "Item Quantity Price",
        "Paper 12 4.50",
        "Pencil 7 1.20",
        "Eraser 30 0.80",
    ]


def test_a_vertical_line_beside_level_ones_is_read_beside_them():
    lines = [line((100, 0, 300, 20), "first"), line((100, 40, 300, 20), "second"), vertical(0, 0, 60, "side")]
    assert sorted(texts(reading_order.in_reading_order(lines))) == ["first", "second", "side"]
    order = [text for text in texts(reading_order.in_reading_order(lines)) if text != "side"]
    assert order == ["first", "second"]


def test_a_long_description_beside_prices_is_a_table():
    lines = []
    for row in range(8):
        lines += [
            line((0, 24 * row, 400, 20), f"description {row}"),
            line((450, 24 * row, 60, 20), f"{row}.00"),
        ]
    assert texts(reading_order.in_reading_order(shuffled(lines))) == texts(lines)


@given(
    st.lists(
        st.tuples(st.floats(-1e4, 1e4), st.floats(-1e4, 1e4), st.floats(0, 1e3), st.floats(0, 1e3)),
        max_size=30,
    )
)
def test_every_line_is_in_one_row(boxes):
    lines = [line(box, str(index)) for index, box in enumerate(boxes)]
    assert sorted(texts(reading_order.in_reading_order(lines)), key=int) == texts(lines)


def test_nothing_has_no_rows():
    assert reading_order.rows([]) == []
