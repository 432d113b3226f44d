import numpy as np
import pytest

from fake_reader import line
from ocr_backend.ocr_types import Image, Line, Polygon, RegionFilter, accept_all
from ocr_backend.pipeline.region_ocr import lines_in_region


def grid(height: int = 300, width: int = 400) -> Image:
    """The colour of a pixel is its position: blue is the row, green the column, in steps of two."""
    image = np.zeros((height, width, 3), np.uint8)
    image[:, :, 0] = np.arange(height)[:, None] // 2
    image[:, :, 1] = np.arange(width)[None, :] // 2
    return image


class RecordingReader:
    """Records the images to read, and returns the given lines in turn."""

    def __init__(self, *results: list[Line]) -> None:
        self.images: list[Image] = []
        self._results = list(results)

    def __call__(self, image: Image, region_filter: RegionFilter = accept_all) -> list[Line]:
        self.images.append(image)
        lines = self._results.pop(0) if self._results else []
        return [line for line in lines if region_filter(line.polygon)]


def upright_box(left: float, top: float, right: float, bottom: float) -> Polygon:
    return ((left, top), (right, top), (right, bottom), (left, bottom))


def line_at(left: float, top: float, right: float, bottom: float, text: str = "t") -> Line:
    return Line(upright_box(left, top, right, bottom), text, 0.9)


def test_an_upright_region_is_read_with_a_margin() -> None:
    reader = RecordingReader([line_at(20, 20, 80, 40)])
    assert lines_in_region(reader, grid(), upright_box(100, 50, 160, 70)) == [line_at(20, 20, 80, 40)]
    (crop,) = reader.images
    assert np.array_equal(crop, grid()[30:91, 80:181]), "the region and 20 px on each side"


def test_the_margin_ends_at_the_edge_of_the_image() -> None:
    reader = RecordingReader([line_at(5, 0, 65, 20)])
    assert len(lines_in_region(reader, grid(), upright_box(5, 0, 65, 20))) == 1
    assert np.array_equal(reader.images[0], grid()[0:41, 0:86])


def test_the_margin_of_a_large_region_is_limited() -> None:
    reader = RecordingReader([line_at(70, 70, 200, 200)])
    lines_in_region(reader, grid(), upright_box(100, 100, 300, 250))
    assert np.array_equal(reader.images[0], grid()[36:315, 36:365])


@pytest.mark.parametrize(
    ("detected", "is_kept"),
    [
        pytest.param(line_at(20, 20, 80, 40), True, id="the whole region"),
        pytest.param(line_at(30, 25, 60, 35), True, id="inside"),
        pytest.param(line_at(20, 10, 80, 30), True, id="half of it"),
        pytest.param(line_at(20, 5, 80, 29), False, id="less than half"),
        pytest.param(line_at(0, 0, 100, 10), False, id="outside"),
        pytest.param(line_at(30, 30, 30, 30), False, id="no area"),
    ],
)
def test_a_line_is_kept_if_half_of_it_is_in_the_region(detected: Line, is_kept: bool) -> None:
    reader = RecordingReader([detected], [line("alone")])
    assert lines_in_region(reader, grid(), upright_box(100, 50, 160, 70)) == (
        [detected] if is_kept else [line("alone")]
    )


def test_without_lines_the_region_is_read_again_with_a_margin_in_the_colour_of_its_edge() -> None:
    image = np.full((300, 400, 3), 90, np.uint8)
    image[50:71, 100:161] = 200
    image[55:65, 110:150] = 0
    reader = RecordingReader([], [line("alone")])
    assert lines_in_region(reader, image, upright_box(100, 50, 160, 70)) == [line("alone")]
    alone = reader.images[1]
    assert alone.shape == (20 + 32, 60 + 32, 3)
    assert np.array_equal(alone[16:-16, 16:-16], image[50:70, 100:160])
    assert (alone[:16] == 200).all()
    assert (alone[:, -16:] == 200).all()


def test_a_rotated_region_is_read_upright() -> None:
    # the text runs downwards along x = 250, its lower side to the left
    reader = RecordingReader([line_at(20, 20, 80, 40)])
    assert len(lines_in_region(reader, grid(), ((250, 100), (250, 160), (230, 160), (230, 100)))) == 1
    (crop,) = reader.images
    assert crop.shape == (60, 100, 3)
    assert crop[30, 25].tolist() == pytest.approx([105 / 2, 240 / 2, 0], abs=1.5)
    assert crop[30, 75].tolist() == pytest.approx([155 / 2, 240 / 2, 0], abs=1.5)
    assert crop[22, 50].tolist() == pytest.approx([130 / 2, 248 / 2, 0], abs=1.5)


def test_a_rotated_region_beyond_the_edge_goes_on_in_the_colour_of_the_edge() -> None:
    reader = RecordingReader([], [])
    white = np.full((300, 400, 3), 255, np.uint8)
    lines_in_region(reader, white, ((-10, 40), (40, -10), (60, 10), (10, 60)))
    assert all((image == 255).all() for image in reader.images)


@pytest.mark.parametrize(
    "polygon",
    [
        pytest.param(upright_box(5, 5, 5, 5), id="a point"),
        pytest.param(upright_box(400, 300, 400, 300), id="the last corner"),
        pytest.param(upright_box(5, 5, 50, 5), id="a horizontal line"),
        pytest.param(((5, 5), (50, 50), (50, 50), (5, 5)), id="a diagonal line"),
        pytest.param(((-50, -50), (-10, -20), (-20, 10), (-60, -20)), id="rotated, outside"),
    ],
)
def test_a_region_without_area_is_read_too(polygon: Polygon) -> None:
    reader = RecordingReader()
    assert lines_in_region(reader, grid(), polygon) == []
    assert len(reader.images) == 2
    assert all(image.size and image.dtype == np.uint8 for image in reader.images)


def test_a_narrow_vertical_region_gets_a_narrow_margin() -> None:
    reader = RecordingReader([], [])
    lines_in_region(reader, grid(3000, 8), upright_box(0, 0, 8, 3000))
    assert reader.images[1].shape == (3000 + 32, 8 + 32, 3)


def test_a_region_longer_than_any_line_is_neither_rotated_nor_read_again() -> None:
    reader = RecordingReader([])
    assert lines_in_region(reader, grid(8, 40_000), ((100, 0), (39_000, 4), (39_000, 7), (100, 3))) == []
    (crop,) = reader.images
    assert crop.shape[0] <= 8


def test_a_region_far_outside_is_read_at_the_edge() -> None:
    reader = RecordingReader([], [])
    lines_in_region(reader, grid(), ((-1e9, 1e9),) * 4)
    assert all(min(crop.shape) > 0 for crop in reader.images)
