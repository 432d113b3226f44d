"""Converts dashboards to JSON with Grafana's SDK, which no other module uses. Knows no single dashboard."""

import json
from collections.abc import Callable, Iterator, Mapping

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

from ocr_operator.monitoring.dashboard_model import (
    Color,
    Dashboard,
    Level,
    Panel,
    PanelKind,
    Query,
    Variable,
)

_PanelBuilder = timeseries.Panel | stat.Panel | table.Panel

_DATA_SOURCE = models.DataSourceRef(type_val="prometheus", uid="${datasource}")
_NUMBER_HEIGHT, _HEIGHT = 4, 8


def dashboard_text(page: Dashboard, others: tuple[Dashboard, ...]) -> str:
    """The JSON of a dashboard for Grafana's import, with links to the other dashboards."""
    builder = (
        dashboard.Dashboard(page.title)
        .uid(uid(page))
        .description(page.description)
        .tags(["ocr-backend"])
        .editable()
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
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
    return _uid(page.name)


def _uid(name: str) -> str:
    return f"ocr-backend-{name}"


def _link(page: Dashboard) -> dashboard.DashboardLink:
    link = dashboard.DashboardLink(page.title).type(models.DashboardLinkType.LINK).url(f"/d/{uid(page)}")
    return link.keep_time(True).include_vars(True)


def _variable(variable: Variable) -> Builder[models.VariableModel]:
    builder = (
        dashboard.QueryVariable(variable.name)
        .label(variable.label)
        .datasource(_DATA_SOURCE)
        .query(f"label_values({variable.metric}, {variable.name})")
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(models.VariableSort.ALPHABETICAL_ASC)
    )
    if variable.is_single:
        return builder
    everything = models.VariableOption(selected=True, text=["All"], value=["$__all"])
    return builder.multi(True).include_all(True).all_value(".*").current(everything)


def _panel(panel: Panel) -> _PanelBuilder:
    builder = _BUILDERS[panel.kind](panel)
    builder.title(panel.title).description(panel.description).datasource(_DATA_SOURCE).unit(panel.unit)
    builder.span(panel.width).height(_NUMBER_HEIGHT if panel.kind == "number" else _HEIGHT)
    builder.thresholds(_thresholds(panel.levels))
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


def _thresholds(levels: tuple[Level, ...]) -> dashboard.ThresholdsConfig:
    steps = [
        models.Threshold(value=level.minimum if index else None, color=level.color)
        for index, level in enumerate(levels)
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
    for name, color in panel.colors.items():
        fixed = {"mode": "fixed", "fixedColor": color}
        builder.override_by_name(name, [models.DynamicConfigValue("color", fixed)])
    if len(panel.levels) > 1:
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


def _table(panel: Panel) -> table.Panel:
    visible_columns = models.DataTransformerConfig(
        id_val="organize", options={"excludeByName": {"Time": True, "Value": True}}
    )
    builder = table.Panel().with_transformation(visible_columns)
    if panel.colors:
        colored = models.DynamicConfigValue("custom.cellOptions", {"type": "color-text"})
        mapping = models.DynamicConfigValue("mappings", [_value_colors(panel.colors)])
        builder.override_by_regexp("phase|severity", [mapping, colored])
    if panel.links_to:
        link = {"title": "Show its dashboard", "url": _row_url(panel.links_to)}
        links = models.DynamicConfigValue("links", [link])
        builder.override_by_regexp("ocrbackend|variant", [links])
    return builder


def _value_colors(colors: Mapping[str, Color]) -> models.ValueMap:
    results = enumerate(colors.items())
    return models.ValueMap(
        {value: models.ValueMappingResult(color=color, index=index) for index, (value, color) in results}
    )


def _row_url(name: str) -> str:
    """The dashboard of a row's variant, in the same time range and data source."""
    labels = "&".join(
        f"var-{label}=${{__data.fields.{label}}}" for label in ("namespace", "ocrbackend", "variant")
    )
    return f"/d/{_uid(name)}?{labels}&${{datasource:queryparam}}&${{__url_time_range}}"


_BUILDERS: dict[PanelKind, Callable[[Panel], _PanelBuilder]] = {
    "lines": _lines,
    "stacked": _stacked,
    "number": _number,
    "table": _table,
}
