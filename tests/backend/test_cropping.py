import numpy as np
import pytest

from ocr_backend.cropping import piece


def grid(height: int = 60, width: int = 100) -> np.ndarray:
    """Each pixel tells its place: blue is the row, green the column."""
    image = np.zeros((height, width, 3), np.uint8)
    image[:, :, 0] = np.arange(height)[:, None]
    image[:, :, 1] = np.arange(width)[None, :]
    return image


def without_margin(cut: np.ndarray, margin: int = 16) -> np.ndarray:
    return cut[margin:-margin, margin:-margin]


def test_a_level_box_is_cut_out_exactly() -> None:
    cut = without_margin(piece(grid(), ((10, 20), (40, 20), (40, 30), (10, 30))))
    assert np.array_equal(cut, grid()[20:30, 10:40])


def test_a_turned_box_is_cut_out_upright() -> None:
    # reads downwards along x = 50, its lower side to the left
    cut = without_margin(piece(grid(), ((50, 10), (50, 40), (30, 40), (30, 10))))
    assert cut.shape == (20, 30, 3)
    along, down = cut[10, 2:-2, 0].astype(int), cut[2:-2, 15, 1].astype(int)
    assert (np.diff(along) > 0).all(), "the row grows along the text"
    assert (np.diff(down) < 0).all(), "the column falls below the text"


def test_the_margin_has_the_colour_of_the_edge_and_half_the_height() -> None:
    image = np.full((200, 300, 3), 200, np.uint8)
    image[80:120, 100:200] = 0
    cut = piece(image, ((50, 50), (250, 50), (250, 150), (50, 150)))
    assert cut.shape == (200, 300, 3)
    assert (cut[:50] == 200).all()


@pytest.mark.parametrize(
    "polygon",
    [
        pytest.param(((5, 5), (5, 5), (5, 5), (5, 5)), id="a point"),
        pytest.param(((100, 60), (100, 60), (100, 60), (100, 60)), id="the last corner"),
        pytest.param(((5, 5), (50, 5), (50, 5), (5, 5)), id="a level line"),
        pytest.param(((5, 5), (50, 50), (50, 50), (5, 5)), id="a turned line"),
        pytest.param(((-50, -50), (-10, -20), (-20, 10), (-60, -20)), id="turned, outside"),
    ],
)
def test_a_box_without_area_gives_a_small_piece(polygon) -> None:
    cut = piece(grid(), polygon)
    assert min(cut.shape[:2]) > 32
    assert cut.dtype == np.uint8
