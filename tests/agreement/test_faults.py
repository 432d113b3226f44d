"""The fault table in docs/operating.md names existing tests, and every test of the fault modules."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
LIGHT = ROOT / "tests" / "operator" / "light"
FAULT_MODULES = ("test_crashes", "test_outages", "test_rapid_changes")


def _listed_tests() -> list[tuple[str, str]]:
    manual = (ROOT / "docs" / "operating.md").read_text("utf-8")
    return re.findall(r"\| `(test_\w+)::(test_\w+)` \|$", manual, re.MULTILINE)


def _tests(module: str) -> set[str]:
    return set(re.findall(r"^def (test_\w+)", (LIGHT / f"{module}.py").read_text("utf-8"), re.MULTILINE))


def test_each_row_names_an_existing_test() -> None:
    assert len(_listed_tests()) > len(FAULT_MODULES)
    assert not [(module, name) for module, name in _listed_tests() if name not in _tests(module)]


def test_every_row_of_the_fault_table_names_a_test() -> None:
    manual = (ROOT / "docs" / "operating.md").read_text("utf-8")
    _, table = manual.split("| Fault | Result | Time limit | Test |\n| --- | --- | --- | --- |\n")
    rows, _, _ = table.partition("\n\n")
    assert len(rows.splitlines()) == len(_listed_tests())


def test_each_fault_test_has_a_row() -> None:
    for module in FAULT_MODULES:
        assert not _tests(module) - {
            name for listed_module, name in _listed_tests() if listed_module == module
        }
