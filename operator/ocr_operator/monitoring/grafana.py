"""The JSON of dashboards, built with Grafana's SDK, which nobody else knows. Knows not what is shown."""

import json
from collections.abc import Callable

from grafana_foundation_sdk.builders import (
    common,
    dashboard,
    prometheus,
    stat,
    table,
    timeseries,
)
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common as looks
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from ocr_operator.monitoring.dashboard_model import Dashboard, Kind, Panel, Query, Variable

_Made = timeseries.Panel | stat.Panel | table.Panel

_SOURCE = models.DataSourceRef(type_val="prometheus", uid="${datasource}")
_GREEN, _ORANGE, _RED = "green", "orange", "red"
_NUMBER_HEIGHT, _HEIGHT = 4, 8


def dashboard_text(wanted: Dashboard, others: tuple[Dashboard, ...]) -> str:
    """The JSON that Grafana imports, with links to the other dashboards."""
    page = (
        dashboard.Dashboard(wanted.title)
        .uid(uid(wanted))
        .description(wanted.description)
        .tags(["ocr-backend"])
        .readonly()
        .refresh("1m")
        .time("now-6h", "now")
        .with_variable(dashboard.DatasourceVariable("datasource").label("Data source").type("prometheus"))
    )
    for variable in wanted.variables:
        page.with_variable(_variable(variable))
    for other in others:
        link = (
            dashboard.DashboardLink(other.title).type(models.DashboardLinkType.LINK).url(f"/d/{uid(other)}")
        )
        page.link(link.keep_time(True).include_vars(True))
    for panel in wanted.panels:
        page.with_panel(_panel(panel))
    return json.dumps(page.build(), cls=JSONEncoder, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def uid(wanted: Dashboard) -> str:
    """What finds the dashboard in any Grafana."""
    return f"ocr-backend-{wanted.name}"


def _variable(wanted: Variable) -> Builder[models.VariableModel]:
    return (
        dashboard.QueryVariable(wanted.name)
        .label(wanted.label)
        .datasource(_SOURCE)
        .query(f"label_values({wanted.metric}, {wanted.name})")
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(models.VariableSort.ALPHABETICAL_ASC)
        .multi(True)
        .include_all(True)
        .all_value(".*")
        .current(models.VariableOption(selected=True, text=["All"], value=["$__all"]))
    )


def _panel(wanted: Panel) -> _Made:
    made = _BUILDERS[wanted.kind](wanted)
    made.title(wanted.title).description(wanted.description).datasource(_SOURCE).unit(wanted.unit)
    made.span(wanted.width).height(_NUMBER_HEIGHT if wanted.kind == "number" else _HEIGHT)
    made.thresholds(_thresholds(wanted.worse_from))
    if wanted.top is not None:
        made.min(0).max(wanted.top)
    for place, query in enumerate(wanted.queries):
        made.with_target(_target(wanted.kind, query, chr(ord("A") + place)))
    return made


def _target(kind: Kind, query: Query, letter: str) -> prometheus.Dataquery:
    target = prometheus.Dataquery().expr(query.expression).ref_id(letter).datasource(_SOURCE)
    if query.legend:
        target.legend_format(query.legend)
    if kind == "table":
        return target.instant().format(PromQueryFormat.TABLE)
    return target.instant() if kind == "number" else target.range()


def _thresholds(worse_from: tuple[float, ...]) -> dashboard.ThresholdsConfig:
    steps = [models.Threshold(value=None, color=_GREEN)]
    colors = (_ORANGE, _RED)[2 - len(worse_from) :]
    steps += [
        models.Threshold(value=value, color=color) for value, color in zip(worse_from, colors, strict=True)
    ]
    return dashboard.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(steps)


def _lines(wanted: Panel) -> timeseries.Panel:
    legend = (
        common.VizLegendOptions()
        .display_mode(looks.LegendDisplayMode.LIST)
        .placement(looks.LegendPlacement.BOTTOM)
        .show_legend(True)
    )
    made = timeseries.Panel().legend(legend).fill_opacity(10).line_width(1).min(0)
    if wanted.worse_from:
        made.thresholds_style(common.GraphThresholdsStyleConfig().mode(looks.GraphTresholdsStyleMode.DASHED))
    return made


def _stacked(wanted: Panel) -> timeseries.Panel:
    made = _lines(wanted).fill_opacity(40)
    return made.stacking(common.StackingConfig().mode(looks.StackingMode.NORMAL).group("A"))


def _number(wanted: Panel) -> stat.Panel:
    last = common.ReduceDataOptions().calcs(["lastNotNull"])
    return stat.Panel().reduce_options(last).color_mode(looks.BigValueColorMode.BACKGROUND).no_value("-")


def _table(wanted: Panel) -> table.Panel:
    shown = models.DataTransformerConfig(
        id_val="organize", options={"excludeByName": {"Time": True, "Value": True}}
    )
    return table.Panel().with_transformation(shown)


_BUILDERS: dict[Kind, Callable[[Panel], _Made]] = {
    "lines": _lines,
    "stacked": _stacked,
    "number": _number,
    "table": _table,
}
