"""How well images were read: character errors against the lines that a person reads in them.

Pure: knows neither readers nor servers, only texts. Tests of every layer score what they got with it.
"""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Score:
    """Character errors in lines; scores of several images can be added."""

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


def normal(text: str) -> str:
    """Text as it is compared: NFKC and without white space."""
    return "".join(unicodedata.normalize("NFKC", text).split())


def score(true_lines: Iterable[str], read: Sequence[str]) -> Score:
    """Score of one image: each true line against the stretch of all that was read that matches it best."""
    everything = normal("".join(read))
    total = Score()
    for line in true_lines:
        wanted = normal(line)
        errors = best_stretch_errors(wanted, everything)
        worst = (f"{line!r}: {errors} errors",) if errors else ()
        total += Score(errors, len(wanted), 1, int(not errors), worst)
    return total


def best_stretch_errors(wanted: str, everything: str) -> int:
    """Least edits (insert, delete, replace) that make some stretch of a text into the wanted one.

    Sellers' algorithm: the edit distance with a free start and a free end in `everything`.
    """
    haystack = np.array([ord(character) for character in everything], np.int64)
    places = np.arange(len(haystack) + 1)
    row = np.zeros(len(haystack) + 1, np.int64)
    for count, character in enumerate(wanted, start=1):
        changed = np.empty_like(row)
        changed[0] = count
        changed[1:] = np.minimum(row[:-1] + (haystack != ord(character)), row[1:] + 1)
        # Left to right with a cost of 1 a step: the least of all to the left plus the way from there.
        row = np.minimum.accumulate(changed - places) + places
    return int(row.min())


def total(truth: Mapping[str, Sequence[str]], read: Mapping[str, Sequence[str]]) -> Score:
    """Score of many images by name; one that was not read counts with all of its characters."""
    return sum((score(lines, read.get(name, ())) for name, lines in truth.items()), Score())
