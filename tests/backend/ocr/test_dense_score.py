"""The score of dense pages, with numbers counted by hand, and what the drawn pages must be."""

import numpy as np
import pytest
from PIL import ImageFont

from dense_pages import FONT_SIZES_PX, Font, TrueLine, dense_page
from dense_score import DenseScore, dense_score
from dense_words import WORDS
from ocr_backend.ocr_types import Line
from wheel_fonts import WHEEL_FONTS


def corners(left, top, right, bottom):
    return ((left, top), (right, top), (right, bottom), (left, bottom))


FIRST = TrueLine("ab cd", corners(0, 0, 100, 10))
SECOND = TrueLine("efgh", corners(0, 20, 100, 30))


def read(text, left, top, right, bottom):
    return Line(corners(left, top, right, bottom), text, 0.9)


def test_the_pieces_of_a_line_are_joined_from_left_to_right():
    lines = [read("cd", 50, 0, 100, 10), read("ab", 0, 1, 45, 11), read("efgh", 0, 20, 100, 30)]
    score = dense_score([FIRST, SECOND], lines)
    assert score == DenseScore(0, 8, 2, 2, 0, 0)


def test_a_line_whose_only_fault_is_a_space_is_right():
    score = dense_score([FIRST], [read("abcd", 0, 0, 100, 10)])
    assert (score.errors, score.right, score.wrong_spaces) == (0, 1, 1)


def test_a_line_that_is_not_read_is_lost():
    score = dense_score([FIRST, SECOND], [read("efgh", 0, 20, 100, 30)])
    assert (score.errors, score.right, score.lost) == (4, 1, 1)
    assert score.error_percent == 50


def test_text_beside_all_lines_is_an_error():
    assert dense_score([FIRST], [read("ab cd", 0, 0, 100, 10), read("xyz", 0, 60, 100, 70)]).errors == 3


@pytest.mark.parametrize("script", WORDS)
def test_a_seed_makes_the_same_page_again(script):
    first, second, other = (
        dense_page(script, 1, seed, WHEEL_FONTS[script], (400, 300)) for seed in (1, 1, 2)
    )
    assert np.array_equal(first.image, second.image)
    assert first.lines == second.lines
    assert first.lines != other.lines
    assert first.font_px == FONT_SIZES_PX[1]


@pytest.mark.parametrize("script", WORDS)
def test_fonts_of_wheels_have_all_characters(script):
    """A missing character is drawn as the box of an unknown one."""
    for font in WHEEL_FONTS[script]:
        assert isinstance(font, Font)
        drawn = ImageFont.truetype(str(font.file), 20, index=font.index)
        unknown = bytes(drawn.getmask("\uffff"))
        characters = {character for word in WORDS[script] for character in word}
        assert [each for each in characters if bytes(drawn.getmask(each)) == unknown] == []


def test_the_corners_of_a_tilted_line_are_around_its_ink():
    page = dense_page("latin", 3, 5, WHEEL_FONTS["latin"], (500, 400))
    assert page.degrees
    paper = np.median(page.image)
    line = page.lines[len(page.lines) // 2]
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = line.corners
    middle = [
        page.image[
            round((y0 + y3) / 2 + share * ((y1 + y2 - y0 - y3) / 2)) + row,
            round((x0 + x3) / 2 + share * ((x1 + x2 - x0 - x3) / 2)),
        ].astype(int)
        for share in np.linspace(0.02, 0.98, 200)
        for row in (-1, 0, 1)
    ]
    assert np.mean(np.abs(np.array(middle) - paper) > 60) > 0.15
