"""Sends one request for a file: with Label Studio's token or a project's credentials, to hosts that answer.

The token goes to Label Studio only, whatever the caller asks for. Hosts that did not answer are passed over
for a while. Redirects and bodies are the caller's.
"""

import math
from collections.abc import Callable

import requests

from ocr_backend.config.settings import Settings
from ocr_backend.errors import ImageError
from ocr_backend.fetch.file_url import FileUrl
from ocr_backend.fetch.label_studio_token import LabelStudioToken
from ocr_backend.fetch.recent_failures import RecentFailures
from ocr_backend.fetch.ssrf_guard import guarded_session
from ocr_backend.system.address_policy import AddressPolicy
from ocr_backend.system.basic_credentials import Credentials

_CONNECT_SECONDS = 5.0  # a reachable host accepts in a fraction of this; two lost packets cost three seconds
_TOKEN_SECONDS = 10.0  # all images in Label Studio wait meanwhile (guess)
_SILENT_LIMIT = 3  # timeouts in a row after which a host is passed over (guess)
_SILENT_SECONDS = 60.0  # a request of Label Studio lasts about as long (guess)


class NoAnswerError(ImageError):
    """The host at `url` was not reached, or was too slow."""

    def __init__(self, url: FileUrl, reason: str) -> None:
        super().__init__("unreachable", f"{url} {reason}")
        self.url = url


class RequestSender:
    """Sends requests for up to `threads` threads at once. `now()` is a monotonic clock in seconds."""

    def __init__(self, settings: Settings, threads: int, now: Callable[[], float]) -> None:
        self._settings = settings
        self._now = now
        self._silent_hosts = RecentFailures(_SILENT_LIMIT, _SILENT_SECONDS, now)
        self._policy = AddressPolicy(settings.allowed_hosts)
        self._trusted_session = guarded_session(None, threads, settings.verify_ssl)
        self._public_session = guarded_session(self._policy, threads, settings.verify_ssl)
        self._token = LabelStudioToken(settings.label_studio_url, settings.label_studio_api_key, self._post)
        self._label_studio_session = guarded_session(
            None, threads, settings.verify_ssl, self._label_studio_header
        )

    def close(self) -> None:
        """Closes all connections."""
        self._label_studio_session.close()
        self._trusted_session.close()
        self._public_session.close()

    def is_label_studio(self, url: FileUrl) -> bool:
        """Whether the URL is below LABEL_STUDIO_URL."""
        return url.is_within(self._settings.label_studio_url)

    def send(
        self, url: FileUrl, is_trusted: bool, credentials: Credentials | None, deadline: float
    ) -> requests.Response:
        """The response, with its body unread. A trusted URL may have a private address.

        Label Studio gets its token instead of the credentials; those in the URL take precedence over others.

        Raises:
            NoAnswerError: the host was not reached, or is too slow.
            ImageError: the host is passed over, or its address is not allowed.
        """
        if not self.is_label_studio(url):
            is_trusted = is_trusted or self._policy.allows_host(url.host)
            session = self._trusted_session if is_trusted else self._public_session
            return self._get(session, url, url.credentials or credentials, deadline)
        response = self._get(self._label_studio_session, url, None, deadline)
        if response.status_code == 401 and self._token.can_renew():
            response.close()
            self._token.reject(response.request.headers.get("Authorization", ""))
            response = self._get(self._label_studio_session, url, None, deadline)
        return response

    def seconds_left(self, url: FileUrl, deadline: float) -> float:
        """The seconds until the deadline.

        Raises:
            NoAnswerError: it has passed.
        """
        seconds = deadline - self._now()
        if seconds <= 0:
            raise NoAnswerError(url, "took too long (OCR_FETCH_TIMEOUT)")
        return seconds

    def record_answer(self, url: FileUrl) -> None:
        """Notes that the host has answered completely."""
        self._silent_hosts.record_success(url.origin)

    def record_no_answer(self, url: FileUrl, seconds: float) -> None:
        """Notes that the host has not answered within some seconds, if it may hold up other files again."""
        if is_slow(seconds, self._settings):
            self._silent_hosts.record_failure(url.origin)

    def _get(
        self, session: requests.Session, url: FileUrl, credentials: Credentials | None, deadline: float
    ) -> requests.Response:
        seconds = self.seconds_left(url, deadline)
        self._pass_over_silent_host(url)
        try:
            return session.get(
                url.text,
                headers={"Authorization": credentials.header} if credentials else {},
                timeout=(min(_CONNECT_SECONDS, seconds), seconds),
                stream=True,
            )
        except OSError as error:  # requests raises its own kinds, and others for an unreadable CA file
            raise NoAnswerError(url, _reason(error)) from error

    def _pass_over_silent_host(self, url: FileUrl) -> None:
        seconds = self._silent_hosts.seconds_until_retry(url.origin)
        if seconds > 0:
            raise ImageError(
                "unreachable",
                f"{url} was not requested, because its host did not answer {_SILENT_LIMIT} times in a row; "
                f"it is asked again in {math.ceil(seconds)} s",
            )

    def _post(self, url: str, body: dict[str, str]) -> requests.Response:
        seconds = min(_TOKEN_SECONDS, self._settings.fetch_timeout_seconds)
        return self._trusted_session.post(url, json=body, timeout=seconds)

    def _label_studio_header(self, url: FileUrl) -> str:
        """The token's header if the URL that is sent is Label Studio's."""
        return self._token.header() if self.is_label_studio(url) else ""


def is_slow(seconds: float, settings: Settings) -> bool:
    """Whether a download that failed after some seconds may hold up others for as long if it is repeated."""
    return seconds >= 0.9 * min(_CONNECT_SECONDS, settings.fetch_timeout_seconds)


def _reason(error: OSError) -> str:
    if isinstance(error, requests.ConnectTimeout):
        return "cannot be reached"
    if isinstance(error, requests.Timeout):
        return "took too long (OCR_FETCH_TIMEOUT)"
    if isinstance(error, requests.exceptions.SSLError):
        return "has a certificate that is not trusted (REQUESTS_CA_BUNDLE, VERIFY_SSL)"
    if isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.InvalidSchema):
        return "is not a valid URL"
    if not isinstance(error, requests.RequestException):
        return "was not requested: the file in REQUESTS_CA_BUNDLE cannot be read"
    return "cannot be reached"
