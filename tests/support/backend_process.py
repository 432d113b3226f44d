"""The real backend as a process on loopback, for tests and the demo.

Knows how to start it, and nothing about its responses.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from server_process import free_port, serving_process

BUILTIN = {
    "OCR_MODEL_SOURCE": "builtin",
    "PADDLEOCR_VERSION": "PP-OCRv6",
    "PADDLEOCR_MODEL_TYPE": "mobile",
}
"""Settings for the builtin models."""

SERVE = (sys.executable, "-m", "ocr_backend", "serve")

_SECONDS_TO_START = 120  # measured: 3 s on two busy cores
_SETTING_PREFIXES = ("OCR_", "PADDLEOCR_", "LABEL_STUDIO_", "BASIC_AUTH_", "PROMETHEUS_")
_SETTING_NAMES = ("WORKERS", "THREADS", "MODEL_DIR", "LOG_LEVEL")


@dataclass(frozen=True)
class Backend:
    """A running backend; `log` is the file with its output."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path


@contextmanager
def running_backend(env: Mapping[str, str], log: Path | None = None) -> Iterator[str]:
    """The URL of a backend with these settings, ready until the end of the context.

    Its output goes to the file `log`, by default to a temporary file.

    Raises:
        RuntimeError: it ended, or was not ready in time; the message contains the end of its log.
    """
    with (
        tempfile.TemporaryDirectory() as folder,
        backend_process(env, log or Path(folder) / "log") as backend,
    ):
        yield backend.url


@contextmanager
def backend_process(env: Mapping[str, str], log: Path, command: Sequence[str] = SERVE) -> Iterator[Backend]:
    """The same, with the process and its log. `command` starts the server."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    variables = {**clean_environment(), **env, "OCR_HOST": "127.0.0.1", "OCR_PORT": str(port)}
    with serving_process(command, variables, log, f"{url}/readyz", _SECONDS_TO_START) as process:
        yield Backend(url, process, log)


def clean_environment() -> dict[str, str]:
    """The environment without settings of a backend."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(_SETTING_PREFIXES) and name not in _SETTING_NAMES
    }
