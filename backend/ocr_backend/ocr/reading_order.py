"""Reading order: text lines of a page -> rows, column by column.

Pure. Lengths are compared with the height of lines, and positions along the direction of most text; so the
order depends neither on resolution nor on tilt, and vertical text is read from its first column on.
"""

import bisect
import math
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from ocr_backend.ocr_types import Line, Polygon

_CLEAR_DIRECTION_RATIO = 1.5
"""A line at most so many times as long as high says little about the direction of text."""
_SAME_ROW_OVERLAP = 0.5
"""Share of the lower of two lines that must be beside the other one."""
_MAX_CROSSING_SHARE = 0.25
"""Share of lines that may cross the gap between columns, such as headings (guess)."""
_MIN_GAP = 0.5  # of a line's height (guess)
_MAX_GAPS = 16  # that are examined on a page, the clearest first

# A column of prose, and not of a table, has at least three long lines of about equal length, near each other.
_MIN_COLUMN_LINES = 3
_MIN_LENGTH_RATIO = 6.0
_MIN_EQUAL_LENGTH = 0.75
_MAX_PITCH_RATIO = 2.5


@dataclass(frozen=True)
class _Box:
    """A line in the frame of its page: text runs from left to right, and rows from top to bottom."""

    line: Line
    left: float
    right: float
    top: float
    bottom: float

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2


def rows(lines: Sequence[Line]) -> list[list[Line]]:
    """The lines of a page row by row, in the order in which a person reads them."""
    if not lines:
        return []
    angle = _text_angle([line.polygon for line in lines])
    is_right_to_left = _is_right_to_left(lines)
    boxes = [_box(line, angle, is_right_to_left) for line in lines]
    return [[box.line for box in row] for row in _rows_by_column(boxes)]


def in_reading_order(lines: Sequence[Line]) -> list[Line]:
    """The same lines, in the order in which a person reads them."""
    return [line for row in rows(lines) for line in row]


def _text_angle(polygons: Sequence[Polygon]) -> float:
    """Radians by which most text is rotated clockwise."""
    votes = [0.0] * 4
    weighted_angles: list[list[tuple[float, float]]] = [[], [], [], []]
    for polygon in polygons:
        length, height, angle = _measure(polygon)
        quarter_turns = round(angle / (math.pi / 2))
        votes[quarter_turns % 4] += max(0.0, length - _CLEAR_DIRECTION_RATIO * height)
        weight = length * max(length - height, 0.0)
        weighted_angles[quarter_turns % 4].append((angle - quarter_turns * math.pi / 2, weight))
    direction = votes.index(max(votes))
    return direction * math.pi / 2 + _weighted_median(weighted_angles[direction])


def _weighted_median(values: Sequence[tuple[float, float]]) -> float:
    half, total = sum(weight for _, weight in values) / 2, 0.0
    for value, weight in sorted(values):
        total += weight
        if total > half:
            return value
    return 0.0


def _measure(polygon: Polygon) -> tuple[float, float, float]:
    """Length, height and angle (radians) of a line."""
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = polygon
    along = (x1 - x0 + x2 - x3) / 2, (y1 - y0 + y2 - y3) / 2
    across = (x3 - x0 + x2 - x1) / 2, (y3 - y0 + y2 - y1) / 2
    return math.hypot(*along), math.hypot(*across), math.atan2(along[1], along[0])


def _is_right_to_left(lines: Sequence[Line]) -> bool:
    directions = [unicodedata.bidirectional(character) for line in lines for character in line.text]
    return sum(direction in ("R", "AL") for direction in directions) > directions.count("L")


def _box(line: Line, angle: float, is_right_to_left: bool) -> _Box:
    cos, sin = math.cos(angle), math.sin(angle)
    xs = [x * cos + y * sin for x, y in line.polygon]
    ys = [y * cos - x * sin for x, y in line.polygon]
    if is_right_to_left:
        xs = [-x for x in xs]
    length, height, line_angle = _measure(line.polygon)
    deviation = abs(math.remainder(line_angle - angle, math.pi))
    # A line that is a little crooked is no higher for it.
    half_height = height / 2 if deviation < math.pi / 6 and length >= height else (max(ys) - min(ys)) / 2
    return _Box(line, min(xs), max(xs), fmean(ys) - half_height, fmean(ys) + half_height)


def _rows_by_column(boxes: Sequence[_Box]) -> list[list[_Box]]:
    """Rows of all columns; lines across columns, such as headings, part what is above from what is below."""
    for gap in _gaps(boxes):
        crossing = sorted((box for box in boxes if box.left < gap < box.right), key=lambda box: box.middle)
        left = [box for box in boxes if box.right <= gap]
        right = [box for box in boxes if box.left >= gap]
        if _are_columns(left, right):
            return list(_rows_between(crossing, left, right))
    return _rows(boxes)


def _rows_between(
    crossing: Sequence[_Box], left: Sequence[_Box], right: Sequence[_Box]
) -> Iterator[list[_Box]]:
    heights = [box.middle for box in crossing]
    headings: list[_Box] = []
    for index in range(len(crossing) + 1):
        parts = [
            [box for box in column if bisect.bisect(heights, box.middle) == index] for column in (left, right)
        ]
        if any(parts):
            yield from _rows(headings)
            headings = []
        for part in parts:
            yield from _rows_by_column(part)
        headings += crossing[index : index + 1]
    yield from _rows(headings)


def _gaps(boxes: Sequence[_Box]) -> list[float]:
    """Positions that few lines cross, the clearest first."""
    if len(boxes) < 2 * _MIN_COLUMN_LINES:
        return []
    min_width = _MIN_GAP * median(box.height for box in boxes)
    lefts, rights = sorted(box.left for box in boxes), sorted(box.right for box in boxes)
    edges = sorted({*lefts, *rights})
    gaps = []
    for start, end in zip(edges, edges[1:], strict=False):
        crossing = bisect.bisect_right(lefts, start) - bisect.bisect_right(rights, start)
        if end - start >= min_width and crossing <= _MAX_CROSSING_SHARE * len(boxes):
            gaps.append((crossing, start - end, (start + end) / 2))
    return [position for _, _, position in sorted(gaps)[:_MAX_GAPS]]


def _are_columns(left: Sequence[_Box], right: Sequence[_Box]) -> bool:
    if not _is_prose(left) or not _is_prose(right):
        return False
    left_top, left_bottom = _vertical_range(left)
    right_top, right_bottom = _vertical_range(right)
    shorter = min(left_bottom - left_top, right_bottom - right_top)
    return min(left_bottom, right_bottom) - max(left_top, right_top) >= shorter / 2


def _vertical_range(boxes: Sequence[_Box]) -> tuple[float, float]:
    return min(box.top for box in boxes), max(box.bottom for box in boxes)


def _is_prose(boxes: Sequence[_Box]) -> bool:
    """Whether lines are those of running text, in one column or several, and not the cells of a table."""
    if len(boxes) < _MIN_COLUMN_LINES:
        return False
    lengths = sorted(box.right - box.left for box in boxes)
    height, length = median(box.height for box in boxes), median(lengths)
    if length < _MIN_LENGTH_RATIO * height or length < _MIN_EQUAL_LENGTH * lengths[len(lengths) * 9 // 10]:
        return False
    middles = [fmean(box.middle for box in row) for row in _rows(boxes)]
    pitches = [after - before for before, after in zip(middles, middles[1:], strict=False)]
    return len(middles) >= _MIN_COLUMN_LINES and median(pitches) <= _MAX_PITCH_RATIO * height


def _rows(boxes: Sequence[_Box]) -> list[list[_Box]]:
    """Lines beside each other share a row."""
    # Each is compared only with its neighbour, so that the rows of a warped page may rise and fall.
    result: list[list[_Box]] = []
    for box in sorted(boxes, key=lambda box: box.left):
        overlaps = [_overlap_in_row(row[-1], box) for row in result]
        best = max(overlaps, default=0.0)
        if best >= _SAME_ROW_OVERLAP:
            result[overlaps.index(best)].append(box)
        else:
            result.append([box])
    return sorted(result, key=lambda row: fmean(box.middle for box in row))


def _overlap_in_row(previous: _Box, box: _Box) -> float:
    """Share of the lower line that is beside the other; 0 if one is above the other."""
    lower = min(previous.height, box.height)
    if box.left < previous.right - lower or not lower:
        return 0.0
    return (min(previous.bottom, box.bottom) - max(previous.top, box.top)) / lower
