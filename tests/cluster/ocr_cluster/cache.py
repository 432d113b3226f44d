"""The cache folder: programs, images and one run folder per cluster.

Only this module knows where it is. It does not know what is put there.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def root() -> Path:
    """The cache folder, created if absent: `OCR_CACHE_DIR`, else `ocr-backend` below `XDG_CACHE_HOME`."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(os.environ.get("OCR_CACHE_DIR") or Path(base) / "ocr-backend").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def programs() -> Path:
    """Built programs, one folder per set of sources and flags."""
    return _created(root() / "programs")


def clusters() -> Path:
    """One run folder per cluster, named after it."""
    return _created(root() / "clusters")


def images() -> Path:
    """Archives of container images."""
    return _created(root() / "images")


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Holds the lock of this name; other processes with the same cache folder wait for it."""
    with (root() / f"{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _created(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    return folder
