"""Runs the command `ocr-backend prelabel` as a process, as a user or a Job does.

Knows how to start it, and nothing of what it does.
"""

import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from backend_process import clean_environment

_TIMEOUT_SECONDS = 300
_JOB_VARIABLES = ("JOB_COMPLETION_INDEX", "PRELABEL_SHARDS")


@dataclass(frozen=True)
class ProcessResult:
    """Exit status and output of a command."""

    status: int
    out: str
    err: str


Prelabel = Callable[..., ProcessResult]
"""Runs the command with arguments and, as keywords, environment variables."""


def start(arguments: Sequence[object], env: Mapping[str, str], folder: Path) -> subprocess.Popen[str]:
    """The command, running in a folder, without the settings of the caller."""
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
    """The result of the command after it has ended; kills it after a timeout.

    Raises:
        TimeoutExpired: the command was killed.
    """
    try:
        out, err = process.communicate(timeout=_TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        with suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=_TIMEOUT_SECONDS)
        raise
    return ProcessResult(process.returncode, out, err)
