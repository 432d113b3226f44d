"""The folder of a server's image cache: the one in the settings, or a temporary one.

The server removes its temporary folder when it stops, and those of killed servers when it starts.
"""

import fcntl
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from ocr_backend.config.settings import Settings

logger = logging.getLogger(__name__)

_PREFIX = "ocr-backend-images-"
_LOCK = "lock"  # held while a process of the server lives


@contextmanager
def with_cache_directory(settings: Settings) -> Iterator[Settings]:
    """The settings with a folder for the image cache; with the cache off if no folder can be created."""
    if settings.image_cache_dir or not settings.image_cache_bytes:
        yield settings
        return
    server_pid = os.getpid()
    try:
        _remove_abandoned()
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
        lock = _lock(folder)
    except OSError as error:
        logger.warning("images are not cached: no temporary folder can be created: %s", error)
        yield replace(settings, image_cache_bytes=0)
        return
    try:
        yield replace(settings, image_cache_dir=str(folder))
    finally:
        if os.getpid() == server_pid:  # forked workers leave this context too
            shutil.rmtree(folder, ignore_errors=True)
            os.close(lock)


def _remove_abandoned() -> None:
    """Removes the folders of killed servers; otherwise a restarting container would fill its disk."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError):  # locked: its server lives; missing: its server has just stopped
            _remove_if_abandoned(folder)


def _remove_if_abandoned(folder: Path) -> None:
    is_own = folder.lstat().st_uid == os.geteuid() and (folder / _LOCK).exists()
    if not is_own or folder.is_symlink():
        return
    lock = _lock(folder)
    shutil.rmtree(folder, ignore_errors=True)
    os.close(lock)


def _lock(folder: Path) -> int:
    """The descriptor that holds the folder's lock; raises OSError if another process holds it."""
    descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor
