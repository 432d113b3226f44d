"""One PNG for each dashboard, drawn from Prometheus' answers to the panels' own queries. Not Grafana's.

Knows of a dashboard what `ocr_operator.monitoring.pages` says.
"""

import re
from collections.abc import Callable
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ocr_operator.monitoring.pages import Dashboard, Panel, Query
from prometheus_process import Prometheus, Sample

_COLUMNS, _WIDTH, _HEIGHT, _NUMBER_HEIGHT = 3, 5.0, 2.6, 1.0  # of one panel, in inches
_MOST_NAMES, _MOST_ROWS = 6, 8
_STEP_SECONDS = 1.0

mpl.use("agg")


def expression(query: Query) -> str:
    """The query as Grafana would send it: all values of every variable, a window of 10 s."""
    return re.sub(r"\$(namespace|ocrbackend|language|model_type)", ".*", query.expression).replace(
        "$__rate_interval", "10s"
    )


def series(prometheus: Prometheus, query: Query, start: float, end: float) -> list[Sample]:
    """The answer to a panel's query between two times (s since 1970), a value each second."""
    return prometheus.query_range(expression(query), start, end, _STEP_SECONDS)


def draw(prometheus: Prometheus, page: Dashboard, start: float, end: float, file: Path) -> None:
    """Writes the picture of a dashboard; times in s since 1970."""
    kinds = [panel.kind for panel in page.panels]
    rows = [kinds[first : first + _COLUMNS] for first in range(0, len(kinds), _COLUMNS)]
    heights = [_NUMBER_HEIGHT if set(row) == {"number"} else _HEIGHT for row in rows]
    figure = Figure(figsize=(_COLUMNS * _WIDTH, sum(heights) + 0.5), layout="constrained")
    places = figure.subplots(len(rows), _COLUMNS, squeeze=False, height_ratios=heights).flat
    figure.suptitle(f"{page.title}: drawn from the panels' queries", fontsize=10)
    for place, panel in zip(places, page.panels, strict=False):
        answers = [(query, series(prometheus, query, start, end)) for query in panel.queries]
        place.set_title(panel.title, fontsize=9)
        _DRAWERS[panel.kind](place, panel, answers, start)
    for place in list(figure.axes)[len(page.panels) :]:
        place.set_axis_off()
    figure.savefig(file, dpi=72)


Answers = list[tuple[Query, list[Sample]]]


def _points(sample: Sample, start: float) -> tuple[list[float], list[float]]:
    pairs = [(float(at) - start, float(value)) for at, value in sample["values"]]
    return [at for at, _ in pairs], [value for _, value in pairs]


def _name(query: Query, sample: Sample) -> str:
    labels: dict[str, str] = sample["metric"]
    return re.sub(r"{{(\w+)}}", lambda found: labels.get(found[1], ""), query.legend)


def _lines(place: Axes, panel: Panel, answers: Answers, start: float) -> None:
    for query, samples in answers:
        for sample in samples:
            place.plot(*_points(sample, start), label=_name(query, sample), linewidth=1)
    for value in panel.worse_from:
        place.axhline(value, color="red", linewidth=0.6, linestyle="--")
    place.set_ylim(bottom=0, top=panel.top and panel.top * 1.03)
    place.set_ylabel({"s": "s", "percentunit": "share", "bytes": "bytes"}.get(panel.unit, ""), fontsize=7)
    place.set_xlabel("s", fontsize=7)
    place.tick_params(labelsize=7)
    names = place.get_legend_handles_labels()
    if names[0]:
        place.legend(names[0][:_MOST_NAMES], names[1][:_MOST_NAMES], fontsize=6, loc="upper left")


def _number(place: Axes, panel: Panel, answers: Answers, start: float) -> None:
    [(_, samples)] = answers
    values = [value for sample in samples for value in _points(sample, start)[1] if value == value]
    last = f"{values[-1]:.3g}" if values else "-"
    place.text(0.5, 0.5, last, fontsize=26, ha="center", va="center")
    place.set_axis_off()


def _table(place: Axes, panel: Panel, answers: Answers, start: float) -> None:
    [(_, samples)] = answers
    rows = sorted(" ".join(sample["metric"].values()) for sample in samples)
    place.text(0, 0.95, "\n".join(rows[:_MOST_ROWS]), fontsize=6, va="top", family="monospace", wrap=True)
    place.set_axis_off()


_DRAWERS: dict[str, Callable[[Axes, Panel, Answers, float], None]] = {
    "lines": _lines,
    "stacked": _lines,
    "number": _number,
    "table": _table,
}
