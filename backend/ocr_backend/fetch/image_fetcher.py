"""Gets the file of an image from its source: the task, the local disk, the image cache or a download.

Knows files and their sources, not images or tasks. Only `downloader` uses the network.
"""

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ocr_backend.config.settings import Settings
from ocr_backend.errors import ImageError
from ocr_backend.fetch.downloader import Downloader, too_large
from ocr_backend.fetch.image_cache import ImageCache
from ocr_backend.fetch.image_source import ImageSource, InlineFile, LocalFile, RemoteFile
from ocr_backend.fetch.recent_failures import RecentFailures
from ocr_backend.fetch.request_sender import NoAnswerError, is_slow
from ocr_backend.system.basic_credentials import Credentials
from ocr_backend.system.urls import redact_url

_SLOW_FILE_SECONDS = (
    60.0  # longer than a request of Label Studio lasts, short for whoever repairs a URL (guess)
)


class ImageFetcher:
    """Fetches files for up to `threads` threads at once; a file in `cache` is not downloaded again.

    `now()` is a monotonic clock in seconds.
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
        self._slow_files = RecentFailures(1, _SLOW_FILE_SECONDS, now)
        self._lock = threading.Lock()
        self._downloads: dict[str, threading.Event] = {}

    def close(self) -> None:
        """Closes all connections."""
        self._downloader.close()

    def fetch(self, source: ImageSource, deadline: float, credentials: Credentials | None = None) -> bytes:
        """The content of the file. `deadline` is on the clock `now`.

        `credentials` are for the host that the source names, unless that is Label Studio.

        Raises:
            ImageError: the file is not available within the limits.
        """
        if isinstance(source, InlineFile):
            return self._within_limit(source.content)
        if isinstance(source, LocalFile):
            content = self._read_local(source.path)
            if content is not None:
                return content
            if source.fallback is None:
                raise ImageError("unreachable", "the file does not exist in LOCAL_FILES_DOCUMENT_ROOT")
            source = source.fallback
        return self._fetch_remote(source, credentials, deadline)

    def forget(self, source: ImageSource, credentials: Credentials | None = None) -> None:
        """Removes the file from the cache, because it was not an image."""
        remote = source.fallback if isinstance(source, LocalFile) else source
        if self._cache is not None and isinstance(remote, RemoteFile):
            self._cache.delete(self._cache_key(self._cache, remote, credentials))

    def _fetch_remote(self, source: RemoteFile, credentials: Credentials | None, deadline: float) -> bytes:
        """Downloads a file unless that has just failed after a long time: other files would wait again.

        A download that only the end of the request interrupted may succeed in the next one.
        """
        key = (source.urls, credentials)
        if self._slow_files.is_failing(key):
            raise ImageError(
                "unreachable",
                f"{redact_url(source.urls[0])} was not requested, because it did not answer in time a moment "
                f"ago; it is asked again after {_SLOW_FILE_SECONDS:.0f} s",
            )
        started = self._now()
        limit = min(deadline, started + self._settings.fetch_timeout_seconds)
        try:
            if self._cache is None:
                return self._downloader.download(source.urls, credentials, limit).content
            return self._fetch_cached(self._cache, source, credentials, limit)
        except NoAnswerError:
            if self._now() < deadline and is_slow(self._now() - started, self._settings):
                self._slow_files.record_failure(key)
            raise

    def _fetch_cached(
        self, cache: ImageCache, source: RemoteFile, credentials: Credentials | None, deadline: float
    ) -> bytes:
        key = self._cache_key(cache, source, credentials)
        with self._single_download(key, deadline):
            content = cache.get(key)
            if content is not None:
                return self._within_limit(content)
            download = self._downloader.download(source.urls, credentials, deadline)
            cache.put(key, download.content, download.cache_seconds)
            return download.content

    def _cache_key(self, cache: ImageCache, source: RemoteFile, credentials: Credentials | None) -> str:
        """Cache key: the requested URLs (before redirects) and every credential."""
        token = self._settings.label_studio_api_key
        return cache.key(*source.urls, token, credentials.header if credentials else "")

    @contextmanager
    def _single_download(self, key: str, deadline: float) -> Iterator[None]:
        """Waits at most once for a concurrent download of the same key; it may not be cacheable."""
        with self._lock:
            running = self._downloads.get(key)
            finished = self._downloads.setdefault(key, threading.Event())
        if running is not None:
            running.wait(max(deadline - self._now(), 0.0))
            yield
            return
        try:
            yield
        finally:
            with self._lock:
                del self._downloads[key]
            finished.set()

    def _read_local(self, path: str) -> bytes | None:
        """The content of a file below LOCAL_FILES_DOCUMENT_ROOT; None if there is no such file."""
        try:
            file = self._local_file(path)
            if file is None:
                return None
            with file.open("rb") as stream:
                return self._within_limit(stream.read(self._settings.max_image_bytes + 1))
        except (OSError, ValueError) as error:  # ValueError: no file can have this name
            raise ImageError("unreachable", "the local file cannot be read") from error

    def _local_file(self, path: str) -> Path | None:
        root = Path(self._settings.local_files_document_root).resolve()
        for name in _local_names(path):
            file = (root / name).resolve()
            if not file.is_relative_to(root):
                raise ImageError("refused", "the path leads out of LOCAL_FILES_DOCUMENT_ROOT")
            if file.is_file():
                return file
        return None

    def _within_limit(self, content: bytes) -> bytes:
        if len(content) > self._settings.max_image_bytes:
            raise too_large(self._settings)
        return content


def _local_names(path: str) -> list[str]:
    r"""The path below the root as it is written, and as Windows means it: `C:\a\b.png` is a/b.png."""
    return [path.lstrip("/"), re.sub(r"^[A-Za-z]:", "", path.replace("\\", "/")).lstrip("/")]
