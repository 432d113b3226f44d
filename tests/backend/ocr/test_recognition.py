"""Recognition: crops, batches and decoding, with numbers calculated by hand."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as trials
from hypothesis import strategies as st

from ocr_backend.models.model_folder import Model
from ocr_backend.ocr import recognition
from ocr_backend.ocr.detection import TextBox

IMAGE = np.random.default_rng(7).integers(0, 256, (120, 200, 3), np.uint8)


def box(*corners):
    return np.array(corners, np.int32)


def test_an_upright_box_is_cropped_exactly():
    crop = recognition.crop(IMAGE, box((10, 20), (50, 20), (50, 40), (10, 40)))
    assert np.array_equal(crop.image, IMAGE[20:40, 10:50])
    assert crop.corners == ((10, 20), (50, 20), (50, 40), (10, 40))


def test_a_margin_is_cropped_too_but_is_not_part_of_the_line():
    crop = recognition.crop(IMAGE, box((10, 20), (50, 20), (50, 40), (10, 40)), 3)
    assert np.array_equal(crop.image, IMAGE[17:43, 7:53])
    assert crop.corners == ((10, 20), (50, 20), (50, 40), (10, 40))


def test_a_margin_ends_at_the_edge_of_the_image():
    crop = recognition.crop(IMAGE, box((0, 0), (50, 0), (50, 20), (0, 20)), 3)
    assert np.array_equal(crop.image, IMAGE[0:23, 0:53])


def test_a_slanted_line_at_the_edge_goes_on_in_the_colour_of_the_edge():
    """Black corners would be read as part of the first or last letter."""
    crop = recognition.crop(np.full((120, 200, 3), 255, np.uint8), box((0, 0), (60, 30), (51, 48), (-9, 18)))
    assert (crop.image == 255).all()


BOX_WITH_MARGIN = TextBox(box((10, 20), (50, 20), (50, 40), (10, 40)), 3)


def test_a_line_that_needs_a_margin_can_be_read_without_it_too():
    line = recognition.crop_line(IMAGE, BOX_WITH_MARGIN, needs_margin=True)
    assert np.array_equal(line.image, IMAGE[17:43, 7:53])
    assert np.array_equal(line.other, IMAGE[20:40, 10:50])
    assert line.corners == ((10, 20), (50, 20), (50, 40), (10, 40))
    assert np.array_equal(recognition.flipped(line).other, IMAGE[39:19:-1, 49:9:-1])


def test_a_line_that_needs_no_margin_has_a_single_crop():
    line = recognition.crop_line(IMAGE, BOX_WITH_MARGIN, needs_margin=False)
    assert np.array_equal(line.image, IMAGE[20:40, 10:50])
    assert line.other is None


def test_only_unsure_lines_are_read_again():
    wide = recognition.crop_line(IMAGE, BOX_WITH_MARGIN, needs_margin=True)
    single = recognition.crop_line(IMAGE, BOX_WITH_MARGIN, needs_margin=False)
    results = [("sure", 0.98), ("unsure", 0.97), ("single", 0.5), ("", 0.0)]
    assert list(recognition.other_crops([wide, wide, single, wide], results)) == [1, 3]


def test_a_tall_box_is_rotated_and_starts_at_the_top_right():
    crop = recognition.crop(IMAGE, box((10, 20), (30, 20), (30, 50), (10, 50)))
    assert np.array_equal(crop.image, np.rot90(IMAGE[20:50, 10:30]))
    assert crop.corners == ((30, 20), (30, 50), (10, 50), (10, 20))


def test_a_box_less_than_1_5_times_as_tall_as_wide_is_horizontal():
    crop = recognition.crop(IMAGE, box((10, 20), (30, 20), (30, 49), (10, 49)))
    assert crop.image.shape == (29, 20, 3)


def test_a_box_without_area_has_no_crop():
    assert recognition.crop(IMAGE, box((10, 20), (50, 20), (50, 20), (10, 20))) is None


def test_a_slanted_line_is_horizontal_in_its_crop():
    """A white bar drawn along a diagonal fills its crop."""
    import cv2

    image = np.zeros((120, 200, 3), np.uint8)
    bar = box((40, 30), (140, 80), (131, 98), (31, 48))  # 112 x 20 px
    cv2.fillPoly(image, [bar], (255, 255, 255))
    crop = recognition.crop(image, bar)
    assert crop.corners == ((40, 30), (140, 80), (131, 98), (31, 48))
    height, width = crop.image.shape[:2]
    assert (height, width) == (pytest.approx(20, abs=1), pytest.approx(112, abs=1))
    assert crop.image[3:-3, 3:-3].min() > 200


def test_a_flipped_line_is_rotated_and_starts_at_the_other_end():
    line = recognition.Crop(IMAGE[:10, :40], ((0, 0), (40, 0), (40, 10), (0, 10)))
    flipped = recognition.flipped(line)
    assert np.array_equal(flipped.image, IMAGE[9::-1, 39::-1])
    assert flipped.corners == ((40, 10), (0, 10), (0, 0), (40, 0))


def crops(*widths, height=48):
    return [np.zeros((height, width, 3), np.uint8) for width in widths]


def test_crops_of_similar_width_share_a_batch():
    batches = recognition.batches(crops(100, 300, 105, 111, 110), 8)
    # 100 .. 110 is a ratio of 1.1; 111 begins a batch of its own. Widths go up to the next 8 px.
    assert [(batch.indices, batch.width) for batch in batches] == [((0, 2, 4), 112), ((3,), 112), ((1,), 304)]


def test_a_batch_has_at_most_eight_crops():
    assert [len(batch.indices) for batch in recognition.batches(crops(*[60] * 19), 8)] == [8, 8, 3]


def test_a_batch_of_wide_crops_has_fewer():
    assert [len(batch.indices) for batch in recognition.batches(crops(*[3200] * 5), 8)] == [2, 2, 1]


@pytest.mark.parametrize(
    ("shape", "width"),
    [
        pytest.param((48, 320), 320, id="as it is"),
        pytest.param((24, 100), 200, id="enlarged"),
        pytest.param((100, 10), 48, id="narrow"),
        pytest.param((10, 5000), 3200, id="squeezed"),
    ],
)
def test_the_width_is_scaled_to_a_height_of_48_px(shape, width):
    (batch,) = recognition.batches([np.zeros((*shape, 3), np.uint8)], 8)
    assert batch.width == width
    line = np.zeros((*shape, 3), np.uint8)
    assert recognition.network_input([line], batch.width).shape == (1, 3, 48, width)


@trials(deadline=None)
@given(st.lists(st.tuples(st.integers(1, 300), st.integers(1, 4000)), max_size=60))
def test_every_crop_is_in_one_batch_of_similar_width(sizes):
    images = [np.broadcast_to(np.uint8(0), (*size, 3)) for size in sizes]
    batches = recognition.batches(images, 8)
    assert sorted(index for batch in batches for index in batch.indices) == list(range(len(sizes)))
    for batch in batches:
        narrowest = min(recognition.batches([images[index]], 8)[0].width for index in batch.indices)
        assert batch.width <= 1.1 * narrowest + 8


def test_pixels_become_minus_1_to_1_and_the_padding_is_0():
    line = np.zeros((48, 10, 3), np.uint8)
    line[:, :, 2] = 255
    batch = recognition.network_input([line], 16)
    assert batch[0, :, 0, :10].T.tolist() == [[-1, -1, 1]] * 10
    assert not batch[:, :, :, 10:].any()


@pytest.mark.parametrize(
    ("name", "needs_margin"), [("PP-OCRv6_small_rec", True), ("PP-OCRv5_mobile_rec", False)]
)
def test_the_recognisers_of_one_version_need_a_margin(name, needs_margin):
    assert recognition.needs_margin(Model("recognition", name, "onnx", Path(), {}, "")) == needs_margin


def decoder(dictionary, name="PP-OCRv6_small_rec"):
    config = {"PostProcess": {"character_dict": dictionary}}
    return recognition.Decoder(Model("recognition", name, "onnx", Path(), config, ""))


def steps(*labels, classes=5, probability=0.9):
    """The output for one line: each step has one label with this probability; the others share the rest."""
    rest = (1 - probability) / (classes - 1)
    output = np.full((1, len(labels), classes), rest, np.float32)
    for step, label in enumerate(labels):
        output[0, step, label] = probability
    return output


@pytest.mark.parametrize(
    ("labels", "text"),
    [
        pytest.param([1, 2, 3], "abc", id="one step each"),
        pytest.param([1, 1, 0, 2, 2], "ab", id="repeats are merged"),
        pytest.param([1, 0, 1], "aa", id="a blank separates repeats"),
        pytest.param([0, 0], "", id="only blanks"),
        pytest.param([1, 4, 2], "a b", id="the last class is the space"),
    ],
)
def test_steps_are_decoded_to_text(labels, text):
    assert decoder(["a", "b", "c"])(steps(*labels))[0][0] == text


def test_the_score_is_the_mean_of_the_characters():
    output = np.concatenate(
        [
            steps(1, probability=0.9),
            steps(1, probability=0.5),
            steps(0, probability=0.99),
            steps(2, probability=0.7),
        ],
        1,
    )
    ((text, score),) = decoder(["a", "b", "c"])(output)
    assert text == "ab"
    assert score == pytest.approx((0.9 + 0.7) / 2)  # the repeat and the blank do not count


def test_an_empty_text_has_the_score_0():
    assert decoder(["a", "b", "c"])(steps(0)) == [("", 0.0)]


def test_arabic_is_stored_in_reading_order():
    # From left to right, a line shows its last letter first; its digits run from left to right.
    visual = ["م", "ا", "ل", "س"]
    ((text, _),) = decoder([*visual, "1", "2"], "arabic_PP-OCRv5_mobile_rec")(steps(1, 2, 3, 4, classes=8))
    assert text == "سلام"
    ((mixed, _),) = decoder([*visual, "1", "2"], "arabic_PP-OCRv5_mobile_rec")(
        steps(5, 6, 7, 1, 2, classes=8)
    )
    assert mixed == "ام 12"


def test_latin_is_not_reordered():
    assert decoder(["a", "b", "c"], "latin_PP-OCRv5_mobile_rec")(steps(1, 2, 3))[0][0] == "abc"


@pytest.mark.parametrize(
    ("config", "output_shape", "problem"),
    [
        pytest.param({}, ("n", "steps", 5), None, id="fits"),
        pytest.param({}, ("n", "steps", "classes"), None, id="symbolic"),
        pytest.param({}, (), None, id="unknown"),
        pytest.param(
            {},
            (1, 1, "height", "width"),
            "the network is not a recogniser: its output has 4 axes, not 3",
            id="a detector",
        ),
        pytest.param(
            {},
            ("n", "steps", 6),
            "the network has 6 classes, but its dictionary has 5",
            id="other dictionary",
        ),
        pytest.param(
            {"PreProcess": {"transform_ops": [{"RecResizeImg": {"image_shape": [3, 32, 320]}}]}},
            ("n", "steps", 5),
            "the network needs images of [3, 32, 320], not of 3 x 48 x any width",
            id="other height",
        ),
    ],
)
def test_a_network_that_does_not_fit_its_description_is_refused(config, output_shape, problem):
    assert recognition.shape_problem(config, 5, output_shape) == problem
