"""The command `ocr-backend prelabel` as a process of its own, as a person or a Job starts it.

Knows how to start it and nothing of what it does.
"""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from backend_process import clean_environment

_SECONDS_TO_END = 300
_JOB_VARIABLES = ("JOB_COMPLETION_INDEX", "PRELABEL_SHARDS")


@dataclass(frozen=True)
class ProcessResult:
    """How a command has ended."""

    status: int
    out: str
    err: str


def start(arguments: Sequence[object], env: Mapping[str, str], folder: Path) -> subprocess.Popen[str]:
    """The command, running in a folder; it sees nothing of the caller's own settings."""
    variables = {name: text for name, text in clean_environment().items() if name not in _JOB_VARIABLES}
    return subprocess.Popen(
        [sys.executable, "-m", "ocr_backend", "prelabel", *map(str, arguments)],
        env={**variables, **env},
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def end(process: subprocess.Popen[str]) -> ProcessResult:
    """What it has said, once it has ended by itself; else it is killed.

    Raises:
        TimeoutExpired: it was killed.
    """
    try:
        out, err = process.communicate(timeout=_SECONDS_TO_END)
    except subprocess.TimeoutExpired:
        process.kill()
        with suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=_SECONDS_TO_END)
        raise
    return ProcessResult(process.returncode, out, err)
