"""The way back from a flattened page: a page is bent by a known curve, which must be found again."""

import cv2
import numpy as np
import pytest

from ocr_backend.ocr.dewarp_mapping import DewarpMapping

WORDS = ["invoice", "total", "amount", "paid", "date", "number", "customer", "street", "received"] * 4


def corner(index):
    """Where a word's letters begin, at their foot."""
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


def bent(flat, depth):
    """The page sheared along a half wave: a px at (x, y) stands `depth * sin(...)` px lower."""
    height, width = flat.shape[:2]
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    lower = (depth * np.sin(np.pi * xs / width)).astype(np.float32)
    paper = (255, 255, 255)
    return cv2.remap(
        flat, xs, ys - lower, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=paper
    )


@pytest.mark.parametrize("depth", [0, 10, 40])
def test_the_boxes_of_words_are_found_again(page, depth):
    bend = DewarpMapping(page, bent(page, depth))
    off = []
    for index in range(len(WORDS)):
        expected = [(x, y + depth * np.sin(np.pi * x / 900)) for x, y in word_box(index)]
        off.append(np.abs(np.array(bend.back(word_box(index))) - expected).max())
    assert np.median(off) < 4
    assert max(off) < 15


def test_images_of_other_sizes_are_brought_together(page):
    half = cv2.resize(page, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    polygon = tuple((x / 2, y / 2) for x, y in word_box(4))
    assert np.abs(np.array(DewarpMapping(half, page).back(polygon)) - np.array(word_box(4))).max() < 3


def test_corners_stay_on_the_page(page):
    bend = DewarpMapping(page, bent(page, 40))
    corners = bend.back(((-5, -5), (950, 0), (900, 700), (0, 800)))
    assert all(0 <= x <= 900 and 0 <= y <= 700 for x, y in corners)


@pytest.mark.parametrize("shape", [(1, 1), (1, 3000), (3000, 2), (16, 16)])
def test_a_page_of_any_shape_can_be_compared(shape):
    blank = np.full((*shape, 3), 255, np.uint8)
    first, *_ = DewarpMapping(blank, blank).back(((0, 0), (1, 0), (1, 1), (0, 1)))
    assert first == (0, 0)
