"""Where a server's image cache lies: in the folder that the settings name, or in one of the server's own.

Its own is a temporary one, ends with it, and is removed by the next server if it was killed. `server` calls
this before its workers begin.
"""

import fcntl
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from ocr_backend.config.settings import Settings

logger = logging.getLogger(__name__)

_PREFIX = "ocr-backend-images-"
_LOCK = "lock"  # held as long as a process of the server lives


@contextmanager
def named(settings: Settings) -> Iterator[Settings]:
    """The settings with a folder for the cache, or with none where it is off or no folder can be made."""
    if settings.image_cache_dir or not settings.image_cache_bytes:
        yield settings
        return
    own = os.getpid()
    try:
        _remove_left_behind()
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
        lock = _locked(folder)
    except OSError as error:
        logger.warning("fetched images are not kept: there is no folder for temporary files: %s", error)
        yield replace(settings, image_cache_bytes=0)
        return
    try:
        yield replace(settings, image_cache_dir=str(folder))
    finally:
        if os.getpid() == own:  # a worker comes by here too, when it ends
            shutil.rmtree(folder, ignore_errors=True)
            os.close(lock)


def _remove_left_behind() -> None:
    """Removes the folders of servers that were killed: a container's restarts would else fill its disk."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        try:
            is_own = folder.lstat().st_uid == os.geteuid() and (folder / _LOCK).exists()
            lock = _locked(folder) if is_own and not folder.is_symlink() else None
        except OSError:  # a server that lives, or one that has just ended
            continue
        if lock is not None:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(lock)


def _locked(folder: Path) -> int:
    """The descriptor that holds the folder's lock; raises OSError if another process does."""
    descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor
