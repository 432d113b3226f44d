"""One PNG for each dashboard, drawn from Prometheus' answers to the panels' own queries. Not Grafana's.

Knows of a dashboard what `ocr_operator.monitoring.dashboard_model` says. Tables and numbers are those of one
moment, which is a grey line in the other panels.
"""

import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from ocr_operator.monitoring.dashboard_model import Dashboard, Panel, Query
from prometheus_process import Prometheus, Sample

_COLUMNS = 24  # Grafana's
_WIDTH, _HEIGHT, _NUMBER_HEIGHT = 15.0, 2.9, 1.1  # inches of the page, of a row and of a row of numbers
_TOP, _ABOVE, _LEFT, _RIGHT = 0.4, 0.3, 0.6, 0.1  # inches: of the page's title; around a panel's frame
_BELOW, _BELOW_NUMBER = 0.75, 0.1  # inches below it: for times and names
_DPI = 72
_CHARACTERS = 260  # of the names of series, beside each other on the whole width
_CHARACTERS_OF_TABLES = 220  # at their largest size
_MOST_NAME_ROWS, _MOST_ROWS = 4, 9
_STEP_SECONDS = 1.0
_COLORS = ("#56a64b", "#ff9830", "#e02f44")  # green, orange, red
_NAMED_COLORS = {"Ready": _COLORS[0], "Failed": _COLORS[2], "503": _COLORS[2], "error": _COLORS[2]}
"""Those of series that are good or bad by their names."""
_UNITS: dict[str, tuple[float, str]] = {
    "s": (1, "s"),
    "percentunit": (100, "%"),
    "bytes": (1 / 2**20, "MiB"),
    "ops": (1, "per second"),
    "reqps": (1, "per second"),
}
"""Unit of a panel -> what its values are multiplied by, and the name of the result."""

mpl.use("agg")


def expression(query: Query) -> str:
    """The query as Grafana would send it: all values of every variable, a window of 10 s."""
    return re.sub(r"\$(namespace|ocrbackend|language|model_type)", ".*", query.expression).replace(
        "$__rate_interval", "10s"
    )


def series(prometheus: Prometheus, query: Query, start: float, end: float) -> list[Sample]:
    """The answer to a panel's query between two times (s since 1970), a value each second."""
    return prometheus.query_range(expression(query), start, end, _STEP_SECONDS)


@dataclass(frozen=True)
class Span:
    """What is shown: from `start` to `end`, and `moment` for tables and numbers; in s since 1970."""

    start: float
    end: float
    moment: float


def draw(prometheus: Prometheus, page: Dashboard, span: Span, file: Path) -> None:
    """Writes the image of a dashboard. Places are fixed: long names, and many, move nothing."""
    rows = list(_rows(page.panels))
    heights = [_NUMBER_HEIGHT if row[0].kind == "number" else _HEIGHT for row in rows]
    height = sum(heights) + _TOP
    figure = Figure(figsize=(_WIDTH, height))
    figure.suptitle(page.title, fontsize=12, y=1 - 0.1 / height)
    upper = height - _TOP
    for row, row_height in zip(rows, heights, strict=True):
        below = _BELOW_NUMBER if row[0].kind == "number" else _BELOW
        column = 0
        for panel in row:
            left, width = (cells * _WIDTH / _COLUMNS for cells in (column, panel.width))
            inner = (
                left + _LEFT,
                upper - row_height + below,
                width - _LEFT - _RIGHT,
                row_height - below - _ABOVE,
            )
            place = figure.add_axes(_parts(inner, height))
            column += panel.width
            place.set_title(panel.title, fontsize=10)
            _DRAWERS[panel.kind](place, panel, prometheus, span)
        upper -= row_height
    figure.savefig(file, dpi=_DPI)


def _parts(inches: tuple[float, float, float, float], height: float) -> tuple[float, float, float, float]:
    """A rectangle as parts of the page."""
    left, bottom, width, tall = inches
    return left / _WIDTH, bottom / height, width / _WIDTH, tall / height


def _rows(panels: Sequence[Panel]) -> Iterator[list[Panel]]:
    """The panels as they follow each other, as many to a row as it takes."""
    row: list[Panel] = []
    for panel in panels:
        if row and sum(one.width for one in row) + panel.width > _COLUMNS:
            yield row
            row = []
        row.append(panel)
    if row:
        yield row


def _name(query: Query, sample: Sample) -> str:
    labels: dict[str, str] = sample["metric"]
    return re.sub(r"{{(\w+)}}", lambda found: labels.get(found[1], ""), query.legend)


def _curves(panel: Panel, prometheus: Prometheus, span: Span) -> Iterator[tuple[str, dict[int, float]]]:
    """Each series: its name, and its values by the second since the start."""
    factor, _ = _UNITS.get(panel.unit, (1, ""))
    for query in panel.queries:
        for sample in series(prometheus, query, span.start, span.end):
            points = ((round(float(at) - span.start), float(value)) for at, value in sample["values"])
            yield _name(query, sample), {at: value * factor for at, value in points if value == value}


def _lines(place: Axes, panel: Panel, prometheus: Prometheus, span: Span) -> None:
    last = round(span.end - span.start)
    for name, points in _curves(panel, prometheus, span):
        # A second without a value is a gap, as Grafana draws it.
        values = [points.get(at, float("nan")) for at in range(last + 1)]
        place.plot(range(last + 1), values, label=name, linewidth=1.4)
    _frame(place, panel, span)


def _stacked(place: Axes, panel: Panel, prometheus: Prometheus, span: Span) -> None:
    last = round(span.end - span.start)
    found = list(_curves(panel, prometheus, span))
    values = [[points.get(at, 0.0) for at in range(last + 1)] for _, points in found]
    names = [name for name, _ in found]
    others = itertools.cycle(mpl.colormaps["tab10"].colors)  # type: ignore[attr-defined]
    colors = [_NAMED_COLORS.get(name.split(" ")[-1]) or next(others) for name in names]
    place.stackplot(range(last + 1), *values, labels=names, colors=colors, alpha=0.8)
    _frame(place, panel, span)


def _frame(place: Axes, panel: Panel, span: Span) -> None:
    factor, unit = _UNITS.get(panel.unit, (1, ""))
    for value, color in zip(panel.worse_from, _COLORS[3 - len(panel.worse_from) :], strict=True):
        place.axhline(value * factor, color=color, linewidth=1, linestyle="--")
    place.axvline(span.moment - span.start, color="grey", linewidth=0.8)
    place.set_xlim(0, span.end - span.start)
    place.set_ylim(bottom=0, top=panel.top and panel.top * factor * 1.03)
    place.set_ylabel(unit, fontsize=8)
    place.tick_params(labelsize=8)
    drawn, names = place.get_legend_handles_labels()
    if names:
        columns = max(1, min(4, _CHARACTERS * panel.width // (_COLUMNS * (max(map(len, names)) + 5))))
        shown = columns * _MOST_NAME_ROWS
        place.legend(
            drawn[:shown],
            names[:shown],
            fontsize=7,
            ncols=columns,
            frameon=False,
            loc="upper left",
            bbox_to_anchor=(0, -0.1),
            borderpad=0,
            columnspacing=1,
            handlelength=1,
        )


def _number(place: Axes, panel: Panel, prometheus: Prometheus, span: Span) -> None:
    [query] = panel.queries
    found = prometheus.query(expression(query), span.moment)
    factor, unit = _UNITS.get(panel.unit, (1, ""))
    value = float(found[0]["value"][1]) if found else float("nan")
    shown = f"{value * factor:.3g} {unit}".rstrip() if value == value else "-"
    worse = sum(value >= limit for limit in panel.worse_from)
    color = _COLORS[worse + 2 - len(panel.worse_from)] if worse else _COLORS[0]
    place.text(0.5, 0.45, shown, fontsize=22, ha="center", va="center", color="white")
    place.set_facecolor(color)
    place.set_xticks([])
    place.set_yticks([])


def _table(place: Axes, panel: Panel, prometheus: Prometheus, span: Span) -> None:
    [query] = panel.queries
    rows = [one["metric"] for one in prometheus.query(expression(query), span.moment)]
    place.set_axis_off()
    if not rows:
        return
    names = [name for name in _ORDER if name in rows[0]] + sorted(set(rows[0]) - set(_ORDER))
    cells = sorted([row.get(name, "") for name in names] for row in rows)[:_MOST_ROWS]
    widths = [max(len(name), *(len(row[column]) for row in cells)) + 2 for column, name in enumerate(names)]
    height = 0.1 * (len(cells) + 1)
    table = place.table(
        cells,
        colLabels=names,
        colWidths=[width / sum(widths) for width in widths],
        cellLoc="left",
        edges="horizontal",
        bbox=Bbox.from_bounds(0, 1 - height, 1, height),
    )
    table.auto_set_font_size(False)
    table.set_fontsize(min(8, 8 * _CHARACTERS_OF_TABLES * panel.width / (_COLUMNS * sum(widths))))


_ORDER = ("namespace", "ocrbackend", "language", "model_type", "part", "name")
"""Columns that come first."""

_DRAWERS: dict[str, Callable[[Axes, Panel, Prometheus, Span], None]] = {
    "lines": _lines,
    "stacked": _stacked,
    "number": _number,
    "table": _table,
}
