"""Downloads a file within limits of size, time and redirects.

Label Studio's token is sent to Label Studio only, a project's credentials only to the host that a task names.
"""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

import requests
from urllib3.exceptions import HTTPError

from ocr_backend.config.settings import Settings
from ocr_backend.errors import ImageError
from ocr_backend.fetch.cache_control import cache_seconds
from ocr_backend.fetch.label_studio_token import LabelStudioToken
from ocr_backend.fetch.ssrf_guard import guarded_session
from ocr_backend.system.address_policy import AddressPolicy
from ocr_backend.system.basic_credentials import Credentials, credentials_in_url
from ocr_backend.system.urls import is_within, redact_url

_MAX_REDIRECTS = 5  # browsers and storage services need two or three (guess)
_BLOCK_BYTES = 2**16
_REDIRECT_STATUS = (301, 302, 303, 307, 308)
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
        self._policy = AddressPolicy(settings.allowed_hosts)
        self._trusted_session = guarded_session(None, threads, settings.verify_ssl)
        self._public_session = guarded_session(self._policy, threads, settings.verify_ssl)
        self._token = LabelStudioToken(settings.label_studio_url, settings.label_studio_api_key, self._post)

    def close(self) -> None:
        """Closes all connections."""
        self._trusted_session.close()
        self._public_session.close()

    def download(self, urls: Sequence[str], credentials: Credentials | None, deadline: float) -> Download:
        """The file at the first URL that does not answer 400 or 404. `deadline` is on the clock `now`.

        Raises:
            ImageError: no URL returned the file within the limits.
        """
        for url in urls:
            response, final_url = self._follow_redirects(url, credentials, deadline)
            if response.status_code in _UNKNOWN_FILE_STATUS and url != urls[-1]:
                response.close()
                continue
            with response:
                return self._file(response, final_url, deadline)
        raise ImageError("unreachable", "the image has no URL")

    def _follow_redirects(
        self, url: str, credentials: Credentials | None, deadline: float
    ) -> tuple[requests.Response, str]:
        """The response after all redirects, and the URL that it came from."""
        is_trusted = False
        credentials_root = "" if self._is_label_studio(url) else _join(url, "/")
        for _ in range(_MAX_REDIRECTS + 1):
            _refuse_other_schemes(url)
            allowed_credentials = credentials if is_within(url, credentials_root) else None
            response = self._get(url, is_trusted, allowed_credentials, deadline)
            target = response.headers.get("Location")
            if response.status_code not in _REDIRECT_STATUS or not target:
                return response, url
            response.close()
            # Label Studio redirects requests for files to its storage, which often has a private address.
            is_trusted = self._is_label_studio(url) and bool(_LABEL_STUDIO_FILE.search(urlsplit(url).path))
            url = _join(url, target)
        raise ImageError("unreachable", f"{redact_url(url)} is behind more than {_MAX_REDIRECTS} redirects")

    def _get(
        self, url: str, is_trusted: bool, credentials: Credentials | None, deadline: float
    ) -> requests.Response:
        if not self._is_label_studio(url):
            credentials = credentials_in_url(url) or credentials
            return self._send(url, is_trusted, credentials.header if credentials else "", deadline)
        header = self._token.header()
        response = self._send(url, True, header, deadline)
        if response.status_code == 401 and self._token.can_renew():
            response.close()
            response = self._send(url, True, self._token.header(rejected=header), deadline)
        return response

    def _send(self, url: str, is_trusted: bool, authorization: str, deadline: float) -> requests.Response:
        is_trusted = is_trusted or self._policy.allows_host(urlsplit(url).hostname or "")
        session = self._trusted_session if is_trusted else self._public_session
        try:
            return session.get(
                url,
                headers={"Authorization": authorization} if authorization else {},
                timeout=self._seconds_left(url, deadline),
                allow_redirects=False,
                stream=True,
            )
        except OSError as error:  # requests raises its own kinds, and others for an unreadable CA file
            raise ImageError("unreachable", f"{redact_url(url)} {_reason(error)}") from error

    def _file(self, response: requests.Response, url: str, deadline: float) -> Download:
        if response.status_code != 200:
            raise ImageError("unreachable", self._status_message(response.status_code, url))
        if response.headers.get("Content-Type", "").lower().startswith("text/html"):
            raise ImageError("broken", f"{redact_url(url)} answered with a web page instead of an image")
        content_length = response.headers.get("Content-Length", "")
        if content_length.isdigit() and int(content_length) > self._settings.max_image_bytes:
            raise too_large(self._settings)
        content = bytearray()
        for block in _blocks(response, url):
            content += block
            if len(content) > self._settings.max_image_bytes:
                raise too_large(self._settings)
            self._seconds_left(url, deadline)
        # The Cache-Control of a redirect is about the redirect, not about the file.
        return Download(bytes(content), cache_seconds(response.headers.get("Cache-Control", "")))

    def _seconds_left(self, url: str, deadline: float) -> float:
        seconds = deadline - self._now()
        if seconds <= 0:
            raise ImageError("unreachable", f"{redact_url(url)} took too long (OCR_FETCH_TIMEOUT)")
        return seconds

    def _post(self, url: str, body: dict[str, str]) -> requests.Response:
        timeout = self._settings.fetch_timeout_seconds
        return self._trusted_session.post(url, json=body, timeout=timeout, allow_redirects=False)

    def _is_label_studio(self, url: str) -> bool:
        return is_within(url, self._settings.label_studio_url)

    def _status_message(self, status: int, url: str) -> str:
        advice = ""
        if status in (401, 403) and self._is_label_studio(url):
            advice = "; set LABEL_STUDIO_API_KEY to a token that is valid and can see the project"
        return f"{redact_url(url)} answered {status}{advice}"


def too_large(settings: Settings) -> ImageError:
    """The error for a file that is larger than OCR_MAX_IMAGE_BYTES."""
    return ImageError(
        "refused", f"the file has more than {settings.max_image_bytes} bytes (OCR_MAX_IMAGE_BYTES)"
    )


def _blocks(response: requests.Response, url: str) -> Iterator[bytes]:
    """The body, in blocks as they arrive."""
    try:
        while block := response.raw.read1(_BLOCK_BYTES, decode_content=True):
            yield block
    except (HTTPError, OSError) as error:
        raise ImageError("unreachable", f"{redact_url(url)} ended before the file was complete") from error


def _refuse_other_schemes(url: str) -> None:
    try:
        parts = urlsplit(url)
        is_valid = parts.scheme in ("http", "https") and parts.port != 0  # reading the port validates it
    except ValueError as error:
        raise ImageError("unreachable", "the image's URL is invalid") from error
    if not is_valid:
        raise ImageError("refused", f"redirected to {redact_url(url)}, which is neither http nor https")


def _join(url: str, target: str) -> str:
    try:
        return urljoin(url, target)
    except ValueError as error:
        raise ImageError("unreachable", f"{redact_url(url)} redirects to an invalid URL") from error


def _reason(error: OSError) -> str:
    if isinstance(error, requests.Timeout):
        return "took too long (OCR_FETCH_TIMEOUT)"
    if isinstance(error, requests.exceptions.SSLError):
        return "has a certificate that is not trusted (REQUESTS_CA_BUNDLE, VERIFY_SSL)"
    if isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.InvalidSchema):
        return "is not a valid URL"
    if not isinstance(error, requests.RequestException):
        return "was not requested: the file in REQUESTS_CA_BUNDLE cannot be read"
    return "cannot be reached"
