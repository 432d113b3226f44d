"""Checks docs/glossary.md: its terms are used, and the words that they replaced are not."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
GLOSSARY = ROOT / "docs" / "glossary.md"
TEXTS = (".py", ".md", ".yaml", ".yml", ".json", ".tpl", ".txt", ".html", ".js", ".toml")
PATHS = ("backend", "operator", "chart", "docs", "README.md", "CONTRIBUTING.md", "benchmarks", "tests")
"""Where retired words must not stand."""

EXCEPT = (GLOSSARY, Path(__file__))
FROZEN = ROOT / "tests" / "data"

NAMELESS = {"told", "said", "wanted", "found", "there", "given", "own", "kept", "one", "place"}
"""Names of variables and parameters that do not say what they contain."""

ROWS = re.findall(
    r"^\| (?!Term |---)([^|]+) \| [^|]+ \| ([^|]*)\|$", GLOSSARY.read_text("utf-8"), re.MULTILINE
)
TERMS = [term for term, _ in ROWS]
RETIRED = [word.strip() for _, words in ROWS for word in words.split(",") if word.strip()]


def _files() -> Iterator[Path]:
    for name in PATHS:
        paths = [ROOT / name] if (ROOT / name).is_file() else sorted((ROOT / name).rglob("*"))
        yield from (path for path in paths if path.suffix in TEXTS and path not in EXCEPT)


FILES = {path: path.read_text("utf-8") for path in _files() if not path.is_relative_to(FROZEN)}
PROSE = " ".join(text for path, text in FILES.items() if not path.is_relative_to(ROOT / "tests"))


def _pattern(phrase: str) -> re.Pattern[str]:
    """Matches the phrase as complete words, also across a line break and in the plural."""
    words = r"[\s_]+".join(map(re.escape, phrase.split()))
    return re.compile(rf"(?<![a-z]){words}s?(?![a-z])", re.IGNORECASE)


@pytest.mark.parametrize("term", TERMS)
def test_a_term_is_used(term: str) -> None:
    assert _pattern(term).search(PROSE), f"docs/glossary.md explains {term!r}, but it is not used"


@pytest.mark.parametrize("word", RETIRED)
def test_a_retired_word_is_not_used(word: str) -> None:
    files = [str(path.relative_to(ROOT)) for path, text in FILES.items() if _pattern(word).search(text)]
    assert files == [], f"use the term in docs/glossary.md instead of {word!r}"


def _names(tree: ast.AST) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id, node.lineno
        elif isinstance(node, ast.arg):
            yield node.arg, node.lineno


@pytest.mark.parametrize(
    "path",
    [path for path in FILES if path.suffix == ".py"],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_names_of_variables_say_what_they_contain(path: Path) -> None:
    names = [f"{name} in line {line}" for name, line in _names(ast.parse(FILES[path])) if name in NAMELESS]
    assert names == []
