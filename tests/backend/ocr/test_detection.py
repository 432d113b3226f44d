"""Detection: sizes, normalisation and boxes, with numbers calculated by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as trials
from hypothesis import strategies as st

from ocr_backend.ocr import detection


@pytest.mark.parametrize(
    ("image_size", "input_size"),
    [
        pytest.param((640, 960), (640, 960), id="multiples of 32 stay"),
        pytest.param((650, 970), (640, 960), id="rounded to the nearest"),
        pytest.param((1349, 1080), (1344, 1088), id="full size"),
        pytest.param((30, 700), (64, 1504), id="short side to 64"),  # 700 * 64 / 30 = 1493
        pytest.param((5000, 2500), (4000, 1984), id="long side to 4000"),  # 2000 / 32 = 62.5, to even
        pytest.param((1, 1), (64, 64), id="one px, padded to 32"),
        pytest.param((1, 5000), (32, 4000), id="very wide"),
        pytest.param((5000, 1), (4000, 32), id="very tall"),
    ],
)
def test_the_networks_input_has_about_the_size_of_the_image(image_size, input_size):
    assert detection.network_size(*image_size) == input_size


@trials(deadline=None)
@given(st.integers(1, 100_000), st.integers(1, 100_000))
def test_every_size_is_a_multiple_of_32_within_limits(height, width):
    for side in detection.network_size(height, width):
        assert 32 <= side <= detection.MAX_SIDE_PX
        assert side % 32 == 0


@pytest.mark.parametrize("shape", [(1, 1), (5, 40), (64, 64), (1, 5000), (33, 65)])
def test_the_image_for_the_network_has_the_networks_size(shape):
    resized = detection.network_image(np.zeros((*shape, 3), np.uint8))
    assert resized.shape == (*detection.network_size(*shape), 3)


def test_a_tiny_image_keeps_its_px_in_the_corner():
    image = np.full((8, 8, 3), 255, np.uint8)
    resized = detection.network_image(image)
    assert resized.shape == (64, 64, 3)  # padded to 32 x 32, then doubled
    assert resized[2, 2].tolist() == [255, 255, 255]
    assert resized[40, 40].tolist() == [0, 0, 0]


def test_levels_are_normalised_channel_by_channel():
    normalise = {"mean": [0.5, 0.25, 0.0], "std": [0.5, 0.25, 1.0]}
    config = {"PreProcess": {"transform_ops": [{"ToCHWImage": None}, {"NormalizeImage": normalise}]}}
    image = np.array([[[0, 51, 255]]], np.uint8)
    answer = detection.Normalisation(config)(image)
    assert answer.shape == (1, 3, 1, 1)
    assert answer.dtype == np.float32
    assert answer.ravel() == pytest.approx([-1.0, (0.2 - 0.25) / 0.25, 1.0], abs=1e-6)


def test_levels_are_normalised_as_for_imagenet_by_default():
    image = np.full((1, 1, 3), 255, np.uint8)
    answer = detection.Normalisation({})(image).ravel()
    assert answer == pytest.approx([(1 - 0.485) / 0.229, (1 - 0.456) / 0.224, (1 - 0.406) / 0.225], abs=1e-5)


def output_with(*cores, level=1.0, size=(64, 64)):
    """The output for text in rectangles: left, top, right, bottom, all inclusive."""
    probabilities = np.zeros(size, np.float32)
    for left, top, right, bottom in cores:
        probabilities[top : bottom + 1, left : right + 1] = level
    return probabilities


def corners(boxes):
    return [text_box.box.tolist() for text_box in boxes]


def test_a_core_grows_by_area_times_1_5_over_perimeter():
    # 39 x 9 px: 351 * 1.5 / 96 = 5.48 on each side; Clipper rounds 4.52 to 5, 54.48 to 54, ...
    boxes = detection.boxes(output_with((10, 20, 49, 29)), 64, 64)
    assert corners(boxes) == [[[5, 15], [54, 15], [54, 34], [5, 34]]]


def test_recognition_needs_a_margin_of_a_fifth_of_that():
    (text_box,) = detection.boxes(output_with((10, 20, 49, 29)), 128, 64)
    assert text_box.margin == pytest.approx(351 * 0.3 / 96)


def test_text_within_a_ring_of_text_has_a_box_of_its_own():
    """As in stamps and seals, and in the borders of letters."""
    probabilities = output_with((4, 4, 123, 123), size=(128, 128))
    probabilities[16:112, 16:112] = 0
    probabilities[60:68, 40:88] = 1
    assert corners(detection.boxes(probabilities, 128, 128)) == [[[34, 55], [91, 55], [91, 72], [34, 72]]]


def test_a_line_is_bounded_where_the_network_is_a_third_sure():
    """Faint ends of a line belong to it, and its mean probability decides about the box."""
    probabilities = output_with((10, 20, 49, 29), level=0.62)
    assert len(detection.boxes(probabilities, 64, 64)) == 1
    wider = output_with((5, 20, 54, 29), level=0.35)
    wider[20:30, 10:50] = 0.9
    assert corners(detection.boxes(wider, 64, 64)) == corners(
        detection.boxes(output_with((5, 20, 54, 29)), 64, 64)
    )


def test_boxes_are_in_px_of_the_image():
    boxes = detection.boxes(output_with((10, 20, 49, 29)), 128, 32)
    # Half of 5 is 2.5 and rounds to the even 2.
    assert corners(boxes) == [[[2, 30], [27, 30], [27, 68], [2, 68]]]


def test_boxes_are_clipped_to_the_image():
    boxes = detection.boxes(output_with((0, 0, 63, 30)), 64, 64)
    assert np.array(corners(boxes)).min() == 0
    assert np.array(corners(boxes))[:, :, 0].max() == 64


@pytest.mark.parametrize(
    "probabilities",
    [
        pytest.param(output_with(), id="nothing"),
        pytest.param(output_with((10, 20, 49, 29), level=0.59), id="probability too low for a box"),
        pytest.param(output_with((10, 20, 49, 29), level=0.3), id="probability too low for text"),
        pytest.param(output_with((10, 20, 49, 22)), id="too thin"),  # 2 px from centre to centre
        pytest.param(output_with((10, 20, 10, 20)), id="a dot"),
    ],
)
def test_what_is_not_a_text_line_has_no_box(probabilities):
    assert detection.boxes(probabilities, 64, 64) == []


def test_a_dense_page_has_more_boxes_than_paddlex_allows():
    cores = [(x, y, x + 5, y + 5) for x in range(4, 640, 16) for y in range(4, 640, 16)]
    assert len(cores) == 1600
    assert len(detection.boxes(output_with(*cores, size=(640, 640)), 640, 640)) == 1600


@pytest.mark.parametrize(
    "unordered",
    [
        [(5, 5), (9, 5), (9, 7), (5, 7)],
        [(9, 7), (5, 7), (5, 5), (9, 5)],
        [(5, 7), (9, 5), (5, 5), (9, 7)],
    ],
)
def test_corners_are_ordered_clockwise_from_the_top_left(unordered):
    ordered = detection.clockwise(np.array(unordered, np.float32))
    assert ordered.tolist() == [[5, 5], [9, 5], [9, 7], [5, 7]]
