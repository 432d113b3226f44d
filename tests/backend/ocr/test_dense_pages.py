"""Drawn pages of small print: no more characters are wrong than with PaddleOCR itself on the same models.

`benchmarks/dense.py` compares the readers on more pages.
"""

import pytest

from dense_pages import dense_page
from dense_score import DenseScore, dense_score
from ocr_backend.ocr.engine_factory import open_reader
from wheel_fonts import WHEEL_FONTS

pytestmark = pytest.mark.model

SIZE = (500, 300)
SEED = 3


@pytest.fixture(scope="module")
def readers(builtin):
    """The native reader, and PaddleOCR on the same models."""
    same = {"use_textline_orientation": False, "precision": "f32"}
    both = [open_reader(builtin(**same, engine=engine)) for engine in ("openvino", "paddle")]
    yield both
    for reader in both:
        reader.close()


@pytest.mark.parametrize(
    ("script", "numbers", "max_share"),
    [
        pytest.param("latin", (4, 12, 20, 28), 0.5, id="Latin of 13 px"),
        pytest.param("chinese", (3, 4, 13), 1.0, id="Chinese of 12 to 14 px"),
        pytest.param("japanese", (3, 4, 13), 1.0, id="Japanese of 12 to 14 px"),
    ],
)
def test_no_more_characters_are_wrong_and_no_line_is_lost(readers, script, numbers, max_share):
    pages = [dense_page(script, number, SEED, WHEEL_FONTS[script], SIZE) for number in numbers]
    ours, theirs = (
        sum((dense_score(page.lines, reader.read(page.image)) for page in pages), DenseScore())
        for reader in readers
    )
    assert ours.lines >= 40
    assert ours.errors <= max_share * theirs.errors, (ours.worst, theirs.worst)
    assert ours.lost == 0
