import numpy as np
import pytest

from fake_reader import line
from ocr_backend.ocr_types import Image, Line, Polygon, RegionFilter, accept_all
from ocr_backend.pipeline.region_ocr import lines_in_region


def grid(height: int = 300, width: int = 400) -> Image:
    """Each pixel tells its place: blue is the row, green the column, in steps of two."""
    image = np.zeros((height, width, 3), np.uint8)
    image[:, :, 0] = np.arange(height)[:, None] // 2
    image[:, :, 1] = np.arange(width)[None, :] // 2
    return image


class Seen:
    """Remembers what it was given to read, and answers in turn what it was told."""

    def __init__(self, *answers: list[Line]) -> None:
        self.images: list[Image] = []
        self._answers = list(answers)

    def __call__(self, image: Image, wanted: RegionFilter = accept_all) -> list[Line]:
        self.images.append(image)
        answer = self._answers.pop(0) if self._answers else []
        return [line for line in answer if wanted(line.polygon)]


def level(left: float, top: float, right: float, bottom: float) -> Polygon:
    return ((left, top), (right, top), (right, bottom), (left, bottom))


def on(left: float, top: float, right: float, bottom: float, text: str = "t") -> Line:
    return Line(level(left, top, right, bottom), text, 0.9)


def test_a_level_spot_is_read_with_what_is_around_it() -> None:
    seen = Seen([on(20, 20, 80, 40)])
    assert lines_in_region(seen, grid(), level(100, 50, 160, 70)) == [on(20, 20, 80, 40)]
    (piece,) = seen.images
    assert np.array_equal(piece, grid()[30:91, 80:181]), "the spot and 20 px on each side"


def test_at_the_edge_there_is_less_around_it() -> None:
    seen = Seen([on(5, 0, 65, 20)])
    assert len(lines_in_region(seen, grid(), level(5, 0, 65, 20))) == 1
    assert np.array_equal(seen.images[0], grid()[0:41, 0:86])


def test_a_large_spot_has_only_so_much_around_it() -> None:
    seen = Seen([on(70, 70, 200, 200)])
    lines_in_region(seen, grid(), level(100, 100, 300, 250))
    assert np.array_equal(seen.images[0], grid()[36:315, 36:365])


@pytest.mark.parametrize(
    ("found", "is_kept"),
    [
        pytest.param(on(20, 20, 80, 40), True, id="the whole spot"),
        pytest.param(on(30, 25, 60, 35), True, id="within it"),
        pytest.param(on(20, 10, 80, 30), True, id="half of it"),
        pytest.param(on(20, 5, 80, 29), False, id="less than half"),
        pytest.param(on(0, 0, 100, 10), False, id="a neighbour"),
        pytest.param(on(30, 30, 30, 30), False, id="no area"),
    ],
)
def test_a_line_is_kept_when_half_of_it_lies_at_the_spot(found: Line, is_kept: bool) -> None:
    seen = Seen([found], [line("alone")])
    assert lines_in_region(seen, grid(), level(100, 50, 160, 70)) == ([found] if is_kept else [line("alone")])


def test_where_nothing_is_found_it_is_read_alone_in_a_margin_of_its_edges_colour() -> None:
    image = np.full((300, 400, 3), 90, np.uint8)
    image[50:71, 100:161] = 200
    image[55:65, 110:150] = 0
    seen = Seen([], [line("alone")])
    assert lines_in_region(seen, image, level(100, 50, 160, 70)) == [line("alone")]
    alone = seen.images[1]
    assert alone.shape == (20 + 32, 60 + 32, 3)
    assert np.array_equal(alone[16:-16, 16:-16], image[50:70, 100:160])
    assert (alone[:16] == 200).all()
    assert (alone[:, -16:] == 200).all()


def test_a_turned_spot_is_read_upright() -> None:
    # reads downwards along x = 250, its lower side to the left
    seen = Seen([on(20, 20, 80, 40)])
    assert len(lines_in_region(seen, grid(), ((250, 100), (250, 160), (230, 160), (230, 100)))) == 1
    (piece,) = seen.images
    assert piece.shape == (60, 100, 3)
    assert piece[30, 25].tolist() == pytest.approx([105 / 2, 240 / 2, 0], abs=1.5)
    assert piece[30, 75].tolist() == pytest.approx([155 / 2, 240 / 2, 0], abs=1.5)
    assert piece[22, 50].tolist() == pytest.approx([130 / 2, 248 / 2, 0], abs=1.5)


@pytest.mark.parametrize(
    "polygon",
    [
        pytest.param(level(5, 5, 5, 5), id="a point"),
        pytest.param(level(400, 300, 400, 300), id="the last corner"),
        pytest.param(level(5, 5, 50, 5), id="a level line"),
        pytest.param(((5, 5), (50, 50), (50, 50), (5, 5)), id="a turned line"),
        pytest.param(((-50, -50), (-10, -20), (-20, 10), (-60, -20)), id="turned, outside"),
    ],
)
def test_a_spot_without_area_is_read_too(polygon: Polygon) -> None:
    seen = Seen()
    assert lines_in_region(seen, grid(), polygon) == []
    assert len(seen.images) == 2
    assert all(image.size and image.dtype == np.uint8 for image in seen.images)


def test_a_thin_spot_that_runs_down_gets_a_thin_margin() -> None:
    seen = Seen([], [])
    lines_in_region(seen, grid(3000, 8), level(0, 0, 8, 3000))
    assert seen.images[1].shape == (3000 + 32, 8 + 32, 3)


def test_what_is_longer_than_any_line_is_neither_turned_nor_read_alone() -> None:
    seen = Seen([])
    assert lines_in_region(seen, grid(8, 40_000), ((100, 0), (39_000, 4), (39_000, 7), (100, 3))) == []
    (piece,) = seen.images
    assert piece.shape[0] <= 8


def test_a_point_far_outside_is_read_at_the_edge() -> None:
    seen = Seen([], [])
    lines_in_region(seen, grid(), ((-1e9, 1e9),) * 4)
    assert all(min(piece.shape) > 0 for piece in seen.images)
