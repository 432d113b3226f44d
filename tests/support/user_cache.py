"""The cache folder of tests for slow results, such as virtual environments from lock files.

Knows nothing about what is installed; `label_studio` and other modules use it.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

Say = Callable[[str], None]
"""Prints one line for the user."""

_UV = Path(sys.executable).with_name("uv")
_SECONDS_BETWEEN_LINES = 10


def cache_folder() -> Path:
    """`OCR_CACHE_DIR`, or `ocr-backend` in the user's cache; does not create it."""
    if folder := os.environ.get("OCR_CACHE_DIR"):
        return Path(folder)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "ocr-backend")


def created_once(folder: Path, make: Callable[[Path], None]) -> Path:
    """The folder; if it does not exist, `make` fills a temporary one, which is then renamed.

    So the folder is never incomplete, also if two sessions create it at once.
    """
    if folder.exists():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as parent:
        temporary = Path(parent, folder.name)
        temporary.mkdir()
        make(temporary)
        try:
            temporary.rename(folder)
        except OSError:
            if not folder.exists():  # otherwise another session has created it meanwhile
                raise
    return folder


def environment_from(lock: Path, say: Say) -> Path:
    """The folder of a virtual environment with exactly the packages of a lock file with hashes."""
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    digest = hashlib.sha256(f"python {python}\n".encode() + lock.read_bytes()).hexdigest()
    name = lock.stem.removesuffix("-requirements")

    def make(folder: Path) -> None:
        venv: list[str | Path] = [_UV, "venv", "--quiet", "--relocatable", "--python", sys.executable, folder]
        install: list[str | Path] = [
            _UV,
            "pip",
            "install",
            "--quiet",
            "--compile-bytecode",
            "--require-hashes",
        ]
        run_with_progress(venv, f"creating an environment for {name}", say)
        run_with_progress(
            [*install, "--python", folder / "bin" / "python", "-r", lock], f"installing {name}", say
        )

    return created_once(cache_folder() / f"{name}-{digest[:12]}", make)


def install_into(folder: Path, lock: Path, python: str, say: Say) -> None:
    """Installs the packages of a lock file with hashes into a new folder, for this version of Python."""
    options: list[str | Path] = ["--quiet", "--compile-bytecode", "--require-hashes", "--no-deps"]
    target: list[str | Path] = ["--python-version", python, "--target", folder, "-r", lock]
    run_with_progress(
        [_UV, "pip", "install", *options, *target], f"installing {lock.stem} for Python {python}", say
    )


def run_with_progress(
    command: Sequence[str | Path], title: str, say: Say, environment: Mapping[str, str] | None = None
) -> None:
    """Runs a command, and prints every few seconds how long it has taken.

    Raises:
        RuntimeError: it failed; the message contains the end of its output.
    """
    started = time.monotonic()
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=environment)
        while _is_running(process):
            say(f"{title} ... {time.monotonic() - started:.0f} s")
        if process.returncode:
            output.seek(0)
            raise RuntimeError(f"{title} failed with {process.returncode}:\n{output.read()[-4000:]}")
    say(f"{title}: done in {time.monotonic() - started:.0f} s")


def _is_running(process: subprocess.Popen[bytes]) -> bool:
    try:
        process.wait(timeout=_SECONDS_BETWEEN_LINES)
    except subprocess.TimeoutExpired:
        return True
    return False
