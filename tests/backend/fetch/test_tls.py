"""Certificates: which are trusted, and the error for the others."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ocr_backend.config.settings import Settings
from ocr_backend.errors import ImageError
from ocr_backend.fetch.image_fetcher import ImageFetcher
from ocr_backend.fetch.image_source import RemoteFile
from scripted_server import Reply, ScriptedServer

CONTENT = b"content" * 1000
PERSONAL = "eyJhbGciOiJub25lIn0.eyJ0b2tlbl90eXBlIjoicmVmcmVzaCJ9.c2ln"


@pytest.fixture
def fetch(settings: Callable[..., Settings]) -> Callable[..., bytes]:
    def fetch_once(url: str, **changed: object) -> bytes:
        fetcher = ImageFetcher(settings(allowed_hosts=("localhost",), **changed), threads=1)
        try:
            return fetcher.fetch(RemoteFile((url,)), time.monotonic() + 30)
        finally:
            fetcher.close()

    return fetch_once


def test_a_certificate_of_an_unknown_authority_is_refused(
    secure: tuple[ScriptedServer, str], fetch: Callable[..., bytes]
) -> None:
    server, root = secure
    server.serve("/a.png", CONTENT)
    with pytest.raises(ImageError) as refused:
        fetch(f"{root}/a.png")
    assert str(refused.value) == (
        f"{root}/a.png has a certificate that is not trusted (REQUESTS_CA_BUNDLE, VERIFY_SSL)"
    )
    assert server.requests == []


def test_verify_ssl_turns_the_check_off(
    secure: tuple[ScriptedServer, str], fetch: Callable[..., bytes]
) -> None:
    server, root = secure
    server.serve("/a.png", CONTENT)
    assert fetch(f"{root}/a.png", verify_ssl=False) == CONTENT


@pytest.mark.usefixtures("bundle")
def test_requests_ca_bundle_names_a_private_authority(
    secure: tuple[ScriptedServer, str], fetch: Callable[..., bytes]
) -> None:
    server, root = secure
    server.serve("/data/upload/1/a.png", CONTENT)
    server.on("/api/token/refresh/", Reply(b'{"access": "short"}'))
    assert fetch(f"{root}/data/upload/1/a.png") == CONTENT
    at_label_studio = {"label_studio_url": root, "label_studio_api_key": PERSONAL}
    assert fetch(f"{root}/data/upload/1/a.png", **at_label_studio) == CONTENT
    assert [request.headers.get("Authorization") for request in server.requests] == [
        None,
        None,
        "Bearer short",
    ]


@pytest.mark.usefixtures("bundle")
def test_the_certificate_must_be_for_the_host(
    secure: tuple[ScriptedServer, str], settings: Callable[..., Settings]
) -> None:
    server, root = secure
    fetcher = ImageFetcher(settings(), threads=1)
    with pytest.raises(ImageError, match="certificate that is not trusted"):
        fetcher.fetch(RemoteFile((root.replace("localhost", "127.0.0.1"),)), time.monotonic() + 30)
    fetcher.close()


def test_an_unreadable_bundle_is_an_error(
    bundle: Path, secure: tuple[ScriptedServer, str], fetch: Callable[..., bytes]
) -> None:
    bundle.unlink()
    with pytest.raises(ImageError) as refused:
        fetch(f"{secure[1]}/a.png")
    assert str(refused.value).endswith("was not requested: the file in REQUESTS_CA_BUNDLE cannot be read")
    assert str(bundle) not in str(refused.value)
    with pytest.raises(ImageError, match="cannot be reached to renew the access token"):
        fetch(f"{secure[1]}/a.png", label_studio_url=secure[1], label_studio_api_key=PERSONAL)
