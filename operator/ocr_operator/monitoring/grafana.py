"""Converts dashboards to JSON with Grafana's SDK, which no other module uses. Knows no single dashboard."""

import json
from collections.abc import Callable, Iterator

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
from grafana_foundation_sdk.models import common as common_models
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from ocr_operator.monitoring.dashboard_model import Dashboard, Panel, PanelKind, Query, Variable

_PanelBuilder = timeseries.Panel | stat.Panel | table.Panel

_DATA_SOURCE = models.DataSourceRef(type_val="prometheus", uid="${datasource}")
_GREEN, _ORANGE, _RED = "green", "orange", "red"
_NUMBER_HEIGHT, _HEIGHT = 4, 8


def dashboard_text(page: Dashboard, others: tuple[Dashboard, ...]) -> str:
    """The JSON of a dashboard for Grafana's import, with links to the other dashboards."""
    builder = (
        dashboard.Dashboard(page.title)
        .uid(uid(page))
        .description(page.description)
        .tags(["ocr-backend"])
        .readonly()
        .refresh("1m")
        .time("now-6h", "now")
        .with_variable(dashboard.DatasourceVariable("datasource").label("Data source").type("prometheus"))
    )
    for variable in page.variables:
        builder.with_variable(_variable(variable))
    for other in others:
        builder.link(_link(other))
    for panel in page.panels:
        builder.with_panel(_panel(panel))
    return json.dumps(builder.build(), cls=JSONEncoder, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def uid(page: Dashboard) -> str:
    """The identifier of the dashboard, the same in every Grafana."""
    return f"ocr-backend-{page.name}"


def _link(page: Dashboard) -> dashboard.DashboardLink:
    link = dashboard.DashboardLink(page.title).type(models.DashboardLinkType.LINK).url(f"/d/{uid(page)}")
    return link.keep_time(True).include_vars(True)


def _variable(variable: Variable) -> Builder[models.VariableModel]:
    return (
        dashboard.QueryVariable(variable.name)
        .label(variable.label)
        .datasource(_DATA_SOURCE)
        .query(f"label_values({variable.metric}, {variable.name})")
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(models.VariableSort.ALPHABETICAL_ASC)
        .multi(True)
        .include_all(True)
        .all_value(".*")
        .current(models.VariableOption(selected=True, text=["All"], value=["$__all"]))
    )


def _panel(panel: Panel) -> _PanelBuilder:
    builder = _BUILDERS[panel.kind](panel)
    builder.title(panel.title).description(panel.description).datasource(_DATA_SOURCE).unit(panel.unit)
    builder.span(panel.width).height(_NUMBER_HEIGHT if panel.kind == "number" else _HEIGHT)
    builder.thresholds(_thresholds(panel.thresholds))
    if panel.maximum is not None:
        builder.min(0).max(panel.maximum)
    for target in _targets(panel):
        builder.with_target(target)
    return builder


def _targets(panel: Panel) -> Iterator[prometheus.Dataquery]:
    for index, query in enumerate(panel.queries):
        yield _target(panel.kind, query, chr(ord("A") + index))


def _target(kind: PanelKind, query: Query, ref_id: str) -> prometheus.Dataquery:
    target = prometheus.Dataquery().expr(query.expression).ref_id(ref_id).datasource(_DATA_SOURCE)
    if query.legend:
        target.legend_format(query.legend)
    if kind == "table":
        return target.instant().format(PromQueryFormat.TABLE)
    return target.instant() if kind == "number" else target.range()


def _thresholds(thresholds: tuple[float, ...]) -> dashboard.ThresholdsConfig:
    steps = [models.Threshold(value=None, color=_GREEN)]
    colors = (_ORANGE, _RED)[2 - len(thresholds) :]
    steps += [
        models.Threshold(value=value, color=color) for value, color in zip(thresholds, colors, strict=True)
    ]
    return dashboard.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(steps)


def _lines(panel: Panel) -> timeseries.Panel:
    legend = (
        common.VizLegendOptions()
        .display_mode(common_models.LegendDisplayMode.LIST)
        .placement(common_models.LegendPlacement.BOTTOM)
        .show_legend(True)
    )
    builder = timeseries.Panel().legend(legend).fill_opacity(10).line_width(1).min(0)
    if panel.thresholds:
        dashed = common.GraphThresholdsStyleConfig().mode(common_models.GraphTresholdsStyleMode.DASHED)
        builder.thresholds_style(dashed)
    return builder


def _stacked(panel: Panel) -> timeseries.Panel:
    builder = _lines(panel).fill_opacity(40)
    return builder.stacking(common.StackingConfig().mode(common_models.StackingMode.NORMAL).group("A"))


def _number(_panel: Panel) -> stat.Panel:
    last = common.ReduceDataOptions().calcs(["lastNotNull"])
    return (
        stat.Panel().reduce_options(last).color_mode(common_models.BigValueColorMode.BACKGROUND).no_value("-")
    )


def _table(_panel: Panel) -> table.Panel:
    visible_columns = models.DataTransformerConfig(
        id_val="organize", options={"excludeByName": {"Time": True, "Value": True}}
    )
    return table.Panel().with_transformation(visible_columns)


_BUILDERS: dict[PanelKind, Callable[[Panel], _PanelBuilder]] = {
    "lines": _lines,
    "stacked": _stacked,
    "number": _number,
    "table": _table,
}
