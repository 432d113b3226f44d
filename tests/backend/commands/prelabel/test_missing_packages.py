"""Without the packages of its extra, prelabel says what is missing, and the other commands work."""

import os
import subprocess
import sys

SCRIPT = """
import sys
sys.modules["label_studio_sdk"] = None  # as if it were not installed
from ocr_backend.commands.cli import main
main(sys.argv[1:])
"""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", SCRIPT, *arguments]
    return subprocess.run(command, capture_output=True, text=True, env={"PATH": os.environ["PATH"]})


def test_what_is_missing_is_named() -> None:
    ended = run("prelabel", "--project", "1")
    assert ended.returncode == 2, ended.stderr
    assert "needs more packages (label_studio_sdk" in ended.stderr
    assert "docs/projects.md" in ended.stderr


def test_other_commands_do_without() -> None:
    ended = run("settings")
    assert (ended.returncode, "LABEL_STUDIO_URL" in ended.stdout) == (0, True), ended.stderr
