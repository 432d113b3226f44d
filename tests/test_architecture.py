"""docs/architecture.md names every room, and only existing rooms and modules."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "architecture.md").read_text("utf-8")
PACKAGES = {"backend": ROOT / "backend" / "ocr_backend", "operator": ROOT / "operator" / "ocr_operator"}
FLOWS = (
    "A predict request",
    "A drawn box",
    "A model download",
    "A change of an OCRBackend",
    "A rollout",
)


def _rooms(package: Path) -> set[str]:
    return {path.parent.name for path in package.glob("*/__init__.py")}


def _section(title: str) -> str:
    [text] = re.findall(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL)
    return str(text)


@pytest.mark.parametrize("package", PACKAGES)
def test_the_table_names_exactly_the_rooms(package: str) -> None:
    named = set(re.findall(r"^\| `(\w+)` \|", _section(f"Rooms of the {package}"), re.MULTILINE))
    assert named == _rooms(PACKAGES[package])


@pytest.mark.parametrize("flow", FLOWS)
def test_each_flow_has_a_diagram_that_names_rooms(flow: str) -> None:
    text = _section(flow)
    rooms = _rooms(PACKAGES["backend"]) | _rooms(PACKAGES["operator"])
    assert "```mermaid" in text
    assert [room for room in rooms if room in text]


def test_each_named_module_exists() -> None:
    for room, module in re.findall(r"`(\w+)/(\w+)`", TEXT):
        paths = [package / room / module for package in PACKAGES.values() if room not in PACKAGES]
        exists = any(path.is_dir() or path.with_suffix(".py").is_file() for path in paths)
        assert room in PACKAGES or exists, f"{room}/{module}"
