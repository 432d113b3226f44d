"""Checks README: its make targets and links exist, and its local commands print the text that it shows."""

import re
import subprocess
from pathlib import Path

import pytest

from documents import blocks, script

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"


def test_every_named_make_target_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = set(re.findall(r"(?:^|`|=current )make ([a-z-]+)", README.read_text("utf-8"), re.MULTILINE))
    assert named
    assert named <= targets


def test_every_link_leads_to_a_file() -> None:
    links = re.findall(r"\]\((?!http)([^)#]+)", README.read_text("utf-8"))
    assert links
    assert not [link for link in links if not (ROOT / link).exists()]


@pytest.mark.model
def test_the_local_commands_print_the_shown_lines() -> None:
    expected = next(block.text for block in blocks(README) if block.language == "text")
    result = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script(README, "local")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert result.stdout == expected, result.stderr
