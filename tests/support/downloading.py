"""Helpers for tests of downloads: the content, the failure, and the credentials that a server got."""

import time
from collections.abc import Callable, Sequence

import pytest

from ocr_backend.errors import ImageError
from ocr_backend.fetch.downloader import Downloader
from ocr_backend.system.basic_credentials import Credentials
from scripted_server import RecordedRequest

MakeDownloader = Callable[..., Downloader]


def fetch(
    downloader: Downloader, *urls: str, seconds: float = 30, credentials: Credentials | None = None
) -> bytes:
    """The content at the first of the URLs that has it, within a timeout."""
    return downloader.download(urls, credentials, time.monotonic() + seconds).content


def failure(downloader: Downloader, *urls: str, seconds: float = 30) -> tuple[str, str]:
    """Outcome and reason of a download that fails."""
    with pytest.raises(ImageError) as failed:
        fetch(downloader, *urls, seconds=seconds)
    return failed.value.outcome, str(failed.value)


def authorizations(requests: Sequence[RecordedRequest]) -> list[str | None]:
    """The header Authorization of each request; None if it is absent."""
    return [request.headers.get("Authorization") for request in requests]
