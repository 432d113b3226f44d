"""Recognition: crops, batches and decoding, with numbers worked out by hand."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as trials
from hypothesis import strategies as st

from ocr_backend.models.model_folder import Model
from ocr_backend.ocr import recognition

IMAGE = np.random.default_rng(7).integers(0, 256, (120, 200, 3), np.uint8)


def box(*corners):
    return np.array(corners, np.int32)


def test_an_upright_box_is_cut_out_px_by_px():
    crop = recognition.crop(IMAGE, box((10, 20), (50, 20), (50, 40), (10, 40)))
    assert np.array_equal(crop.image, IMAGE[20:40, 10:50])
    assert crop.corners == ((10, 20), (50, 20), (50, 40), (10, 40))


def test_a_tall_box_is_laid_on_its_left_side_and_begins_at_the_top_right():
    crop = recognition.crop(IMAGE, box((10, 20), (30, 20), (30, 50), (10, 50)))
    assert np.array_equal(crop.image, np.rot90(IMAGE[20:50, 10:30]))
    assert crop.corners == ((30, 20), (30, 50), (10, 50), (10, 20))


def test_a_box_not_half_as_tall_again_as_wide_is_read_across():
    crop = recognition.crop(IMAGE, box((10, 20), (30, 20), (30, 49), (10, 49)))
    assert crop.image.shape == (29, 20, 3)


def test_a_box_without_area_has_no_crop():
    assert recognition.crop(IMAGE, box((10, 20), (50, 20), (50, 20), (10, 20))) is None


def test_a_slanting_line_lies_level():
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


def test_upside_down_is_the_other_way_up_and_begins_at_the_end():
    line = recognition.Crop(IMAGE[:10, :40], ((0, 0), (40, 0), (40, 10), (0, 10)))
    turned = recognition.upside_down(line)
    assert np.array_equal(turned.image, IMAGE[9::-1, 39::-1])
    assert turned.corners == ((40, 10), (0, 10), (0, 0), (40, 0))


def crops(*widths, height=48):
    return [np.zeros((height, width, 3), np.uint8) for width in widths]


def test_crops_of_like_width_share_a_batch():
    made = recognition.batches(crops(100, 300, 105, 111, 110), 8)
    # 100 .. 110 is a ratio of 1.1; 111 begins a batch of its own. Widths go up to the next 8 px.
    assert [(batch.indices, batch.width) for batch in made] == [((0, 2, 4), 112), ((3,), 112), ((1,), 304)]


def test_a_batch_has_no_more_than_eight():
    assert [len(batch.indices) for batch in recognition.batches(crops(*[60] * 19), 8)] == [8, 8, 3]


def test_a_batch_of_wide_lines_has_fewer():
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
def test_the_width_is_that_at_48_px_of_height(shape, width):
    (batch,) = recognition.batches([np.zeros((*shape, 3), np.uint8)], 8)
    assert batch.width == width
    line = np.zeros((*shape, 3), np.uint8)
    assert recognition.network_input([line], batch.width).shape == (1, 3, 48, width)


@trials(deadline=None)
@given(st.lists(st.tuples(st.integers(1, 300), st.integers(1, 4000)), max_size=60))
def test_every_crop_is_in_one_batch_of_like_width(sizes):
    images = [np.broadcast_to(np.uint8(0), (*size, 3)) for size in sizes]
    made = recognition.batches(images, 8)
    assert sorted(index for batch in made for index in batch.indices) == list(range(len(sizes)))
    for batch in made:
        narrowest = min(recognition.batches([images[index]], 8)[0].width for index in batch.indices)
        assert batch.width <= 1.1 * narrowest + 8


def test_px_become_minus_1_to_1_and_the_rest_is_0():
    line = np.zeros((48, 10, 3), np.uint8)
    line[:, :, 2] = 255
    batch = recognition.network_input([line], 16)
    assert batch[0, :, 0, :10].T.tolist() == [[-1, -1, 1]] * 10
    assert not batch[:, :, :, 10:].any()


def decoder(dictionary, name="PP-OCRv6_small_rec"):
    config = {"PostProcess": {"character_dict": dictionary}}
    return recognition.Decoder(Model("recognition", name, "onnx", Path(), config, ""))


def steps(*best, classes=5, sure=0.9):
    """Probabilities of one line: the best class of each step with `sure`, the rest shared out."""
    rest = (1 - sure) / (classes - 1)
    answer = np.full((1, len(best), classes), rest, np.float32)
    for step, label in enumerate(best):
        answer[0, step, label] = sure
    return answer


@pytest.mark.parametrize(
    ("best", "text"),
    [
        pytest.param([1, 2, 3], "abc", id="one step each"),
        pytest.param([1, 1, 0, 2, 2], "ab", id="repeats are one"),
        pytest.param([1, 0, 1], "aa", id="a blank between makes two"),
        pytest.param([0, 0], "", id="only blanks"),
        pytest.param([1, 4, 2], "a b", id="the last class is the space"),
    ],
)
def test_steps_become_text(best, text):
    assert decoder(["a", "b", "c"])(steps(*best))[0][0] == text


def test_the_score_is_the_mean_of_the_characters_alone():
    answer = np.concatenate(
        [steps(1, sure=0.9), steps(1, sure=0.5), steps(0, sure=0.99), steps(2, sure=0.7)], 1
    )
    ((text, score),) = decoder(["a", "b", "c"])(answer)
    assert text == "ab"
    assert score == pytest.approx((0.9 + 0.7) / 2)  # the repeat and the blank do not count


def test_no_text_has_the_score_0():
    assert decoder(["a", "b", "c"])(steps(0)) == [("", 0.0)]


def test_arabic_is_stored_in_the_order_of_reading():
    # Drawn from left to right a line shows its last letter first; digits run from left to right in it.
    seen = ["م", "ا", "ل", "س"]
    ((text, _),) = decoder([*seen, "1", "2"], "arabic_PP-OCRv5_mobile_rec")(steps(1, 2, 3, 4, classes=8))
    assert text == "سلام"
    ((mixed, _),) = decoder([*seen, "1", "2"], "arabic_PP-OCRv5_mobile_rec")(steps(5, 6, 7, 1, 2, classes=8))
    assert mixed == "ام 12"


def test_latin_is_left_as_it_is():
    assert decoder(["a", "b", "c"], "latin_PP-OCRv5_mobile_rec")(steps(1, 2, 3))[0][0] == "abc"


@pytest.mark.parametrize(
    ("config", "answer", "problem"),
    [
        pytest.param({}, ("n", "steps", 5), None, id="fits"),
        pytest.param({}, ("n", "steps", "classes"), None, id="symbolic"),
        pytest.param({}, (), None, id="nothing is known"),
        pytest.param(
            {},
            (1, 1, "height", "width"),
            "the network reads no lines: its answer has 4 axes, a recogniser's 3",
            id="a detector",
        ),
        pytest.param(
            {}, ("n", "steps", 6), "the network knows 6 classes, its dictionary 5", id="other dictionary"
        ),
        pytest.param(
            {"PreProcess": {"transform_ops": [{"RecResizeImg": {"image_shape": [3, 32, 320]}}]}},
            ("n", "steps", 5),
            "it wants images of [3, 32, 320], not of 3 x 48 x any width",
            id="other height",
        ),
    ],
)
def test_a_network_that_does_not_fit_its_folder_is_named(config, answer, problem):
    assert recognition.shape_problem(config, 5, answer) == problem
