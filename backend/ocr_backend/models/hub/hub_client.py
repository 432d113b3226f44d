"""Asks hubs of models, bounded in time: through the proxy and with the certificates that the machine names.

Errors say in a few words why there is no answer; addresses in them have neither password nor query, and no
header is ever told. `hub_listings` and `hub_download` ask through this.
"""

import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError, ReadTimeoutError

from ocr_backend.models.model_errors import ModelError, ModelMismatchError, ModelNotFoundError
from ocr_backend.system.header_deadline import HeaderDeadlineAdapter

CONNECT_SECONDS = 10.0
PAUSE_SECONDS = 1.0
"""Before a hub that did not answer is asked again."""
BLOCK = 1 << 16
"""Bytes that have to come within `slowest_seconds`, for a hub not to count as hanging."""

_LISTING_BYTES = 1 << 24  # a guess with room: the largest has some kilobytes

_PASSING = (
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
)
# Hugging Face answers 401 for what is not there to those without a token.
_ABSENT_CODES = ("RepoNotFound", "EntryNotFound", "RevisionNotFound")


class PassingError(ModelError):
    """No answer, or a broken one: the same request may succeed in a moment."""


def silent_seconds() -> float:
    """Seconds that a hub may be silent: HF_HUB_DOWNLOAD_TIMEOUT, as in Hugging Face's own client."""
    from huggingface_hub import constants

    return float(constants.HF_HUB_DOWNLOAD_TIMEOUT)


def slowest_seconds() -> float:
    """Seconds of waiting in which `BLOCK` bytes have to come: about 2 kB/s, unless the variable says else."""
    return 3 * silent_seconds()


class _SlowError(requests.Timeout):
    """Something comes, and too little of it."""


class Http:
    """One session; `headers` are sent to the hub alone, not to where it leads on another host."""

    def __init__(self, headers: Mapping[str, str] | None = None) -> None:
        self._session = requests.Session()
        self._session.auth = _unchanged  # else a netrc would replace the token
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HeaderDeadlineAdapter())
        # requests itself knows the first two; other programs, Hugging Face's client among them, the third.
        names = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
        self._authorities = next((os.environ[name] for name in names if os.environ.get(name)), True)
        self._headers = {"Accept-Encoding": "identity", **(headers or {})}

    def close(self) -> None:
        """Ends the connections."""
        self._session.close()

    def json(self, url: str, tries: int = 2) -> Any:
        """What a hub says, asked again where it does not answer.

        Raises:
            ModelNotFoundError: it says that there is no such thing.
            ModelError: it does not answer, refuses, or says no JSON.
        """
        try:
            with self.answer(url) as answer:
                return json.loads(_whole(answer))
        except ValueError as error:
            raise ModelError(f"{shown(url)} answers something that is no list of files") from error
        except PassingError:
            if tries == 1:
                raise
        time.sleep(PAUSE_SECONDS)
        return self.json(url, tries - 1)

    @contextmanager
    def answer(self, url: str, headers: Mapping[str, str] | None = None) -> Iterator[requests.Response]:
        """A good answer, whose content is still to come; it is read with `pieces`.

        Raises:
            ModelNotFoundError: there is no such thing.
            PassingError: no answer, also while the content is read within this.
            ModelError: the hub refuses.
        """
        try:
            with self._session.get(
                url,
                headers={**self._headers, **(headers or {})},
                timeout=(CONNECT_SECONDS, silent_seconds()),
                verify=self._authorities,
                stream=True,
            ) as answer:
                _refuse(url, answer)
                yield answer
        except requests.RequestException as error:
            raise PassingError(f"{shown(url)} {_reason(error)}") from None


def pieces(answer: requests.Response) -> Iterator[bytes]:
    """The content as it comes, each piece at most `BLOCK` bytes.

    Raises:
        requests.RequestException: it breaks off, or comes too slowly; `Http.answer` says so in words.
    """
    got, waited = 0, 0.0  # since the last whole block; what the reader needs for a piece does not count
    while True:
        begun = time.monotonic()
        piece = _piece(answer)
        waited += time.monotonic() - begun
        if not piece:
            return
        got += len(piece)
        if got >= BLOCK:
            got, waited = 0, 0.0
        elif waited > slowest_seconds():
            raise _SlowError
        yield piece


def _piece(answer: requests.Response) -> bytes:
    try:
        return bytes(answer.raw.read1(BLOCK, decode_content=True))
    except ReadTimeoutError as error:
        raise requests.ReadTimeout from error
    except HTTPError as error:
        raise requests.exceptions.ChunkedEncodingError from error


def _whole(answer: requests.Response) -> bytes:
    """The content of a listing. Raises ValueError if it cannot be one."""
    content = bytearray()
    for piece in pieces(answer):
        content += piece
        if len(content) > _LISTING_BYTES:
            raise ValueError
    return bytes(content)


def _unchanged(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _refuse(url: str, answer: requests.Response) -> None:
    status = answer.status_code
    if status < HTTPStatus.BAD_REQUEST:
        return
    if status == HTTPStatus.NOT_FOUND or answer.headers.get("X-Error-Code") in _ABSENT_CODES:
        raise ModelNotFoundError(f"{shown(url)} is not there (status {status})")
    if status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
        raise ModelMismatchError(f"{shown(url)} has fewer bytes than the hub's list says")
    kind = PassingError if status in _PASSING else ModelError
    raise kind(f"{shown(url)} answers with status {status}")


def _reason(error: requests.RequestException) -> str:
    match error:
        case _SlowError():
            return f"sends less than {BLOCK >> 10} KiB in {slowest_seconds():g} s"
        case requests.ConnectTimeout():
            return f"cannot be reached within {CONNECT_SECONDS:g} s"
        case requests.Timeout():
            return f"is silent for {silent_seconds():g} s"
        case requests.exceptions.ProxyError():
            return "cannot be reached: the proxy refuses or is not there"
        case requests.exceptions.SSLError():
            return "has a certificate that is not trusted here; SSL_CERT_FILE may name the authority's"
        case requests.exceptions.ChunkedEncodingError():
            return "broke off"
        case requests.ConnectionError():
            return f"cannot be reached{_cause(error)}"
    return "cannot be asked"


def _cause(error: BaseException) -> str:
    """What the system said, below the layers of the libraries; it holds no address."""
    text = ""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, OSError) and seen.strerror:
            text = f": {seen.strerror}"
        inner = getattr(seen, "reason", None) or next(
            (one for one in seen.args if isinstance(one, BaseException)), None
        )
        seen = inner if isinstance(inner, BaseException) else seen.__cause__ or seen.__context__
    return text


def shown(url: str) -> str:
    """An address as a message may show it: without password and query."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    return f"{parts.scheme}://{host}{f':{parts.port}' if parts.port else ''}{parts.path}"
