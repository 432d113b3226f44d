"""Right-to-left text as it is drawn, and as it is written."""

import re
import unicodedata

import pytest
from bidi.algorithm import get_display
from hypothesis import example, given
from hypothesis import strategies as st

from ocr_backend.ocr.logical_order import logical_order

ARABIC_WORDS = ["سلام", "ريال", "السعر", "(سلام)", "،", "٣٤"]
OTHER_WORDS = [
    "abc",
    "Wi-Fi",
    "(x)",
    "a1",
    "3D",
    "12",
    "12.50",
    "1,200",
    "2024-05-17",
    "17/05/2024",
    "-",
    ":",
]


def drawn(text: str) -> str:
    """The characters from left to right, on a line whose direction is that of most of its letters."""
    directions = [unicodedata.bidirectional(character) for character in text]
    rtl = sum(direction in ("R", "AL") for direction in directions)
    return str(get_display(text, base_dir="R" if rtl and rtl >= directions.count("L") else "L"))


def has_few_gaps(text: str) -> bool:
    """Whether all texts that may be drawn like this one are tried: it has at most eight gaps."""
    return len(re.findall(r"[A-Za-z]+|\d+", text)) <= 9


LINES = st.lists(st.sampled_from(ARABIC_WORDS + OTHER_WORDS), min_size=1, max_size=6).map(" ".join)


@given(LINES.filter(has_few_gaps))
@example("٣٤ ، - ٣٤")
def test_the_text_is_drawn_as_it_was_read(text):
    visual = drawn(text)
    assert drawn(logical_order(visual)) == visual


@pytest.mark.parametrize(
    "text",
    [
        "سلام",
        "السعر 12.50 ريال",
        "50% خصم",
        "الإصدار PDF 1.7 من Adobe",
        "(سلام) [عليكم]",
        "هاتف: 0501234567",
        "كتاب عن Wi-Fi و Bluetooth",
        "١٢٣ سلام",
        "The word سلام means peace",
        "שלום 2024",
        "plain text",
        "12.50",
        "",
    ],
)
def test_mixed_text_is_read_as_it_was_written(text):
    assert logical_order(drawn(text)) == text


@given(st.text(max_size=40))
@example("\x1b\U0001e950")
@example("א\u202e")
@example("א\u0378")
@example("א\u2029א")
@example("א\u2067b\u2069")
def test_any_text_keeps_its_length(text):
    assert len(logical_order(text)) == len(text)
