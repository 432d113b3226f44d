"""Without the packages of its extra, prelabel names the missing one, and other commands work."""

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


def test_the_missing_package_is_named() -> None:
    done = run("prelabel", "--project", "1")
    assert done.returncode == 2, done.stderr
    assert "the package label_studio_sdk" in done.stderr
    assert "docs/projects.md" in done.stderr


def test_other_commands_work_without_it() -> None:
    done = run("settings")
    assert (done.returncode, "LABEL_STUDIO_URL" in done.stdout) == (0, True), done.stderr
