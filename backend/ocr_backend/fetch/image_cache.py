"""Keeps the files of images on disk for a while, within a number of bytes.

A page whose regions are drawn one by one, or that is asked for again, is so fetched once. Only saves work: no
fault of the disk or of what lies there goes further than a line in the log. Threads and processes may share a
folder. `fetching` asks it; `cache_folder` says where it lies.
"""

import hashlib
import hmac
import json
import logging
import math
import os
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import diskcache

from ocr_backend.config.settings import Settings

logger = logging.getLogger(__name__)

Outcome = Literal["hit", "miss"]

_SECONDS_TO_WAIT = 1.0  # for another process that writes; fetching anew is not much slower (guess)
_SHARE = 8  # a file that takes more than this part of the cache would drive out too many others (guess)
_DIGEST_BYTES = 32


class ImageCache:
    """Contents of at most `most_bytes` together, each for at most `seconds`, in a folder of its own.

    `told` hears of each look-up. Nothing in the folder is ever unpickled: keys are text, values are bytes.
    Raises OSError or sqlite3.Error where the folder cannot be used.
    """

    def __init__(
        self,
        folder: Path,
        most_bytes: int,
        seconds: float,
        told: Callable[[Outcome], object] = lambda _: None,
    ) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._secret = _secret_in(folder)
        self._most_seconds = seconds
        self._largest = most_bytes // _SHARE
        self._told = told
        self._has_complained = False
        self._kept = diskcache.Cache(
            folder / "files",
            timeout=_SECONDS_TO_WAIT,
            disk=_BytesOnly,
            size_limit=most_bytes - self._largest,  # the newest is written before an old one is deleted
            eviction_policy="least-recently-stored",
        )

    def key(self, *parts: str) -> str:
        """The key of what is fetched from these URLs with these credentials; it tells neither."""
        return hmac.digest(self._secret, json.dumps(parts).encode(), "sha256").hex()

    def get(self, key: str) -> bytes | None:
        """The content, or None."""
        content = None
        with self._harmless():
            content = _checked(key, self._kept.get(key))
        self._told("miss" if content is None else "hit")
        return content

    def put(self, key: str, content: bytes, seconds: float = math.inf) -> None:
        """Keeps a content, for `seconds` at most."""
        seconds = min(seconds, self._most_seconds)
        if seconds <= 0 or len(content) > self._largest:
            return
        with self._harmless():
            self._kept.set(key, _digest(key, content) + content, expire=seconds)
            if self._kept.volume() > self._kept.size_limit:
                self._kept.cull()

    def forget(self, key: str) -> None:
        """Keeps it no longer."""
        with self._harmless():
            self._kept.delete(key)

    def close(self) -> None:
        """Ends this thread's connection to the folder."""
        self._kept.close()

    @contextmanager
    def _harmless(self) -> Iterator[None]:
        try:
            yield
        except (OSError, sqlite3.Error, diskcache.Timeout, _StrangeError) as error:
            if not self._has_complained:  # once: each image would else say it again
                self._has_complained = True
                logger.warning("the cache of images cannot be used, they are fetched anew: %r", error)


def opened(settings: Settings, told: Callable[[Outcome], object]) -> ImageCache | None:
    """The cache that the settings ask for; None if they ask for none, or with a warning if it cannot be."""
    if not settings.image_cache_bytes or not settings.image_cache_dir:
        return None
    folder = Path(settings.image_cache_dir, "ocr-backend-images")
    try:
        return ImageCache(folder, settings.image_cache_bytes, settings.image_cache_seconds, told)
    except (OSError, sqlite3.Error) as error:
        logger.warning("fetched images are not kept, %s cannot be used: %s", folder, error)
        return None


class _StrangeError(Exception):
    """Something in the folder that was not written by this class."""


class _BytesOnly(diskcache.Disk):  # type: ignore[misc]  # the library has no types
    """Writes and reads bytes; the library's own also unpickles what says that it is a pickle."""

    def store(self, value: bytes, read: bool, key: object = diskcache.UNKNOWN) -> tuple[int, int, str, None]:
        """A file of its own for each; none is left where the disk is full."""
        name, path = self.filename(key, value)
        try:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            Path(path).write_bytes(value)
        except OSError:
            self.remove(name)
            raise
        return len(value), diskcache.core.MODE_BINARY, name, None

    def fetch(self, mode: int, filename: str, value: object, read: bool) -> Any:
        """The bytes of a file in the folder."""
        path = os.path.realpath(os.path.join(self._directory, str(filename)))
        if mode != diskcache.core.MODE_BINARY or not path.startswith(
            os.path.realpath(self._directory) + os.sep
        ):
            raise _StrangeError("an entry that is no file of ours")
        return Path(path).read_bytes()


def keep_seconds(cache_control: str) -> float:
    """For how long an answer with this Cache-Control may be kept (RFC 9111, 5.2.2); 0 = not at all.

    >>> keep_seconds("private, max-age=60"), keep_seconds("No-Store"), keep_seconds("")
    (60.0, 0.0, inf)
    """
    orders = dict(order.strip().lower().partition("=")[::2] for order in cache_control.split(","))
    if "no-store" in orders or "no-cache" in orders:  # the second asks for a question that is not asked here
        return 0.0
    age = orders.get("max-age", "").strip('"')
    return float(age) if age.isdecimal() else math.inf


def _secret_in(folder: Path) -> bytes:
    """The folder's own secret, made by whoever comes first."""
    file = folder / "secret"
    made = folder / f"secret-{secrets.token_hex(8)}"
    if not file.exists():
        made.touch(mode=0o600)
        made.write_bytes(secrets.token_bytes(32))
        try:
            os.link(made, file)  # whole or not at all, and never over another's
        except FileExistsError:
            pass
        finally:
            made.unlink()
    return file.read_bytes()


def _digest(key: str, content: bytes) -> bytes:
    return hashlib.blake2b(content, key=key.encode()[:64], digest_size=_DIGEST_BYTES).digest()


def _checked(key: str, kept: bytes | None) -> bytes | None:
    """The content of what was kept, if it is whole."""
    if kept is None:
        return None
    digest, content = kept[:_DIGEST_BYTES], kept[_DIGEST_BYTES:]
    if not hmac.compare_digest(digest, _digest(key, content)):
        raise _StrangeError("a file that has changed")
    return content
