"""What a dashboard is made of: panels and their queries, as plain values.

Pure. `fleet_dashboard`, `backend_dashboard` and `operator_dashboard` define them, `grafana` writes the JSON.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from ocr_operator.api.conditions import Phase

PanelKind = Literal["lines", "stacked", "number", "table"]
Color = Literal["green", "blue", "yellow", "orange", "red", "text"]

PHASE_COLORS: Mapping[str, Color] = {
    Phase.READY: "green",
    Phase.ROLLING_OUT: "blue",
    Phase.QUEUED: "blue",
    Phase.DOWNLOADING: "blue",
    Phase.STARTING: "blue",
    Phase.PARTIALLY_READY: "yellow",
    Phase.PENDING: "yellow",
    Phase.ROLLED_BACK: "orange",
    Phase.FAILED: "red",
    "Suspended": "text",
}
"""Blue: on the way to Ready without action."""

SEVERITY_COLORS: Mapping[str, Color] = {"info": "blue", "warning": "orange", "critical": "red"}


@dataclass(frozen=True)
class Query:
    """A PromQL expression, and the legend template of its series."""

    expression: str
    legend: str = ""


@dataclass(frozen=True)
class Level:
    """The color of values from `minimum` on; the first level of a panel has no minimum."""

    minimum: float
    color: Color


@dataclass(frozen=True)
class Panel:
    """One panel. `description` states the question that it answers; `width` is in Grafana's 24 columns.

    `maximum` ends the y-axis. `colors` belong to the values of a table's column or to the series of a
    legend. `links_to` names the dashboard that shows the OCRBackend or variant of a table's row.
    """

    title: str
    description: str
    kind: PanelKind
    queries: tuple[Query, ...]
    unit: str = "short"
    width: int = 8
    levels: tuple[Level, ...] = (Level(0, "green"),)
    maximum: float | None = None
    colors: Mapping[str, Color] = field(default_factory=dict)
    links_to: str = ""


def rising(*limits: float) -> tuple[Level, ...]:
    """Green below the one or two limits, and orange or red from there on."""
    colors: tuple[Color, ...] = ("orange", "red")
    worse = zip(limits, colors[2 - len(limits) :], strict=True)
    return (Level(0, "green"), *(Level(limit, color) for limit, color in worse))


@dataclass(frozen=True)
class Variable:
    """A dashboard variable: a drop-down with the values of a label. `is_single`: exactly one is chosen."""

    name: str
    label: str
    metric: str
    is_single: bool = False


@dataclass(frozen=True)
class Dashboard:
    """One Grafana dashboard; `name` is its file name without suffix."""

    name: str
    title: str
    description: str
    variables: tuple[Variable, ...]
    panels: tuple[Panel, ...]
