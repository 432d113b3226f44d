"""Who may import what: the outside world has one door each, and what decides knows none of them."""

import ast
from pathlib import Path

import pytest

import ocr_operator

PACKAGE = Path(ocr_operator.__file__).parent
MODULES = sorted(path.stem for path in PACKAGE.glob("*.py"))
SHELL = {
    "audit",
    "chart_backends",
    "cli",
    "cluster",
    "election",
    "endpoints",
    "event_log",
    "failpoints",
    "handlers",
    "late_kinds",
    "logs",
    "metrics",
    "progress_reader",
    "reconcile",
    "status_metrics",
    "work_queue",
}
DOORS = {
    "kopf": {"handlers"},
    "kubernetes": {"cluster"},
    "aiohttp": {"cluster", "endpoints", "progress_reader"},
    "prometheus_client": {"metrics", "endpoints", "status_metrics"},
    "asyncio": SHELL,
    "logging": SHELL,
}


def _imports(module: str) -> set[str]:
    """Everything that a module imports, as dotted names."""
    return _imports_of(PACKAGE / f"{module}.py")


def _imports_of(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
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


@pytest.mark.parametrize("path", sorted((PACKAGE / "kubectl").glob("*.py")), ids=lambda path: path.stem)
def test_the_plugin_uses_what_decides_and_nothing_that_runs_the_operator(path: Path) -> None:
    inner = {name.split(".")[1] for name in _imports_of(path) if name.startswith("ocr_operator.")}
    assert inner <= {"kubectl", "causes", "conditions", "names", "observation", "reasons", "rollout_record"}


@pytest.mark.parametrize("module", MODULES)
def test_the_operator_does_not_know_the_plugin(module: str) -> None:
    assert not [name for name in _imports(module) if name.startswith("ocr_operator.kubectl")]
