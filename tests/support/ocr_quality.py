"""OCR quality: character errors against the lines that a person reads in an image.

Pure: knows only texts, neither readers nor servers. Tests of every layer score their results with it.
"""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Score:
    """Character errors in lines; the scores of several images can be added."""

    errors: int = 0
    characters: int = 0
    lines: int = 0
    exact_lines: int = 0
    worst: tuple[str, ...] = ()
    """The lines with errors, for a test's message."""

    def __add__(self, other: "Score") -> "Score":
        return Score(
            self.errors + other.errors,
            self.characters + other.characters,
            self.lines + other.lines,
            self.exact_lines + other.exact_lines,
            self.worst + other.worst,
        )

    @property
    def error_rate(self) -> float:
        """Character errors per true character, 0 = perfect."""
        return self.errors / self.characters if self.characters else 0.0


def normalise(text: str) -> str:
    """Text in the form that is compared: NFKC, without white space."""
    return "".join(unicodedata.normalize("NFKC", text).split())


def score(true_lines: Iterable[str], read: Sequence[str]) -> Score:
    """Score of one image: each true line against the best matching substring of all text that was read."""
    text = normalise("".join(read))
    total = Score()
    for line in true_lines:
        expected = normalise(line)
        errors = best_substring_errors(expected, text)
        worst = (f"{line!r}: {errors} errors",) if errors else ()
        total += Score(errors, len(expected), 1, int(not errors), worst)
    return total


def best_substring_errors(line: str, text: str) -> int:
    """Fewest edits (insert, delete, replace) that turn some substring of the text into the line.

    Sellers' algorithm: the edit distance with a free start and a free end in `text`.
    """
    characters = np.array([ord(character) for character in text], np.int64)
    columns = np.arange(len(characters) + 1)
    row = np.zeros(len(characters) + 1, np.int64)
    for count, character in enumerate(line, start=1):
        changed = np.empty_like(row)
        changed[0] = count
        changed[1:] = np.minimum(row[:-1] + (characters != ord(character)), row[1:] + 1)
        # A step to the right costs 1: the minimum over all columns to the left, plus the distance.
        row = np.minimum.accumulate(changed - columns) + columns
    return int(row.min())


def total(truth: Mapping[str, Sequence[str]], read: Mapping[str, Sequence[str]]) -> Score:
    """Score of many images by name; every character of an image that was not read is an error."""
    return sum((score(lines, read.get(name, ())) for name, lines in truth.items()), Score())
