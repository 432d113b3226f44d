"""Where everything outside the checkout lies: programs, images and one run folder per cluster.

The only place that knows the cache folder; it must not know what is put there.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def root() -> Path:
    """The cache folder, made if absent: `OCR_CACHE_DIR`, else `ocr-backend` below `XDG_CACHE_HOME`."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(os.environ.get("OCR_CACHE_DIR") or Path(base) / "ocr-backend").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def programs() -> Path:
    """Built programs, one folder per set of sources and flags."""
    return _made(root() / "programs")


def clusters() -> Path:
    """One run folder per cluster, named after it."""
    return _made(root() / "clusters")


def images() -> Path:
    """Archives of container images."""
    return _made(root() / "images")


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Holds the lock of that name against every other process that uses the same cache folder."""
    with (root() / f"{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _made(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    return folder
