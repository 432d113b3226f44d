"""Short words for tests of downloads: the content, the failure, and what a server was told of who asks."""

import time
from collections.abc import Callable, Sequence

import pytest

from ocr_backend.errors import ImageError
from ocr_backend.fetch.downloader import Downloader
from ocr_backend.system.basic_credentials import Credentials
from scripted_server import Asked

MakeDownloader = Callable[..., Downloader]


def fetch(
    downloader: Downloader, *urls: str, seconds: float = 30, credentials: Credentials | None = None
) -> bytes:
    """The content at the first of the URLs that knows it, within a time."""
    return downloader.content(urls, credentials, time.monotonic() + seconds)[0]


def failure(downloader: Downloader, *urls: str, seconds: float = 30) -> tuple[str, str]:
    """Outcome and reason of a download that fails."""
    with pytest.raises(ImageError) as failed:
        fetch(downloader, *urls, seconds=seconds)
    return failed.value.outcome, str(failed.value)


def authorizations(asked: Sequence[Asked]) -> list[str | None]:
    """The header Authorization of each request, None where there was none."""
    return [one.headers.get("Authorization") for one in asked]
