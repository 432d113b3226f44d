"""Mapping from a flattened page back to the original, which was warped by a known curve."""

import cv2
import numpy as np
import pytest

from ocr_backend.ocr import paddle_reader
from ocr_backend.ocr.dewarp_mapping import DewarpMapping

WORDS = ["invoice", "total", "amount", "paid", "date", "number", "customer", "street", "received"] * 4


def corner(index):
    """Left end of a word's baseline."""
    return 60 + index % 3 * 270, 60 + index // 3 * 50


def word_box(index):
    (width, height), _ = cv2.getTextSize(WORDS[index], cv2.FONT_HERSHEY_SIMPLEX, 0.8, 2)
    left, foot = corner(index)
    return ((left, foot - height), (left + width, foot - height), (left + width, foot), (left, foot))


@pytest.fixture
def page():
    """A white page with words, as `(700, 900, 3)`."""
    image = np.full((700, 900, 3), 255, np.uint8)
    for index, word in enumerate(WORDS):
        cv2.putText(image, word, corner(index), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (0, 0, 0), 2)
    return image


def warp(flattened, depth):
    """The page warped by a half wave: a px at (x, y) moves down by `depth * sin(...)` px."""
    height, width = flattened.shape[:2]
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    offset = (depth * np.sin(np.pi * xs / width)).astype(np.float32)
    paper = (255, 255, 255)
    return cv2.remap(
        flattened, xs, ys - offset, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=paper
    )


@pytest.mark.parametrize("depth", [0, 10, 40])
def test_the_boxes_of_words_are_mapped_to_the_original(page, depth):
    mapping = DewarpMapping(page, warp(page, depth))
    errors = []
    for index in range(len(WORDS)):
        expected = [(x, y + depth * np.sin(np.pi * x / 900)) for x, y in word_box(index)]
        errors.append(np.abs(np.array(mapping.to_original(word_box(index))) - expected).max())
    assert np.median(errors) < 4
    assert max(errors) < 15


def test_lines_lie_on_the_page_as_it_was_sent(page):
    """PaddleOCR places lines on the page that it has flattened."""
    texts = {
        "rec_polys": [word_box(index) for index in range(len(WORDS))],
        "rec_texts": WORDS,
        "rec_scores": [0.9] * len(WORDS),
    }
    flattening = {
        "angle": 0,
        "model_settings": {"use_doc_unwarping": True},
        "output_img": page,
        "rot_img": warp(page, 40),
    }
    lines = paddle_reader.lines({**texts, "doc_preprocessor_res": flattening}, 700, 900)
    assert [line.text for line in lines] == WORDS
    errors = [
        np.abs(
            np.array(line.polygon) - [(x, y + 40 * np.sin(np.pi * x / 900)) for x, y in word_box(index)]
        ).max()
        for index, line in enumerate(lines)
    ]
    assert np.median(errors) < 4


def test_the_two_images_may_differ_in_size(page):
    half = cv2.resize(page, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    polygon = tuple((x / 2, y / 2) for x, y in word_box(4))
    assert np.abs(np.array(DewarpMapping(half, page).to_original(polygon)) - np.array(word_box(4))).max() < 3


def test_corners_stay_inside_the_page(page):
    mapping = DewarpMapping(page, warp(page, 40))
    corners = mapping.to_original(((-5, -5), (950, 0), (900, 700), (0, 800)))
    assert all(0 <= x <= 900 and 0 <= y <= 700 for x, y in corners)


@pytest.mark.parametrize("shape", [(1, 1), (1, 3000), (3000, 2), (16, 16)])
def test_a_page_of_any_shape_can_be_compared(shape):
    blank = np.full((*shape, 3), 255, np.uint8)
    first, *_ = DewarpMapping(blank, blank).to_original(((0, 0), (1, 0), (1, 1), (0, 1)))
    assert first == (0, 0)
