"""Who may import what: the outside world has one door each, and what decides knows none of them."""

import ast
from pathlib import Path

import pytest

import ocr_operator

PACKAGE = Path(ocr_operator.__file__).parent
MODULES = sorted(path.stem for path in PACKAGE.glob("*.py"))
SHELL = {"cli", "handlers", "cluster", "reconcile", "chart_backends", "endpoints", "work_queue", "metrics"}
DOORS = {
    "kopf": {"handlers"},
    "kubernetes": {"cluster"},
    "aiohttp": {"cluster", "endpoints"},
    "prometheus_client": {"metrics", "endpoints"},
    "asyncio": SHELL,
    "logging": SHELL,
}


def _imports(module: str) -> set[str]:
    """Everything that a module imports, as dotted names."""
    found = set()
    for node in ast.walk(ast.parse((PACKAGE / f"{module}.py").read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("outside", sorted(DOORS))
def test_the_outside_has_its_doors(outside: str) -> None:
    users = {module for module in MODULES if any(name.split(".")[0] == outside for name in _imports(module))}
    assert users <= DOORS[outside]


@pytest.mark.parametrize("module", sorted(set(MODULES) - SHELL))
def test_what_decides_knows_nobody_who_does(module: str) -> None:
    inner = {name.split(".")[1] for name in _imports(module) if name.startswith("ocr_operator.")}
    assert inner & SHELL == set()


def test_of_the_backend_only_its_tables_are_known() -> None:
    known = {
        name.split(".")[1]
        for module in MODULES
        for name in _imports(module)
        if name.startswith("ocr_backend")
    }
    assert known <= {"catalog", "settings", "settings_table", "environment"}
