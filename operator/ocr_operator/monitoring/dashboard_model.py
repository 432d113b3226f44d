"""What a dashboard is made of: panels and their queries, as plain values.

Pure. `fleet_dashboard`, `backend_dashboard` and `operator_dashboard` define them, `grafana` writes the JSON.
"""

from dataclasses import dataclass
from typing import Literal

PanelKind = Literal["lines", "stacked", "number", "table"]


@dataclass(frozen=True)
class Query:
    """A PromQL expression, and the legend template of its series."""

    expression: str
    legend: str = ""


@dataclass(frozen=True)
class Panel:
    """One panel. `description` states the question that it answers; `width` is in Grafana's 24 columns.

    Values are green below the one or two `thresholds`, and orange or red from there on. `maximum` ends the
    y-axis.
    """

    title: str
    description: str
    kind: PanelKind
    queries: tuple[Query, ...]
    unit: str = "short"
    width: int = 8
    thresholds: tuple[float, ...] = ()
    maximum: float | None = None


@dataclass(frozen=True)
class Variable:
    """A dashboard variable: a drop-down with the values of a label."""

    name: str
    label: str
    metric: str


@dataclass(frozen=True)
class Dashboard:
    """One Grafana dashboard; `name` is its file name without suffix."""

    name: str
    title: str
    description: str
    variables: tuple[Variable, ...]
    panels: tuple[Panel, ...]
