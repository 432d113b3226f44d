"""Downloads a file within limits of size, time and redirects.

Label Studio's token is sent to Label Studio only, a project's credentials only to the host that a task names.
"""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import requests
from urllib3.exceptions import HTTPError

from ocr_backend.config.settings import Settings
from ocr_backend.errors import ImageError
from ocr_backend.fetch.cache_control import cache_seconds
from ocr_backend.fetch.file_url import FileUrl, join_url, parse_file_url
from ocr_backend.fetch.request_sender import NoAnswerError, RequestSender
from ocr_backend.system.basic_credentials import Credentials
from ocr_backend.system.header_deadline import limit_next_read

_MAX_REDIRECTS = 5  # browsers and storage services need two or three (guess)
_BLOCK_BYTES = 2**16
_REDIRECT_STATUS = (301, 302, 303, 307, 308)
_FILE_STATUS = (200, 203)  # 203: a proxy has changed headers
_UNKNOWN_FILE_STATUS = (400, 404)
_LABEL_STUDIO_FILE = re.compile(
    r"/(tasks|projects)/\d+/(presign|resolve)/|/data/upload/|/storage-data/uploaded/"
)


class Download(NamedTuple):
    """A file and the number of seconds for which its host allows it to be cached."""

    content: bytes
    cache_seconds: float


class Downloader:
    """Downloads files for up to `threads` threads at once. `now()` is a monotonic clock in seconds."""

    def __init__(self, settings: Settings, threads: int, now: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._now = now
        self._sender = RequestSender(settings, threads, now)

    def close(self) -> None:
        """Closes all connections."""
        self._sender.close()

    def download(self, urls: Sequence[str], credentials: Credentials | None, deadline: float) -> Download:
        """The file at the first URL that does not answer 400 or 404. `deadline` is on the clock `now`.

        Raises:
            ImageError: no URL returned the file within the limits.
        """
        started = self._now()
        try:
            return self._first_file(urls, credentials, deadline)
        except NoAnswerError as error:
            # The end of a request that left the host little time proves nothing about the host.
            had_time = deadline - started >= 0.9 * self._settings.fetch_timeout_seconds
            if had_time or self._now() < deadline:
                self._sender.record_no_answer(error.url, self._now() - started)
            raise

    def _first_file(self, urls: Sequence[str], credentials: Credentials | None, deadline: float) -> Download:
        missing = ""
        for number, url in enumerate(urls, 1):
            response, final_url = self._response(url, credentials, deadline, missing)
            if response.status_code not in _UNKNOWN_FILE_STATUS or number == len(urls):
                return self._file(response, final_url, deadline)
            response.close()
            missing = self._status_message(response.status_code, final_url)
        raise ImageError("unreachable", "the image has no URL")

    def _response(
        self, url: str, credentials: Credentials | None, deadline: float, missing: str
    ) -> tuple[requests.Response, FileUrl]:
        """The response for a URL; `missing` is what the URL before it answered."""
        try:
            return self._follow_redirects(parse_file_url(url), credentials, deadline)
        except ImageError as error:
            if missing and error.outcome == "refused":  # the first answer explains more
                raise ImageError("unreachable", missing) from error
            raise

    def _follow_redirects(
        self, url: FileUrl, credentials: Credentials | None, deadline: float
    ) -> tuple[requests.Response, FileUrl]:
        """The response after all redirects, and the URL that it came from."""
        is_trusted = False
        first = None if self._sender.is_label_studio(url) else url
        for _ in range(_MAX_REDIRECTS + 1):
            has_first_origin = first is not None and url.origin == first.origin
            allowed_credentials = credentials if has_first_origin else None
            response = self._sender.send(url, is_trusted, allowed_credentials, deadline)
            if response.status_code not in _FILE_STATUS:
                self._sender.record_answer(url)
            target = _location(response)
            if response.status_code not in _REDIRECT_STATUS or not target:
                return response, url
            response.close()
            # Label Studio redirects requests for files to its storage, which often has a private address.
            is_trusted = self._sender.is_label_studio(url) and bool(_LABEL_STUDIO_FILE.search(url.path))
            url = join_url(url, target)
        raise ImageError("unreachable", f"{url} is behind more than {_MAX_REDIRECTS} redirects")

    def _file(self, response: requests.Response, url: FileUrl, deadline: float) -> Download:
        with response:
            content = self._content(response, url, deadline)
        # The Cache-Control of a redirect is about the redirect, not about the file.
        return Download(content, cache_seconds(response.headers.get("Cache-Control", "")))

    def _content(self, response: requests.Response, url: FileUrl, deadline: float) -> bytes:
        if response.status_code not in _FILE_STATUS:
            raise ImageError("unreachable", self._status_message(response.status_code, url))
        if response.headers.get("Content-Type", "").lower().startswith("text/html"):
            raise ImageError("broken", f"{url} answered with a web page instead of an image")
        content_length = response.headers.get("Content-Length", "")
        if content_length.isdigit() and int(content_length) > self._settings.max_image_bytes:
            raise too_large(self._settings)
        content = bytearray()
        for block in self._blocks(response, url, deadline):
            content += block
            if len(content) > self._settings.max_image_bytes:
                raise too_large(self._settings)
        self._sender.record_answer(url)
        return bytes(content)

    def _blocks(self, response: requests.Response, url: FileUrl, deadline: float) -> Iterator[bytes]:
        """The body, in blocks as they arrive."""
        try:
            limit_next_read(response.raw, self._sender.seconds_left(url, deadline))
            while block := response.raw.read1(_BLOCK_BYTES, decode_content=True):
                yield block
                limit_next_read(response.raw, self._sender.seconds_left(url, deadline))
        except (HTTPError, OSError) as error:
            self._sender.seconds_left(url, deadline)
            raise NoAnswerError(url, "ended before the file was complete") from error

    def _status_message(self, status: int, url: FileUrl) -> str:
        advice = ""
        if status in (401, 403) and self._sender.is_label_studio(url):
            advice = "; set LABEL_STUDIO_API_KEY to a token that is valid and can see the project"
        return f"{url} answered {status}{advice}"


def too_large(settings: Settings) -> ImageError:
    """The error for a file that is larger than OCR_MAX_IMAGE_BYTES."""
    return ImageError(
        "refused", f"the file has more than {settings.max_image_bytes} bytes (OCR_MAX_IMAGE_BYTES)"
    )


def _location(response: requests.Response) -> str:
    """The target of a redirect; most servers write UTF-8, which http.client reads as Latin-1."""
    target = response.headers.get("Location", "")
    try:
        return target.encode("latin-1").decode()
    except UnicodeError:
        return target
