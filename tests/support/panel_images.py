"""Draws a PNG of each dashboard from Prometheus' results of the panels' queries, without Grafana.

Knows dashboards only as `ocr_operator.monitoring.dashboard_model`. Tables and numbers show one moment, which
is a grey line in the other panels.
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
_WIDTH, _HEIGHT, _NUMBER_HEIGHT = 15.0, 2.9, 1.1  # inches: page, row, row of numbers
_TOP, _ABOVE, _LEFT, _RIGHT = 0.4, 0.3, 0.6, 0.1  # inches: page title; around a panel's frame
_BELOW, _BELOW_NUMBER = 0.75, 0.1  # inches below a panel's frame: times and names
_DPI = 72
_CHARACTERS = 260  # of series names, across the full width
_CHARACTERS_OF_TABLES = 220  # across the full width, at the largest font size
_MAX_NAME_ROWS, _MAX_ROWS = 4, 9
_STEP_SECONDS = 1.0
_COLORS = {
    "green": "#56a64b",
    "blue": "#3274d9",
    "yellow": "#f2cc0c",
    "orange": "#ff9830",
    "red": "#e02f44",
    "text": "#8e8e8e",
}
"""Grafana's colors."""
_UNITS: dict[str, tuple[float, str]] = {
    "s": (1, "s"),
    "percentunit": (100, "%"),
    "bytes": (1 / 2**20, "MiB"),
    "ops": (1, "per second"),
    "reqps": (1, "per second"),
}
"""By the unit of a panel: the factor of its values, and the name of the result."""

mpl.use("agg")


def expression(query: Query) -> str:
    """The query as Grafana sends it, with all values of every variable and a window of 10 s."""
    return re.sub(r"\$(namespace|ocrbackend|variant)", ".*", query.expression).replace(
        "$__rate_interval", "10s"
    )


def series(prometheus: Prometheus, query: Query, start: float, end: float) -> list[Sample]:
    """The result of a panel's query between two times (s since 1970), with a value each second."""
    return prometheus.query_range(expression(query), start, end, _STEP_SECONDS)


@dataclass(frozen=True)
class Span:
    """The time from `start` to `end`, and the `moment` of tables and numbers, in s since 1970."""

    start: float
    end: float
    moment: float


def draw(prometheus: Prometheus, page: Dashboard, span: Span, file: Path) -> None:
    """Writes the image of a dashboard. The layout is fixed, whatever the number and length of names."""
    rows = list(_rows(page.panels))
    heights = [_NUMBER_HEIGHT if row[0].kind == "number" else _HEIGHT for row in rows]
    height = sum(heights) + _TOP
    figure = Figure(figsize=(_WIDTH, height))
    figure.suptitle(page.title, fontsize=12, y=1 - 0.1 / height)
    upper = height - _TOP
    for row, row_height in zip(rows, heights, strict=True):
        bottom = _BELOW_NUMBER if row[0].kind == "number" else _BELOW
        column = 0
        for panel in row:
            left, width = (cells * _WIDTH / _COLUMNS for cells in (column, panel.width))
            inner = (
                left + _LEFT,
                upper - row_height + bottom,
                width - _LEFT - _RIGHT,
                row_height - bottom - _ABOVE,
            )
            axes = figure.add_axes(_fractions(inner, height))
            column += panel.width
            axes.set_title(panel.title, fontsize=10)
            _DRAWERS[panel.kind](axes, panel, prometheus, span)
        upper -= row_height
    figure.savefig(file, dpi=_DPI)


def _fractions(inches: tuple[float, float, float, float], height: float) -> tuple[float, float, float, float]:
    """A rectangle in fractions of the page."""
    left, bottom, width, panel_height = inches
    return left / _WIDTH, bottom / height, width / _WIDTH, panel_height / height


def _rows(panels: Sequence[Panel]) -> Iterator[list[Panel]]:
    """The panels in order, as many in a row as fit."""
    row: list[Panel] = []
    for panel in panels:
        if row and sum(each.width for each in row) + panel.width > _COLUMNS:
            yield row
            row = []
        row.append(panel)
    if row:
        yield row


def _name(query: Query, sample: Sample) -> str:
    labels: dict[str, str] = sample["metric"]
    return re.sub(r"{{(\w+)}}", lambda match: labels.get(match[1], ""), query.legend)


def _curves(panel: Panel, prometheus: Prometheus, span: Span) -> Iterator[tuple[str, dict[int, float]]]:
    """The name of each series, and its values by seconds since the start."""
    factor, _ = _UNITS.get(panel.unit, (1, ""))
    for query in panel.queries:
        for sample in series(prometheus, query, span.start, span.end):
            points = ((round(float(time) - span.start), float(value)) for time, value in sample["values"])
            yield _name(query, sample), {second: value * factor for second, value in points if value == value}


def _lines(axes: Axes, panel: Panel, prometheus: Prometheus, span: Span) -> None:
    last = round(span.end - span.start)
    for name, points in _curves(panel, prometheus, span):
        # A second without a value is a gap, as Grafana draws it.
        values = [points.get(second, float("nan")) for second in range(last + 1)]
        axes.plot(range(last + 1), values, label=name, linewidth=1.4)
    _frame(axes, panel, span)


def _stacked(axes: Axes, panel: Panel, prometheus: Prometheus, span: Span) -> None:
    last = round(span.end - span.start)
    curves = list(_curves(panel, prometheus, span))
    values = [[points.get(second, 0.0) for second in range(last + 1)] for _, points in curves]
    names = [name for name, _ in curves]
    others = itertools.cycle(mpl.colormaps["tab10"].colors)  # type: ignore[attr-defined]
    colors = [_COLORS[panel.colors[name]] if name in panel.colors else next(others) for name in names]
    axes.stackplot(range(last + 1), *values, labels=names, colors=colors, alpha=0.8)
    _frame(axes, panel, span)


def _frame(axes: Axes, panel: Panel, span: Span) -> None:
    factor, unit = _UNITS.get(panel.unit, (1, ""))
    for level in panel.levels[1:]:
        axes.axhline(level.minimum * factor, color=_COLORS[level.color], linewidth=1, linestyle="--")
    axes.axvline(span.moment - span.start, color="grey", linewidth=0.8)
    axes.set_xlim(0, span.end - span.start)
    axes.set_ylim(bottom=0, top=panel.maximum and panel.maximum * factor * 1.03)
    axes.set_ylabel(unit, fontsize=8)
    axes.tick_params(labelsize=8)
    handles, names = axes.get_legend_handles_labels()
    if names:
        columns = max(1, min(4, _CHARACTERS * panel.width // (_COLUMNS * (max(map(len, names)) + 5))))
        count = columns * _MAX_NAME_ROWS
        axes.legend(
            handles[:count],
            names[:count],
            fontsize=7,
            ncols=columns,
            frameon=False,
            loc="upper left",
            bbox_to_anchor=(0, -0.1),
            borderpad=0,
            columnspacing=1,
            handlelength=1,
        )


def _number(axes: Axes, panel: Panel, prometheus: Prometheus, span: Span) -> None:
    [query] = panel.queries
    samples = prometheus.query(expression(query), span.moment)
    factor, unit = _UNITS.get(panel.unit, (1, ""))
    value = float(samples[0]["value"][1]) if samples else float("nan")
    text = f"{value * factor:.3g} {unit}".rstrip() if value == value else "-"
    exceeded = sum(value >= level.minimum for level in panel.levels[1:])
    color = _COLORS[panel.levels[exceeded].color]
    axes.text(0.5, 0.45, text, fontsize=22, ha="center", va="center", color="white")
    axes.set_facecolor(color)
    axes.set_xticks([])
    axes.set_yticks([])


def _table(axes: Axes, panel: Panel, prometheus: Prometheus, span: Span) -> None:
    [query] = panel.queries
    rows = [sample["metric"] for sample in prometheus.query(expression(query), span.moment)]
    axes.set_axis_off()
    if not rows:
        return
    names = [name for name in _ORDER if name in rows[0]] + sorted(set(rows[0]) - set(_ORDER))
    cells = sorted([row.get(name, "") for name in names] for row in rows)[:_MAX_ROWS]
    widths = [max(len(name), *(len(row[column]) for row in cells)) + 2 for column, name in enumerate(names)]
    height = 0.1 * (len(cells) + 1)
    table = axes.table(
        cells,
        colLabels=names,
        colWidths=[width / sum(widths) for width in widths],
        cellLoc="left",
        edges="horizontal",
        bbox=Bbox.from_bounds(0, 1 - height, 1, height),
    )
    table.auto_set_font_size(False)
    table.set_fontsize(min(8, 8 * _CHARACTERS_OF_TABLES * panel.width / (_COLUMNS * sum(widths))))


_ORDER = ("namespace", "ocrbackend", "variant", "role", "name")
"""Columns that come first."""

_DRAWERS: dict[str, Callable[[Axes, Panel, Prometheus, Span], None]] = {
    "lines": _lines,
    "stacked": _stacked,
    "number": _number,
    "table": _table,
}
