"""What README says of this tree, tried: its targets exist, its local commands read the image it shows."""

import re
import subprocess
from pathlib import Path

import pytest

from documents import blocks, script

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"


def test_every_target_of_make_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = set(re.findall(r"(?:^|`|=current )make ([a-z-]+)", README.read_text("utf-8"), re.MULTILINE))
    assert named
    assert named <= targets


def test_every_link_leads_to_a_file() -> None:
    links = re.findall(r"\]\((?!http)([^)#]+)", README.read_text("utf-8"))
    assert links
    assert not [link for link in links if not (ROOT / link).exists()]


@pytest.mark.model
def test_the_local_commands_read_the_lines_that_are_shown() -> None:
    shown = next(block.text for block in blocks(README) if block.language == "text")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script(README, "local")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stdout == shown, done.stderr
