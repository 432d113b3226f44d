"""Downloads a file, within limits of bytes, time and redirects.

With `tokens` and `connections` the only place that uses the network for images. Label Studio's token goes
to Label Studio alone, a project's credentials to the host that a task names. `fetching` calls it.
"""

import re
import time
from collections.abc import Callable, Sequence
from urllib.parse import urljoin, urlsplit

import requests
import urllib3

from ocr_backend.config.settings import Settings
from ocr_backend.errors import ImageError
from ocr_backend.fetch.image_cache import keep_seconds
from ocr_backend.fetch.image_source import shown
from ocr_backend.fetch.label_studio_token import LabelStudioToken
from ocr_backend.fetch.ssrf_guard import session
from ocr_backend.system.address_policy import AddressPolicy, is_within
from ocr_backend.system.basic_credentials import Credentials, in_url

_REDIRECTS = 5  # what browsers and storages need is two or three (guess)
_PIECE = 2**16  # bytes
_REDIRECT_STATUS = (301, 302, 303, 307, 308)
_UNKNOWN_FILE_STATUS = (400, 404)
_FILES = re.compile(r"/(tasks|projects)/\d+/(presign|resolve)/|/data/upload/|/storage-data/uploaded/")


class Downloader:
    """Downloads for `threads` threads at a time. `now()` is in seconds and only goes forward."""

    def __init__(self, settings: Settings, threads: int, now: Callable[[], float] = time.monotonic) -> None:
        if not settings.verify_ssl:
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        self._settings = settings
        self._now = now
        self._allowed = AddressPolicy(settings.allowed_hosts)
        self._open = session(None, threads)
        self._guarded = session(self._allowed, threads)
        self._token = LabelStudioToken(settings.label_studio_url, settings.label_studio_api_key, self._post)

    def close(self) -> None:
        """Ends the connections that are kept."""
        self._open.close()
        self._guarded.close()

    def content(
        self, urls: Sequence[str], credentials: Credentials | None, deadline: float
    ) -> tuple[bytes, float]:
        """The file at the first of the URLs that knows it, and for how many seconds it may be kept.

        `deadline` is on the clock of `now`.

        Raises:
            ImageError: it cannot be had, or not within the limits.
        """
        for last, url in zip([False] * (len(urls) - 1) + [True], urls, strict=True):
            response, at = self._answer(url, credentials, deadline)
            with response:
                if response.status_code in _UNKNOWN_FILE_STATUS and not last:
                    continue
                if response.status_code != 200:
                    raise ImageError("unreachable", self._complaint(response.status_code, at))
                # What a redirect says of caching is said of the address it leads to.
                keep = keep_seconds(response.headers.get("Cache-Control", ""))
                return self._content(response, at, deadline), keep
        raise ImageError("unreachable", "there is no address to ask")

    def _answer(
        self, url: str, credentials: Credentials | None, deadline: float
    ) -> tuple[requests.Response, str]:
        """The answer at the end of the redirects, and the URL that gave it."""
        trusted = False
        home = "" if self._is_label_studio(url) else _joined(url, "/")
        for _ in range(_REDIRECTS + 1):
            _refuse_other_schemes(url)
            response = self._ask(url, trusted, credentials if is_within(url, home) else None, deadline)
            target = response.headers.get("Location")
            if response.status_code not in _REDIRECT_STATUS or not target:
                return response, url
            response.close()
            # Where Label Studio's paths of files lead its storage is, often on an address of the cluster.
            trusted = self._is_label_studio(url) and _FILES.search(urlsplit(url).path) is not None
            url = _joined(url, target)
        raise ImageError("unreachable", f"{shown(url)} is at the end of more than {_REDIRECTS} redirects")

    def _ask(
        self, url: str, trusted: bool, credentials: Credentials | None, deadline: float
    ) -> requests.Response:
        if not self._is_label_studio(url):
            given = in_url(url) or credentials
            return self._get(url, trusted, given.header if given else "", deadline)
        header = self._token.header()
        response = self._get(url, True, header, deadline)
        if response.status_code == 401 and self._token.can_renew():
            response.close()
            response = self._get(url, True, self._token.header(refused=header), deadline)
        return response

    def _get(self, url: str, trusted: bool, authorization: str, deadline: float) -> requests.Response:
        is_open = trusted or self._allowed.has_host(urlsplit(url).hostname or "")
        headers = {"Authorization": authorization} if authorization else {}
        try:
            return (self._open if is_open else self._guarded).get(
                url,
                headers=headers,
                timeout=self._seconds_left(url, deadline),
                verify=self._settings.verify_ssl,
                allow_redirects=False,
                stream=True,
            )
        except OSError as error:  # those of requests are some, and it raises others for the file of a CA
            raise ImageError("unreachable", f"{shown(url)} {_said(error)}") from error

    def _content(self, response: requests.Response, url: str, deadline: float) -> bytes:
        if response.headers.get("Content-Type", "").lower().startswith("text/html"):
            raise ImageError("broken", f"{shown(url)} answered with a web page instead of an image")
        announced = response.headers.get("Content-Length", "")
        if announced.isdigit() and int(announced) > self._settings.max_image_bytes:
            raise too_large(self._settings)
        content = bytearray()
        try:
            while piece := response.raw.read1(_PIECE, decode_content=True):
                content += piece
                if len(content) > self._settings.max_image_bytes:
                    raise too_large(self._settings)
                self._seconds_left(url, deadline)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise ImageError("unreachable", f"{shown(url)} ended before the file was complete") from error
        return bytes(content)

    def _seconds_left(self, url: str, deadline: float) -> float:
        left = deadline - self._now()
        if left <= 0:
            raise ImageError("unreachable", f"{shown(url)} took too long (OCR_FETCH_TIMEOUT)")
        return left

    def _post(self, url: str, body: dict[str, str]) -> requests.Response:
        seconds = self._settings.fetch_timeout_seconds
        verify = self._settings.verify_ssl
        return self._open.post(url, json=body, timeout=seconds, verify=verify, allow_redirects=False)

    def _is_label_studio(self, url: str) -> bool:
        return is_within(url, self._settings.label_studio_url)

    def _complaint(self, status: int, url: str) -> str:
        advice = ""
        if status in (401, 403) and self._is_label_studio(url):
            advice = "; set LABEL_STUDIO_API_KEY to a token that is valid and may see the project"
        return f"{shown(url)} answered {status}{advice}"


def too_large(settings: Settings) -> ImageError:
    """The refusal of a file that has more bytes than are allowed."""
    return ImageError(
        "refused", f"the file has more than {settings.max_image_bytes} bytes (OCR_MAX_IMAGE_BYTES)"
    )


def _refuse_other_schemes(url: str) -> None:
    try:
        parts = urlsplit(url)
        is_right = parts.scheme in ("http", "https") and parts.port != 0  # asking for the port checks it
    except ValueError as error:
        raise ImageError("unreachable", "the address is not a URL that can be asked") from error
    if not is_right:
        raise ImageError("refused", f"redirected to {shown(url)}, which is neither http nor https")


def _joined(url: str, target: str) -> str:
    try:
        return urljoin(url, target)
    except ValueError as error:
        raise ImageError("unreachable", f"{shown(url)} redirects to something that is no URL") from error


def _said(error: OSError) -> str:
    if isinstance(error, requests.Timeout):
        return "took too long (OCR_FETCH_TIMEOUT)"
    if isinstance(error, requests.exceptions.SSLError):
        return "has a certificate that is not trusted (REQUESTS_CA_BUNDLE, VERIFY_SSL)"
    if isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.InvalidSchema):
        return "is not a URL that can be asked"
    if not isinstance(error, requests.RequestException):
        return "cannot be asked: REQUESTS_CA_BUNDLE names no file that can be read"
    return "cannot be reached"
