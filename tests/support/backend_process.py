"""The real backend as a process on loopback, for the tests of everything that stands around it, and the demo.

Knows how to start it and nothing of what it answers.
"""

import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from server_process import free_port, serving_process

BUILTIN = {
    "OCR_MODEL_SOURCE": "builtin",
    "PADDLEOCR_VERSION": "PP-OCRv6",
    "PADDLEOCR_MODEL_TYPE": "mobile",
}
"""Settings of the small weights that are part of the installation."""

_SECONDS_TO_START = 120  # 3 s were measured on two busy cores
_OWN_PREFIXES = ("OCR_", "PADDLEOCR_", "LABEL_STUDIO_", "BASIC_AUTH_", "PROMETHEUS_")
_OWN_NAMES = ("WORKERS", "THREADS", "MODEL_DIR", "LOG_LEVEL")


@contextmanager
def running_backend(env: Mapping[str, str], log: Path | None = None) -> Iterator[str]:
    """The URL of a backend with these settings, from when it is ready until the end of the context.

    It sees nothing of the caller's own settings. Its log goes to `log`, by default to a temporary file.

    Raises:
        RuntimeError: it ended, or was not ready in time; the message holds the end of its log.
    """
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as folder:
        variables = {**_clean_environment(), **env, "OCR_HOST": "127.0.0.1", "OCR_PORT": str(port)}
        command = [sys.executable, "-m", "ocr_backend", "serve"]
        place = log or Path(folder) / "backend.log"
        with serving_process(command, variables, place, f"{url}/readyz", _SECONDS_TO_START):
            yield url


def _clean_environment() -> dict[str, str]:
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(_OWN_PREFIXES) and name not in _OWN_NAMES
    }
