"""The sizes of both packages: short files and functions, few parameters, flat code, small folders."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = (ROOT / "backend" / "ocr_backend", ROOT / "operator" / "ocr_operator")
FILES = sorted(path for package in PACKAGES for path in package.rglob("*.py"))
FOLDERS = sorted({path.parent for path in FILES})

MAX_FILE_LINES = 250
MAX_FUNCTION_LINES = 45
MAX_PARAMETERS = 5
MAX_NESTING = 2
MAX_MODULES = 20
MAX_TOP_ENTRIES = 16

COMPOUND = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.Match)


def _functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (function.end_lineno or 0) - function.lineno + 1


def _parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    arguments = function.args
    names = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    return len([name for name in names if name not in ("self", "cls")])


def _nesting(node: ast.AST) -> int:
    """Depth of compound statements below a node; an `elif` counts as an `if` in the `else`."""
    inner = max((_nesting(child) for child in ast.iter_child_nodes(node)), default=0)
    return inner + isinstance(node, COMPOUND)


def _faults(path: Path) -> Iterator[str]:
    length = len(path.read_text("utf-8").splitlines())
    if length > MAX_FILE_LINES:
        yield f"{length} lines, at most {MAX_FILE_LINES}"
    measures = (
        ("lines", _lines, MAX_FUNCTION_LINES),
        ("parameters", _parameters, MAX_PARAMETERS),
        ("levels of nesting", _nesting, MAX_NESTING),
    )
    for function in _functions(path):
        for unit, measure, limit in measures:
            if (number := measure(function)) > limit:
                yield f"{function.name}: {number} {unit}, at most {limit}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_file_is_within_the_limits(path: Path) -> None:
    assert list(_faults(path)) == []


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_folder_has_few_modules(folder: Path) -> None:
    assert len(list(folder.glob("*.py"))) <= MAX_MODULES


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.name)
def test_the_top_of_the_package_has_few_entries(package: Path) -> None:
    entries = {path.name for path in package.iterdir()} - {"__pycache__"}
    assert len(entries) <= MAX_TOP_ENTRIES


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_init_of_a_room_is_a_docstring_of_two_paragraphs(folder: Path) -> None:
    tree = ast.parse((folder / "__init__.py").read_text("utf-8"))
    text = ast.get_docstring(tree) or ""
    if folder in PACKAGES:
        assert text
    else:
        assert len(tree.body) == 1, "only a docstring"
        assert len(text.split("\n\n")) == 2, "what the room knows, then what it must not know"
