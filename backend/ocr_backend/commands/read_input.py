"""Input of `ocr-backend read`: files, and `-` for standard input."""

import sys
from pathlib import Path

STANDARD_INPUT = "-"


def input_problem(name: str) -> str | None:
    """Why an input cannot be read, or None; does not open it."""
    if name == STANDARD_INPUT:
        return None
    if "://" in name and not Path(name).exists():
        return "URLs are not read; download the file and give its name"
    path = Path(name)
    try:
        if path.is_dir():
            return "it is a folder; name the files in it"
        path.stat()
    except OSError as error:
        return str(error.strerror)
    return None


def input_content(name: str) -> bytes:
    """The content of an input.

    Raises:
        OSError: it cannot be read.
    """
    return sys.stdin.buffer.read() if name == STANDARD_INPUT else Path(name).read_bytes()
