"""Right-to-left text: characters from left to right as they are drawn -> the order in which they are written.

Pure. The inverse of the Unicode Bidirectional Algorithm: several texts may be drawn alike, and a text is only
accepted if the algorithm draws it as it was read.
"""

import re
import unicodedata
from collections.abc import Iterator
from itertools import product

from bidi.algorithm import get_display

_MIRRORED = str.maketrans("()[]{}<>«»", ")(][}{><»«")
_WITHOUT_ORDER = frozenset({"", "B", "BN", "LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})
"""Bidi classes of unassigned and of control characters: the algorithm refuses them, or leaves them out."""
_MAX_GAPS = 8
"""In a line with more gaps between words and numbers, only the first ones are varied (256 texts)."""


def logical_order(visual: str) -> str:
    """The text that is drawn like this on a line whose direction is that of most of its letters.

    A text with characters that are not drawn, or that Unicode does not know, stays as it was read.
    """
    classes = {unicodedata.bidirectional(character) for character in visual}
    # Between Arabic numbers, signs are drawn from right to left even where there is no letter.
    if classes & _WITHOUT_ORDER or not classes & {"R", "AL", "AN"}:
        return visual
    directions = [_direction(character) for character in visual]
    right_to_left = directions.count("R")
    base = "R" if right_to_left and right_to_left >= directions.count("L") else "L"
    candidates = _candidates(visual) if base == "R" else _with_insertions(visual)
    for candidate in candidates:
        if get_display(candidate, base_dir=base) == visual:
            return candidate
    return str(get_display(visual, base_dir=base))


def _direction(character: str) -> str:
    """`R` and `L` for letters, `N` for digits, `E` for percent and currency signs, else an empty string."""
    match unicodedata.bidirectional(character):
        case "R" | "AL":
            return "R"
        case "L":
            return "L"
        case "EN" | "AN":
            return "N"
        case "ET":
            return "E"
        case _:
            return ""


def _candidates(visual: str) -> Iterator[str]:
    """Right-to-left texts that may be drawn like this.

    Words and numbers from left to right keep their own order. Several of them beside each other may be one
    phrase that keeps its order, or each stands for itself; every combination is tried, long phrases first.
    """
    kinds = "".join(_direction(character) or " " for character in visual)
    yield from _candidates_of(visual, kinds.replace("E", " "))
    if "E" in kinds:
        yield from _candidates_of(visual, kinds.replace("E", "N"))


def _candidates_of(visual: str, kinds: str) -> Iterator[str]:
    phrases = [match.span() for match in re.finditer(r"[LN]+(?: +[LN]+)*", kinds)]
    gaps = [
        (start + gap.start(), start + gap.end())
        for start, end in phrases
        for gap in re.finditer(r" +|(?<=N)(?=L)|(?<=L)(?=N)", kinds[start:end])
    ]
    for splits in product((False, True), repeat=min(len(gaps), _MAX_GAPS)):
        parting = [gap for gap, is_split in zip(gaps, splits, strict=False) if is_split]
        yield _reversed_around(visual, [part for phrase in phrases for part in _parts(phrase, parting)])


def _parts(phrase: tuple[int, int], gaps: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The parts of a phrase between the gaps inside it."""
    start, end = phrase
    for gap_start, gap_end in gaps:
        if start < gap_start and gap_end < end:
            yield start, gap_start
            start = gap_end
    yield start, end


def _reversed_around(visual: str, unchanged_spans: list[tuple[int, int]]) -> str:
    """The text from right to left, except for spans that keep their order."""
    pieces, position = [], 0
    for start, end in unchanged_spans:
        pieces += [*visual[position:start].translate(_MIRRORED), visual[start:end]]
        position = end
    pieces += visual[position:].translate(_MIRRORED)
    return "".join(reversed(pieces))


def _with_insertions(visual: str) -> Iterator[str]:
    """Left-to-right texts with right-to-left words that may be drawn like this."""
    kinds = "".join(_direction(character) or " " for character in visual)
    for pattern in (r"R(?:[RN ]*R)?", r"R(?:[RN ]*[RN])?", r"[RN](?:[RN ]*R)?", r"R+"):
        pieces, position = [], 0
        for match in re.finditer(pattern, kinds):
            inside = visual[match.start() : match.end()]
            pieces += [visual[position : match.start()], next(_candidates(inside))]
            position = match.end()
        yield "".join([*pieces, visual[position:]])
