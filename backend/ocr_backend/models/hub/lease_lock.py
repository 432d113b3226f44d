"""Lets one process at a time work at a place on a volume, also where its locks do not reach other machines.

Within a machine a lock tells, which the kernel gives back when its holder is killed. Between machines a file
tells that its holder renews. Nothing that is said to be whole may depend on this: two holders at once, which
a stopped machine can bring about, only do the same work twice.
"""

import contextlib
import errno
import fcntl
import logging
import os
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import IO

logger = logging.getLogger(__name__)

STALE_SECONDS = 30.0
"""A claim of another machine that was not renewed for so long is given up; a guess."""

_RENEW_SECONDS = 5.0
_LOOK_SECONDS = 0.5
_LOCK, _LEASE = ".lock", ".lease"
_HAS_NO_LOCKS = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS)


@contextlib.contextmanager
def claimed(place: Path) -> Iterator[None]:
    """Nobody else works at `place` within this; waits for whoever does. Files beside it hold the claim.

    Raises:
        OSError: they cannot be written.
    """
    with place.with_name(place.name + _LOCK).open("a") as lock:
        _locked(lock, fcntl.LOCK_EX)
        lease = place.with_name(place.name + _LEASE)
        _take(lease)
        ended = threading.Event()
        renewing = threading.Thread(target=_renew, args=(lease, ended), daemon=True)
        renewing.start()
        try:
            yield
        finally:
            ended.set()
            renewing.join()
            lease.unlink(missing_ok=True)


def is_claimed(place: Path) -> bool:
    """Whether somebody works at `place` at this moment, as far as can be told without writing."""
    try:
        with place.with_name(place.name + _LOCK).open("rb") as lock:
            if not _locked(lock, fcntl.LOCK_SH | fcntl.LOCK_NB):
                return True
    except FileNotFoundError:
        return False
    held = _held(place.with_name(place.name + _LEASE))
    # The clock of the other machine may go otherwise than ours: rather too long than too short.
    return held is not None and held[0] != machine() and time.time() - held[1] / 1e9 < 20 * STALE_SECONDS


def _locked(lock: IO[bytes] | IO[str], how: int) -> bool:
    try:
        fcntl.flock(lock, how)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in _HAS_NO_LOCKS:
            raise
    return True


def _take(lease: Path) -> None:
    seen, since = None, time.monotonic()
    while not _made(lease):
        held = _held(lease)
        if held is None:
            continue
        if held[0] == machine():  # its holder is dead, for the lock is ours
            lease.unlink(missing_ok=True)
        elif held != seen:
            if seen is None:
                logger.info("waiting for another machine, which is fetching %s", lease.stem)
            seen, since = held, time.monotonic()
        elif time.monotonic() - since > STALE_SECONDS:
            logger.warning("the machine that was fetching %s is silent: going on in its place", lease.stem)
            lease.unlink(missing_ok=True)
        else:
            time.sleep(_LOOK_SECONDS)


def _made(lease: Path) -> bool:
    try:
        descriptor = os.open(lease, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    except FileExistsError:
        return False
    with os.fdopen(descriptor, "w") as stream:
        stream.write(machine())
    return True


def _held(lease: Path) -> tuple[str, int] | None:
    """Machine and moment of the last renewal (ns); None when nobody holds it."""
    try:
        return lease.read_text("utf-8"), lease.stat().st_mtime_ns
    except FileNotFoundError:
        return None


def _renew(lease: Path, ended: threading.Event) -> None:
    while not ended.wait(_RENEW_SECONDS):
        with contextlib.suppress(OSError):  # it is gone, or the volume is for a moment; the next one may do
            os.utime(lease)


def machine() -> str:
    """What tells this machine from others, the same in all of its containers; locks reach all of it."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return f"{uuid.getnode():x}"
