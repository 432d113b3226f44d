"""Caches downloaded files on disk, for a limited time and within a limited number of bytes.

Best effort: disk errors and corrupt entries are logged once and count as misses. Threads and processes may
share a folder: an entry is one file, written under a temporary name and renamed.
"""

import hashlib
import hmac
import json
import logging
import math
import os
import secrets
import shutil
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

from ocr_backend.config.settings import Settings

logger = logging.getLogger(__name__)

Outcome = Literal["hit", "miss"]

_MAX_FILE_SHARE = 8  # a file larger than 1/8 of the cache would evict too many others (guess)
_CHECK_SHARE = 8  # the size of the folder is checked after 1/8 of that, since listing it takes time (guess)
_DIGEST_BYTES = _SECRET_BYTES = 32
_EXPIRY = struct.Struct("<d")  # seconds since the epoch


class ImageCache:
    """Keeps at most `max_bytes` in a folder, each file for at most `max_seconds`.

    Evicts the least recently used files first; while several processes write at the same time, the folder may
    exceed the limit by a few files. `on_lookup` is called with the outcome of each look-up. Raises OSError or
    ValueError if the folder cannot be used.
    """

    def __init__(
        self,
        folder: Path,
        max_bytes: int,
        max_seconds: float,
        on_lookup: Callable[[Outcome], object] = lambda _: None,
    ) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._entries = folder / "files"
        self._entries.mkdir(mode=0o700, exist_ok=True)
        self._secret = _folder_secret(folder)
        self._max_seconds = max_seconds
        self._max_file_bytes = max_bytes // _MAX_FILE_SHARE
        self._bytes_after_eviction = max_bytes - self._max_file_bytes
        self._unchecked_bytes = 0
        self._on_lookup = on_lookup
        self._has_warned = False

    def key(self, *parts: str) -> str:
        """The key for these URLs and credentials; without the folder's secret it reveals neither."""
        return hmac.digest(self._secret, json.dumps(parts).encode(), "sha256").hex()

    def get(self, key: str) -> bytes | None:
        """The content; None if it is not in the cache."""
        content = None
        with self._best_effort():
            content = self._read(self._entries / key)
        self._on_lookup("miss" if content is None else "hit")
        return content

    def put(self, key: str, content: bytes, seconds: float = math.inf) -> None:
        """Stores a content for at most `seconds`."""
        seconds = min(seconds, self._max_seconds)
        if seconds <= 0 or len(content) > self._max_file_bytes:
            return
        body = _EXPIRY.pack(time.time() + seconds) + content
        with self._best_effort():
            self._make_room(_DIGEST_BYTES + len(body))
            _write_atomically(self._entries / key, self._digest(key, body) + body)

    def delete(self, key: str) -> None:
        """Removes an entry, if there is one."""
        with self._best_effort():
            (self._entries / key).unlink(missing_ok=True)

    def _read(self, path: Path) -> bytes | None:
        try:
            entry = path.read_bytes()
        except FileNotFoundError:
            return None
        except IsADirectoryError:
            shutil.rmtree(path)
            raise
        digest, body = entry[:_DIGEST_BYTES], entry[_DIGEST_BYTES:]
        if not hmac.compare_digest(digest, self._digest(path.name, body)):
            path.unlink(missing_ok=True)
            raise _CorruptEntryError(path.name)
        if _EXPIRY.unpack_from(body)[0] <= time.time():
            path.unlink(missing_ok=True)
            return None
        with suppress(FileNotFoundError):  # another process may have evicted it meanwhile
            os.utime(path)
        return body[_EXPIRY.size :]

    def _make_room(self, size: int) -> None:
        """Evicts entries before `size` bytes are written, if enough has been written since the last time."""
        self._unchecked_bytes += size
        if self._unchecked_bytes <= self._max_file_bytes // _CHECK_SHARE:
            return
        self._unchecked_bytes = size
        entries = sorted(_uses_and_sizes(self._entries))
        total = sum(entry_bytes for _, entry_bytes, _ in entries)
        for _, entry_bytes, path in entries:
            if total <= self._bytes_after_eviction:
                return
            Path(path).unlink(missing_ok=True)
            total -= entry_bytes

    def _digest(self, key: str, body: bytes) -> bytes:
        digest = hashlib.blake2b(key.encode(), key=self._secret, digest_size=_DIGEST_BYTES)
        digest.update(body)
        return digest.digest()

    @contextmanager
    def _best_effort(self) -> Iterator[None]:
        try:
            yield
        except (OSError, _CorruptEntryError) as error:
            if not self._has_warned:  # once, not for every image
                self._has_warned = True
                logger.warning("the image cache cannot be used, images are downloaded again: %r", error)


def open_cache(settings: Settings, on_lookup: Callable[[Outcome], object]) -> ImageCache | None:
    """The cache of the settings; None if it is off, or with a warning if its folder cannot be used."""
    if not settings.image_cache_bytes or not settings.image_cache_dir:
        return None
    folder = Path(settings.image_cache_dir, "ocr-backend-images")
    try:
        return ImageCache(folder, settings.image_cache_bytes, settings.image_cache_seconds, on_lookup)
    except (OSError, ValueError) as error:
        logger.warning("images are not cached: the folder %s cannot be used: %s", folder, error)
        return None


class _CorruptEntryError(Exception):
    """The file was changed since it was written, or belongs to another key."""


def _uses_and_sizes(folder: Path) -> Iterator[tuple[float, int, str]]:
    """Time of last use, size and path of each file."""
    with os.scandir(folder) as entries:
        files = [entry for entry in entries if not entry.is_dir()]
    for entry in files:
        with suppress(FileNotFoundError):  # another process may have evicted it meanwhile
            status = entry.stat(follow_symlinks=False)
            yield status.st_mtime, status.st_size, entry.path


def _write_atomically(path: Path, content: bytes) -> None:
    temporary = path.with_name(f"tmp-{secrets.token_hex(8)}")
    try:
        temporary.write_bytes(content)
        with suppress(FileNotFoundError):  # another process may have evicted it meanwhile
            temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def _folder_secret(folder: Path) -> bytes:
    """The secret of the folder; the first process creates it."""
    file = folder / "secret"
    if not file.exists():
        temporary = folder / f"secret-{secrets.token_hex(8)}"
        temporary.touch(mode=0o600)
        temporary.write_bytes(secrets.token_bytes(_SECRET_BYTES))
        with suppress(FileExistsError):
            os.link(temporary, file)  # complete from the start, and never replaces another process's secret
        temporary.unlink()
    secret = file.read_bytes()
    if len(secret) != _SECRET_BYTES:
        raise ValueError(f"{file.name} is damaged; empty the folder")
    return secret
