"""The tests' own analysis of screenshots, checked with drawn images."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from rotated_lines import HEIGHT, WIDTH, Line, covered_ink, drawn, image_in, shapes_over

LINES = {"Total 1250 EUR": Line((400, 300), 30), "Invoice 4711": Line((800, 600), 90)}


def tinted(corners: list[tuple[float, float]]) -> np.ndarray:
    """The image under a green polygon, as the labeling page shows it."""
    image = drawn(LINES)
    overlay = Image.new("RGBA", image.size)
    ImageDraw.Draw(overlay).polygon(corners, (0, 128, 0, 51), (0, 128, 0, 255))
    return np.asarray(Image.alpha_composite(image.convert("RGBA"), overlay).convert("RGB"))


def test_a_line_is_drawn_at_its_position() -> None:
    ink = np.asarray(drawn({"Invoice 4711": LINES["Invoice 4711"]})).max(axis=2) < 100
    down, across = np.nonzero(ink)
    assert (across.min() + across.max()) / 2 == pytest.approx(800, abs=3)
    assert (down.min() + down.max()) / 2 == pytest.approx(600, abs=3)
    assert np.ptp(down) > 5 * np.ptp(across)


def test_the_image_is_cut_from_a_screenshot_at_its_size() -> None:
    screen = Image.new("RGB", (1400, 1000), "gray")
    image = drawn(LINES)
    screen.paste(image.resize((WIDTH * 7 // 10, HEIGHT * 7 // 10), Image.Resampling.LANCZOS), (250, 100))
    cut = image_in(np.asarray(screen))
    assert np.abs(cut.astype(int) - np.asarray(image)).mean() < 2


@pytest.mark.parametrize("marks", [0, 1, 3])
def test_a_screenshot_without_the_marks_is_refused(marks: int) -> None:
    screen = Image.new("RGB", (300, 100))
    for number in range(marks):
        screen.paste("magenta", (100 * number, 0, 100 * number + 16, 16))
    with pytest.raises(ValueError, match=f"^the screenshot shows {marks} marks, not 2$"):
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
    angle_error = (shape.degrees - degrees + 90) % 180 - 90
    assert angle_error == pytest.approx(0, abs=1)
    assert (shape.long, shape.short) == pytest.approx(
        (np.hypot(*np.subtract(corners[1], corners[0])), np.hypot(*np.subtract(corners[2], corners[1]))),
        abs=3,
    )


def test_ink_under_the_tint_counts_as_covered() -> None:
    assert covered_ink(np.asarray(drawn(LINES))) == 0
    assert covered_ink(tinted([(0, 0), (WIDTH, 0), (WIDTH, HEIGHT), (0, HEIGHT)])) > 0.98
    assert 0.3 < covered_ink(tinted([(600, 0), (WIDTH, 0), (WIDTH, HEIGHT), (600, HEIGHT)])) < 0.7
