"""Scores what a reader reads on a dense page: each true line against the pieces of text at its position.

Pure. Unlike `ocr_quality`, it knows where lines are: text in the wrong line, or twice, is an error.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from rapidfuzz.distance import Levenshtein

from dense_pages import TrueLine
from ocr_backend.ocr_types import Line, Point, Polygon
from ocr_quality import normalise

_LOST_SHARE = 0.5
"""A line with errors in more of its characters counts as lost."""


@dataclass(frozen=True)
class DenseScore:
    """Errors in characters without white space; the scores of pages can be added."""

    errors: int = 0
    characters: int = 0
    lines: int = 0
    right: int = 0
    lost: int = 0
    wrong_spaces: int = 0
    """Lines that are right but for their spaces."""
    worst: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """True and read text of lines with errors."""

    def __add__(self, other: "DenseScore") -> "DenseScore":
        return DenseScore(
            self.errors + other.errors,
            self.characters + other.characters,
            self.lines + other.lines,
            self.right + other.right,
            self.lost + other.lost,
            self.wrong_spaces + other.wrong_spaces,
            self.worst + other.worst,
        )

    @property
    def error_percent(self) -> float:
        """Errors per hundred true characters."""
        return 100 * self.errors / self.characters if self.characters else 0.0


def dense_score(true_lines: Sequence[TrueLine], read: Sequence[Line]) -> DenseScore:
    """The score of one page; text outside all true lines is an error, too."""
    pieces: list[list[Line]] = [[] for _ in true_lines]
    errors = 0
    for line in read:
        index = _line_at(_middle(line.polygon), true_lines)
        if index is None:
            errors += len(normalise(line.text))
        else:
            pieces[index].append(line)
    scores = (_line_score(true.text, _joined(each)) for true, each in zip(true_lines, pieces, strict=True))
    return sum(scores, DenseScore(errors))


def _line_score(true: str, read: str) -> DenseScore:
    expected, text = normalise(true), normalise(read)
    errors = Levenshtein.distance(expected, text)
    is_lost = errors > _LOST_SHARE * len(expected)
    wrong_spaces = not errors and true.split() != read.split()
    worst = ((true, read),) if errors else ()
    return DenseScore(errors, len(expected), 1, int(not errors), int(is_lost), int(wrong_spaces), worst)


def _joined(pieces: Sequence[Line]) -> str:
    return " ".join(piece.text for piece in sorted(pieces, key=lambda piece: _middle(piece.polygon)[0]))


def _middle(polygon: Polygon) -> Point:
    x, y = np.mean(polygon, axis=0)
    return float(x), float(y)


def _line_at(point: Point, lines: Sequence[TrueLine]) -> int | None:
    """The line whose box holds a point, or is less than its height above or below; the nearest one."""
    nearest, index = 0.8, None
    for number, line in enumerate(lines):
        origin, right, _, down = np.array(line.corners)
        along, across = _share(point - origin, right - origin), _share(point - origin, down - origin)
        if 0 <= along <= 1 and abs(across - 0.5) < nearest:
            nearest, index = abs(across - 0.5), number
    return index


def _share(vector: np.ndarray, axis: np.ndarray) -> float:
    return float(vector @ axis / (axis @ axis))
