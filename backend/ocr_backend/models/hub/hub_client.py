"""HTTP client for hubs, with time limits, the machine's proxies and its certificate authorities.

Error messages say briefly why a request failed. They never show headers, passwords or URL queries.
`file_listing` and `resumable_download` send their requests through this.
"""

import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

import requests
from urllib3.exceptions import HTTPError, ReadTimeoutError

from ocr_backend.models.model_errors import ModelError, ModelMismatchError, ModelNotFoundError
from ocr_backend.system.http_session import http_session
from ocr_backend.system.urls import redact_url

CONNECT_TIMEOUT_SECONDS = 10.0
RETRY_DELAY_SECONDS = 1.0
CHUNK_BYTES = 1 << 16
"""At least this much must arrive within `chunk_timeout_seconds`, else the hub counts as hanging."""
MAX_LISTING_BYTES = 1 << 24  # a guess with room: the largest listing has some kilobytes

_TRANSIENT_STATUSES = (
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
)
# Without a token, Hugging Face answers 401 for what does not exist.
_NOT_FOUND_CODES = ("RepoNotFound", "EntryNotFound", "RevisionNotFound")
# requests reads the first two; other programs, Hugging Face's client among them, the third.
_CA_BUNDLE_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")


class TransientError(ModelError):
    """No response, or an incomplete one: the same request may succeed soon."""


class _TooSlowError(requests.Timeout):
    """Data arrives, but too slowly."""


def read_timeout_seconds() -> float:
    """How long a hub may send nothing: HF_HUB_DOWNLOAD_TIMEOUT, as for Hugging Face's own client."""
    from huggingface_hub import constants

    return float(constants.HF_HUB_DOWNLOAD_TIMEOUT)


def chunk_timeout_seconds() -> float:
    """How long `CHUNK_BYTES` may take: by default that is about 2 kB/s."""
    return 3 * read_timeout_seconds()


class HubClient:
    """One HTTP session. `headers` are sent to the hub only, not to other hosts that it redirects to."""

    def __init__(self, headers: Mapping[str, str] | None = None) -> None:
        ca_bundle = next((os.environ[name] for name in _CA_BUNDLE_VARIABLES if os.environ.get(name)), True)
        self._session = http_session(verify=ca_bundle)
        self._headers = dict(headers or {})

    def close(self) -> None:
        """Closes the connections."""
        self._session.close()

    def json(self, url: str) -> Any:
        """The JSON at a URL; a transient error is retried once.

        Raises:
            ModelNotFoundError: it does not exist.
            ModelError: the hub does not respond, refuses, or sends no JSON.
        """
        try:
            return self._json(url)
        except TransientError:
            time.sleep(RETRY_DELAY_SECONDS)
        return self._json(url)

    def _json(self, url: str) -> Any:
        try:
            with self.stream(url) as response:
                return json.loads(_listing_content(response))
        except ValueError as error:
            raise ModelError(f"{redact_url(url)} did not return a list of files") from error

    @contextmanager
    def stream(self, url: str, headers: Mapping[str, str] | None = None) -> Iterator[requests.Response]:
        """A successful response whose content has not been read; read it with `chunks` within the context.

        Raises:
            ModelNotFoundError: the URL does not exist.
            TransientError: no response, or the content breaks off.
            ModelError: the hub refuses.
        """
        try:
            with self._session.get(
                url,
                headers={**self._headers, **(headers or {})},
                timeout=(CONNECT_TIMEOUT_SECONDS, read_timeout_seconds()),
                stream=True,
            ) as response:
                _raise_for_status(url, response)
                yield response
        except requests.RequestException as error:
            raise TransientError(f"{redact_url(url)} {_failure_reason(error)}") from None


def chunks(response: requests.Response) -> Iterator[bytes]:
    """The content as it arrives, at most `CHUNK_BYTES` at a time.

    Raises:
        requests.RequestException: it breaks off or arrives too slowly; `HubClient.stream` translates this.
    """
    received, waited = 0, 0.0  # since the last complete chunk; the caller's own time does not count
    while True:
        started = time.monotonic()
        chunk = _read_chunk(response)
        waited += time.monotonic() - started
        if not chunk:
            return
        received += len(chunk)
        if received >= CHUNK_BYTES:
            received, waited = 0, 0.0
        if waited > chunk_timeout_seconds():
            raise _TooSlowError
        yield chunk


def _read_chunk(response: requests.Response) -> bytes:
    try:
        return bytes(response.raw.read1(CHUNK_BYTES, decode_content=True))
    except ReadTimeoutError as error:
        raise requests.ReadTimeout from error
    except HTTPError as error:
        raise requests.exceptions.ChunkedEncodingError from error


def _listing_content(response: requests.Response) -> bytes:
    """The content of a listing. Raises ValueError if it is too large."""
    content = bytearray()
    for chunk in chunks(response):
        content += chunk
        if len(content) > MAX_LISTING_BYTES:
            raise ValueError
    return bytes(content)


def _raise_for_status(url: str, response: requests.Response) -> None:
    status = response.status_code
    if status < HTTPStatus.BAD_REQUEST:
        return
    if status == HTTPStatus.NOT_FOUND or response.headers.get("X-Error-Code") in _NOT_FOUND_CODES:
        raise ModelNotFoundError(f"{redact_url(url)} does not exist (status {status})")
    if status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
        raise ModelMismatchError(f"{redact_url(url)} is smaller than the hub lists it")
    error_class = TransientError if status in _TRANSIENT_STATUSES else ModelError
    raise error_class(f"{redact_url(url)} returned status {status}")


def _failure_reason(error: requests.RequestException) -> str:
    match error:
        case _TooSlowError():
            return f"sent less than {CHUNK_BYTES >> 10} KiB in {chunk_timeout_seconds():g} s"
        case requests.ConnectTimeout():
            return f"cannot be reached within {CONNECT_TIMEOUT_SECONDS:g} s"
        case requests.Timeout():
            return f"sent nothing for {read_timeout_seconds():g} s"
        case requests.exceptions.ProxyError():
            return "cannot be reached: the proxy refuses or cannot be reached"
        case requests.exceptions.SSLError():
            return "has an untrusted certificate; set SSL_CERT_FILE to the file of its certificate authority"
        case requests.exceptions.ChunkedEncodingError():
            return "closed the connection before the end"
        case requests.ConnectionError():
            return f"cannot be reached{_system_error(error)}"
    return "cannot be requested"


def _system_error(error: BaseException) -> str:
    """The operating system's error below the libraries' own; it holds no address."""
    text = ""
    current: BaseException | None = error
    while current is not None:
        if isinstance(current, OSError) and current.strerror:
            text = f": {current.strerror}"
        current = _inner_error(current)
    return text


def _inner_error(error: BaseException) -> BaseException | None:
    arguments = [getattr(error, "reason", None), *error.args]
    inner = next((argument for argument in arguments if isinstance(argument, BaseException)), None)
    return inner or error.__cause__ or error.__context__
