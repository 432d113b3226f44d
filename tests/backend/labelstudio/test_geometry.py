import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ocr_backend.labelstudio.geometry import (
    Rectangle,
    bounding_box,
    clip,
    points_to_polygon,
    polygon_to_points,
    polygon_to_rectangle,
    rectangle_to_polygon,
)

SIZE = (200, 100)


@pytest.mark.parametrize(
    ("polygon", "rectangle"),
    [
        pytest.param(((20, 10), (120, 10), (120, 30), (20, 30)), Rectangle(10, 10, 50, 20, 0), id="level"),
        # 30 px along, downwards; 20 px across, to the left
        pytest.param(((60, 10), (60, 40), (40, 40), (40, 10)), Rectangle(30, 10, 15, 20, 90), id="down"),
        pytest.param(
            ((60, 40), (30, 40), (30, 20), (60, 20)), Rectangle(15, 20, 15, 20, 0), id="upside down"
        ),
        pytest.param(((40, 60), (40, 30), (60, 30), (60, 60)), Rectangle(20, 60, 15, 20, 270), id="up"),
        pytest.param(((0, 0), (0, 0), (0, 0), (0, 0)), Rectangle(0, 0, 0, 0, 0), id="one point"),
        pytest.param(
            ((-9, -9), (300, -9), (300, 200), (-9, 200)), Rectangle(0, 0, 100, 100, 0), id="outside"
        ),
        # 3-4-5 triangles: 50 px along (4 right, 3 down), 25 px across
        pytest.param(
            ((50, 10), (90, 40), (75, 60), (35, 30)),
            Rectangle(25, 10, 25, 25, round(math.degrees(math.atan2(3, 4)), 4)),
            id="rotated",
        ),
    ],
)
def test_a_polygon_becomes_label_studios_rectangle(polygon, rectangle) -> None:
    assert polygon_to_rectangle(polygon, SIZE) == rectangle


def test_a_line_longer_than_the_image_is_wide_stays_within_100_percent() -> None:
    down_a_narrow_image = ((80, 10), (80, 900), (20, 900), (20, 10))
    rectangle = polygon_to_rectangle(down_a_narrow_image, (100, 1000))
    assert (rectangle.width, rectangle.height) == (60, 89)
    corners = rectangle_to_polygon(rectangle, (100, 1000))
    assert sorted((round(x), round(y)) for x, y in corners) == [(20, 10), (20, 900), (80, 10), (80, 900)]


@pytest.mark.parametrize("size", [(100, 100), (1000, 1000), (110, 100)])
def test_a_line_along_the_diagonal_keeps_its_whole_length(size) -> None:
    width, height = size
    line = ((5, 0), (width, height - 5), (width - 5, height), (0, 5))
    corners = rectangle_to_polygon(polygon_to_rectangle(line, size), size)
    for corner, expected in zip(corners, line, strict=True):
        assert corner == pytest.approx(expected, abs=max(size) / 20)


@given(
    st.floats(10, 60),
    st.floats(10, 60),
    st.floats(0.5, 30),
    st.floats(0.5, 30),
    st.floats(0, 359.9),
)
def test_a_rectangle_converted_to_pixels_and_back_is_the_same(x, y, width, height, rotation) -> None:
    size = (1000, 1000)
    corners = rectangle_to_polygon(Rectangle(x, y, width, height, rotation), size)
    assume(corners == clip(corners, size) and abs(rotation - 180) > 46)
    rectangle = polygon_to_rectangle(corners, size)
    rotation_error = (rectangle.rotation - rotation + 180) % 360 - 180
    assert (rectangle.x, rectangle.y, rectangle.width, rectangle.height) == pytest.approx(
        (x, y, width, height), abs=1e-3
    )
    assert rotation_error == pytest.approx(0, abs=1e-2)


@given(
    st.lists(st.tuples(st.floats(-500, 1500), st.floats(-500, 1500)), min_size=4, max_size=4),
    st.tuples(st.integers(1, 1000), st.integers(1, 1000)),
)
def test_every_polygon_becomes_a_rectangle_that_label_studio_shows(points, size) -> None:
    rectangle = polygon_to_rectangle(tuple(points), size)
    assert 0 <= rectangle.x <= 100
    assert 0 <= rectangle.y <= 100
    diagonal = math.hypot(*size)
    assert 0 <= rectangle.width <= 100.001 * diagonal / size[0]
    assert 0 <= rectangle.height <= 100.001 * diagonal / size[1]
    assert 0 <= rectangle.rotation < 360
    assert all(0 <= number <= 100 for point in polygon_to_points(points, size) for number in point)


def test_points_are_in_percent_and_within_the_image() -> None:
    assert polygon_to_points(((20, 10), (250, 10), (100, -5)), SIZE) == [[10, 10], [100, 10], [50, 0]]


def test_drawn_points_become_the_box_around_them() -> None:
    corners = points_to_polygon(((50, 10), (10, 50), (30, 90)), SIZE)
    assert corners == ((20, 10), (100, 10), (100, 90), (20, 90))


def test_a_bounding_box_is_clipped_to_the_image() -> None:
    rotated = ((-5, 10), (20, 30), (10, 50), (-15, 30))
    assert bounding_box(rotated, (100, 40)) == ((0, 10), (20, 10), (20, 40), (0, 40))
