"""The manual's table of faults names tests that are there, and leaves none of the files about faults out."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
LIGHT = ROOT / "tests" / "operator" / "light"
ABOUT_FAULTS = ("test_crashes", "test_outages", "test_hurries")


def _named() -> list[tuple[str, str]]:
    manual = (ROOT / "docs" / "operating.md").read_text("utf-8")
    return re.findall(r"\| `(test_\w+)::(test_\w+)` \|$", manual, re.MULTILINE)


def _tests(module: str) -> set[str]:
    return set(re.findall(r"^def (test_\w+)", (LIGHT / f"{module}.py").read_text("utf-8"), re.MULTILINE))


def test_each_row_names_a_test() -> None:
    assert len(_named()) > len(ABOUT_FAULTS)
    assert not [(module, name) for module, name in _named() if name not in _tests(module)]


def test_each_test_of_a_fault_has_a_row() -> None:
    for module in ABOUT_FAULTS:
        assert not _tests(module) - {name for there, name in _named() if there == module}
