"""What is wrong with the command line is said before Label Studio is asked."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--filter", "{bad"], "--filter must be the id of a view"),
        (["--failures", "/nonexistent/list.jsonl"], "the list of failures cannot be written"),
    ],
)
def test_wrong_arguments_are_reported_at_once(arguments: list[str], message: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ocr_backend", "prelabel", "--project", "1", *arguments],
        env={
            "PATH": os.environ["PATH"],
            "LABEL_STUDIO_URL": "http://127.0.0.1:9",  # nobody answers, which would be tried for minutes
            "LABEL_STUDIO_API_KEY": "token",
        },
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2
    assert message in done.stderr
    assert "start again to continue" not in done.stderr
