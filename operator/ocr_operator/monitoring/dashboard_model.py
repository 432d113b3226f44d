"""What a dashboard consists of, in plain values: pages of panels with their queries.

Pure; `grafana` makes the JSON of it, `fleet_page`, `backend_page` and `operator_page` say what is shown.
"""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["lines", "stacked", "number", "table"]


@dataclass(frozen=True)
class Query:
    """An expression, and the template of the names of its series."""

    expression: str
    legend: str = ""


@dataclass(frozen=True)
class Panel:
    """One panel: the question that it answers as its description; `width` of 24.

    `worse_from`: values from which it is orange, and red; smaller ones are green.
    """

    title: str
    description: str
    kind: Kind
    queries: tuple[Query, ...]
    unit: str = "short"
    width: int = 8
    worse_from: tuple[float, ...] = ()
    top: float | None = None


@dataclass(frozen=True)
class Variable:
    """A choice at the top of a dashboard: the values of a label."""

    name: str
    label: str
    metric: str


@dataclass(frozen=True)
class Dashboard:
    """A page of Grafana; `name` is that of its file."""

    name: str
    title: str
    description: str
    variables: tuple[Variable, ...]
    panels: tuple[Panel, ...]
