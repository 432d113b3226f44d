"""The tests' own look at screenshots, on images that are drawn here."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from turned_lines import HEIGHT, WIDTH, Line, covered_ink, drawn, image_in, shapes_over

LINES = {"Total 1250 EUR": Line((400, 300), 30), "Invoice 4711": Line((800, 600), 90)}


def tinted(corners: list[tuple[float, float]]) -> np.ndarray:
    """The image with one polygon in green over it, as a page shows it."""
    image_path = drawn(LINES)
    over = Image.new("RGBA", image_path.size)
    ImageDraw.Draw(over).polygon(corners, (0, 128, 0, 51), (0, 128, 0, 255))
    return np.asarray(Image.alpha_composite(image_path.convert("RGBA"), over).convert("RGB"))


def test_a_line_is_drawn_where_it_is_said_to_be() -> None:
    ink = np.asarray(drawn({"Invoice 4711": LINES["Invoice 4711"]})).max(axis=2) < 100
    down, across = np.nonzero(ink)
    assert (across.min() + across.max()) / 2 == pytest.approx(800, abs=3)
    assert (down.min() + down.max()) / 2 == pytest.approx(600, abs=3)
    assert np.ptp(down) > 5 * np.ptp(across)


def test_the_image_is_found_in_a_screenshot_at_its_own_size() -> None:
    screen = Image.new("RGB", (1400, 1000), "gray")
    image_path = drawn(LINES)
    screen.paste(image_path.resize((WIDTH * 7 // 10, HEIGHT * 7 // 10), Image.Resampling.LANCZOS), (250, 100))
    found = image_in(np.asarray(screen))
    assert np.abs(found.astype(int) - np.asarray(image_path)).mean() < 2


@pytest.mark.parametrize("marks", [0, 1, 3])
def test_a_screenshot_without_the_marks_is_refused(marks: int) -> None:
    screen = Image.new("RGB", (300, 100))
    for place in range(marks):
        screen.paste("magenta", (100 * place, 0, 100 * place + 16, 16))
    with pytest.raises(ValueError, match=f"^{marks} marks"):
        image_in(np.asarray(screen))


@pytest.mark.parametrize(
    ("corners", "degrees"),
    [
        pytest.param([(100, 200), (300, 200), (300, 240), (100, 240)], 0, id="level"),
        pytest.param([(300, 500), (300, 700), (260, 700), (260, 500)], 90, id="upright"),
        pytest.param([(100, 100), (200, 200), (180, 220), (80, 120)], 45, id="downwards"),
        pytest.param([(100, 300), (200, 200), (220, 220), (120, 320)], 135, id="upwards"),
    ],
)
def test_a_shape_is_measured_with_its_angle(corners: list[tuple[float, float]], degrees: float) -> None:
    (shape,) = shapes_over(tinted(corners))
    assert shape.centre == pytest.approx(np.mean(corners, axis=0), abs=1)
    turned = (shape.degrees - degrees + 90) % 180 - 90
    assert turned == pytest.approx(0, abs=1)
    assert (shape.long, shape.short) == pytest.approx(
        (np.hypot(*np.subtract(corners[1], corners[0])), np.hypot(*np.subtract(corners[2], corners[1]))),
        abs=3,
    )


def test_ink_counts_as_covered_where_the_tint_lies_over_it() -> None:
    assert covered_ink(np.asarray(drawn(LINES))) == 0
    assert covered_ink(tinted([(0, 0), (WIDTH, 0), (WIDTH, HEIGHT), (0, HEIGHT)])) > 0.98
    assert 0.3 < covered_ink(tinted([(600, 0), (WIDTH, 0), (WIDTH, HEIGHT), (600, HEIGHT)])) < 0.7
