"""The folder in which tests keep what is costly to make, and environments made there from lock files.

Knows nothing of what is installed; `label_studio` and the tests of `label-studio-ml` use it.
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
"""Takes one line for the person at the terminal."""

_UV = Path(sys.executable).with_name("uv")
_SECONDS_BETWEEN_LINES = 10


def cache_folder() -> Path:
    """`OCR_CACHE_DIR`, or else `ocr-backend` in the user's cache; not made here."""
    if given := os.environ.get("OCR_CACHE_DIR"):
        return Path(given)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "ocr-backend")


def made_once(folder: Path, make: Callable[[Path], None]) -> Path:
    """The folder; if it is not there, `make` fills one beside it, which is then renamed.

    So it is there whole or not at all, also when two sessions make it at once.
    """
    if folder.exists():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as beside:
        made = Path(beside, folder.name)
        made.mkdir()
        make(made)
        try:
            made.rename(folder)
        except OSError:
            if not folder.exists():  # else another session was quicker
                raise
    return folder


def environment_from(lock: Path, say: Say) -> Path:
    """Folder of a virtual environment with exactly the packages of a lock file with hashes."""
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
        run_aloud(venv, f"making an environment for {name}", say)
        run_aloud([*install, "--python", folder / "bin" / "python", "-r", lock], f"installing {name}", say)

    return made_once(cache_folder() / f"{name}-{digest[:12]}", make)


def install_into(folder: Path, lock: Path, python: str, say: Say) -> None:
    """Puts the packages of a lock file with hashes into a new folder, for a Python of that version."""
    how: list[str | Path] = ["--quiet", "--compile-bytecode", "--require-hashes", "--no-deps"]
    where: list[str | Path] = ["--python-version", python, "--target", folder, "-r", lock]
    run_aloud([_UV, "pip", "install", *how, *where], f"unpacking {lock.stem} for Python {python}", say)


def run_aloud(
    command: Sequence[str | Path], title: str, say: Say, environment: Mapping[str, str] | None = None
) -> None:
    """Runs a command and says every few seconds how long it has taken.

    Raises:
        RuntimeError: it failed; the message holds the end of what it printed.
    """
    begun = time.monotonic()
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=environment)
        while _is_running(process):
            say(f"{title} ... {time.monotonic() - begun:.0f} s")
        if process.returncode:
            output.seek(0)
            raise RuntimeError(f"{title} failed with {process.returncode}:\n{output.read()[-4000:]}")
    say(f"{title}: done in {time.monotonic() - begun:.0f} s")


def _is_running(process: subprocess.Popen[bytes]) -> bool:
    try:
        process.wait(timeout=_SECONDS_BETWEEN_LINES)
    except subprocess.TimeoutExpired:
        return True
    return False
