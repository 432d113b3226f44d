"""chart/README.md: every value of the chart with its default and what values.yaml says of it.

`generated_files` writes the page. What is said of a value is the comment right above its key; a comment of a
group is told where the group begins.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

_CHART = Path(__file__).parents[3] / "chart"
VALUES_FILE = _CHART / "values.yaml"
PAGE = _CHART / "README.md"

_HEADER = """# Values of the chart

<!-- Made by `make generate` from values.yaml; edit that, not this. -->

Unknown keys are refused. Files to begin with, each with `helm install --values`:

| File | For |
| --- | --- |
"""
_SHOWN_WHOLE = ("backends",)
"""Defaults that are one object, told as one value."""


@dataclass(frozen=True)
class Value:
    """A key of values.yaml. `default`: JSON-like text, empty for a group. `said`: its comment on one line."""

    path: str
    default: str
    said: str


def values(text: str) -> list[Value]:
    """The keys of a values file, groups before what is in them, in the file's order."""
    root = yaml.compose(text)
    if not isinstance(root, yaml.MappingNode):
        return []
    return list(_values(root, "", text.splitlines()))


def _values(mapping: yaml.MappingNode, parent: str, lines: list[str]) -> Iterator[Value]:
    for key, value in mapping.value:
        path = f"{parent}{key.value}"
        said = _comment_above(lines, key.start_mark.line)
        if isinstance(value, yaml.MappingNode) and not value.flow_style and path not in _SHOWN_WHOLE:
            if said:
                yield Value(path, "", said)
            yield from _values(value, f"{path}.", lines)
        else:
            yield Value(path, _shown(value), said)


def _comment_above(lines: list[str], number: int) -> str:
    """The comment that ends above a line (counted from 0); indented examples in it are left out."""
    found: list[str] = []
    while number and lines[number - 1].lstrip().startswith("#"):
        number -= 1
        text = lines[number].lstrip().removeprefix("#").removeprefix(" ")
        if not text.startswith(" "):
            found.insert(0, text)
    return " ".join(found)


def _shown(node: yaml.Node) -> str:
    data: Any = yaml.safe_load(yaml.serialize(node))
    text = yaml.safe_dump(data, default_flow_style=True, sort_keys=False, width=10_000)
    return text.removesuffix("...\n").strip()


def page(text: str, files: dict[str, str] | None = None) -> str:
    """The page for a values file; `files` are the example files by name, the chart's own by default."""
    about = files if files is not None else example_files()
    examples = "".join(f"| [{name}]({name}) | {about[name]} |\n" for name in sorted(about))
    rows = "".join(_row(value) for value in values(text))
    return f"{_HEADER}{examples}\n| Value | Default | Meaning |\n| --- | --- | --- |\n{rows}"


def example_files() -> dict[str, str]:
    """What each values-*.yaml says of itself in its first comment."""
    return {path.name: _head(path.read_text("utf-8")) for path in sorted(_CHART.glob("values-*.yaml"))}


def _head(text: str) -> str:
    lines = text.splitlines()
    first_key = next(number for number, line in enumerate(lines) if not line.startswith("#"))
    return _comment_above(lines, first_key)


def _row(value: Value) -> str:
    default = f"`{value.default}`" if value.default else ""
    cells = (f"`{value.path}`", default, value.said)
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |\n"
