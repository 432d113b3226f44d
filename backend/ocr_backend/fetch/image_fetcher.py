"""The file of an image, wherever it is: in the task, on disk, kept from the last time, or to be downloaded.

Knows nothing of images or tasks beyond their `Source`. `images` asks it; `downloads` uses the network.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ocr_backend.config.settings import Settings
from ocr_backend.errors import ImageError
from ocr_backend.fetch.downloader import Downloader, too_large
from ocr_backend.fetch.image_cache import ImageCache
from ocr_backend.fetch.image_source import Inline, OnDisk, Remote, Source
from ocr_backend.system.basic_credentials import Credentials


class Fetcher:
    """Fetches files, for `threads` threads at a time; with a cache, what is in it is not fetched again.

    `now()` is in seconds and only goes forward.
    """

    def __init__(
        self,
        settings: Settings,
        threads: int,
        now: Callable[[], float] = time.monotonic,
        cache: ImageCache | None = None,
    ) -> None:
        self._settings = settings
        self._now = now
        self._cache = cache
        self._downloader = Downloader(settings, threads, now)
        self._lock = threading.Lock()
        self._under_way: dict[str, threading.Event] = {}

    def close(self) -> None:
        """Ends the connections that are kept."""
        self._downloader.close()
        if self._cache is not None:
            self._cache.close()

    def fetch(self, source: Source, until: float, credentials: Credentials | None = None) -> bytes:
        """The file's content. `until` is the moment, on the clock of `now`, after which nobody wants it.

        `credentials` are for the host that the source names, unless that is Label Studio.

        Raises:
            ImageError: it cannot be had, or not within the limits.
        """
        if isinstance(source, Inline):
            return self._within_limit(source.content)
        if isinstance(source, OnDisk):
            found = self._on_disk(source.path)
            if found is not None:
                return found
            if source.elsewhere is None:
                raise ImageError("unreachable", "the file is not below LOCAL_FILES_DOCUMENT_ROOT")
            source = source.elsewhere
        deadline = min(until, self._now() + self._settings.fetch_timeout_seconds)
        if self._cache is None:
            return self._downloader.content(source.urls, credentials, deadline)[0]
        return self._kept(self._cache, source, credentials, deadline)

    def forget(self, source: Source, credentials: Credentials | None = None) -> None:
        """Fetches it anew the next time, since what came was no image."""
        remote = source.elsewhere if isinstance(source, OnDisk) else source
        if self._cache is not None and isinstance(remote, Remote):
            self._cache.forget(self._key(self._cache, remote, credentials))

    def _kept(
        self, cache: ImageCache, source: Remote, credentials: Credentials | None, deadline: float
    ) -> bytes:
        key = self._key(cache, source, credentials)
        with self._one_at_a_time(key, deadline):
            kept = cache.get(key)
            if kept is not None:
                return self._within_limit(kept)
            content, seconds = self._downloader.content(source.urls, credentials, deadline)
            cache.put(key, content, seconds)
            return content

    def _key(self, cache: ImageCache, source: Remote, credentials: Credentials | None) -> str:
        """Of the addresses asked for, not of those that these lead to, and of all that may open them."""
        token = self._settings.label_studio_api_key
        return cache.key(*source.urls, token, credentials.header if credentials else "")

    @contextmanager
    def _one_at_a_time(self, key: str, deadline: float) -> Iterator[None]:
        """Waits for another thread that fetches the same, but once: what it got may not be for keeping."""
        with self._lock:
            under_way = self._under_way.get(key)
            own = self._under_way.setdefault(key, threading.Event())
        if under_way is not None:
            under_way.wait(max(deadline - self._now(), 0.0))
            yield
            return
        try:
            yield
        finally:
            with self._lock:
                del self._under_way[key]
            own.set()

    def _on_disk(self, path: str) -> bytes | None:
        root = Path(self._settings.local_files_document_root).resolve()
        try:
            file = (root / path.lstrip("/")).resolve()
            if not file.is_relative_to(root):
                raise ImageError("refused", "the path leads out of LOCAL_FILES_DOCUMENT_ROOT")
            if not file.is_file():
                return None
            with file.open("rb") as stream:
                return self._within_limit(stream.read(self._settings.max_image_bytes + 1))
        except (OSError, ValueError) as error:  # also where no file can have such a name
            raise ImageError("unreachable", "the file on disk cannot be read") from error

    def _within_limit(self, content: bytes) -> bytes:
        if len(content) > self._settings.max_image_bytes:
            raise too_large(self._settings)
        return content
