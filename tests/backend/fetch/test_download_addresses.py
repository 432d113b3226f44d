"""Addresses that images are downloaded from: no private one unless allowed, and no metadata service."""

import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler

import pytest

from downloading import MakeDownloader, failure, fetch
from loopback import RefusingProxy, serving
from scripted_server import ScriptedServer

CONTENT = b"content" * 1000
LOOK_UP_SECONDS = 30


def test_label_studio_may_have_a_private_address(
    web: ScriptedServer, make_downloader: MakeDownloader
) -> None:
    downloader = make_downloader(label_studio_url=web.url, allowed_hosts=())
    assert fetch(downloader, web.serve("/data/upload/1/a.png", CONTENT)) == CONTENT


def test_a_redirect_by_label_studios_storage_is_not_trusted(
    web: ScriptedServer, other_web: ScriptedServer, make_downloader: MakeDownloader
) -> None:
    target = other_web.redirect("/bucket/a.png", other_web.serve("/internal", CONTENT))
    downloader = make_downloader(label_studio_url=web.url, allowed_hosts=())
    outcome, reason = failure(downloader, web.redirect("/tasks/1/presign/", target))
    assert outcome == "refused"
    assert "not public" in reason


def test_other_paths_of_label_studio_may_not_redirect_to_private_addresses(
    web: ScriptedServer, other_web: ScriptedServer, make_downloader: MakeDownloader
) -> None:
    downloader = make_downloader(label_studio_url=web.url, allowed_hosts=())
    target = other_web.serve("/internal", CONTENT)
    assert failure(downloader, web.redirect("/user/login/", target) + "?next=somewhere")[0] == "refused"
    assert other_web.requests == []


@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "ftp://web.example/a", "data:image/png;base64,AA=="]
)
def test_a_redirect_to_another_scheme_is_refused(
    web: ScriptedServer, make_downloader: MakeDownloader, target: str
) -> None:
    outcome, reason = failure(make_downloader(), web.redirect("/a.png", target))
    assert outcome == "refused"
    assert "neither http nor https" in reason


def test_a_private_address_is_refused_before_anything_is_sent(
    web: ScriptedServer, make_downloader: MakeDownloader
) -> None:
    outcome, reason = failure(make_downloader(allowed_hosts=()), web.serve("/a.png", CONTENT))
    assert outcome == "refused"
    assert reason == (
        "127.0.0.1 has the address 127.0.0.1, which is not public; to allow images from there, "
        "add the host or its network to OCR_FETCH_ALLOW"
    )
    assert web.requests == []


def test_a_name_with_a_private_address_is_refused_too(
    web: ScriptedServer, make_downloader: MakeDownloader
) -> None:
    url = web.serve("/a.png", CONTENT).replace("127.0.0.1", "localhost")
    outcome, reason = failure(make_downloader(allowed_hosts=("10.0.0.0/8",)), url)
    assert outcome == "refused"
    assert reason.startswith("localhost has the address ")
    assert "OCR_FETCH_ALLOW" in reason
    assert fetch(make_downloader(allowed_hosts=("localhost",)), url) == CONTENT


@pytest.mark.parametrize(
    "host", ["2130706433", "0x7f000001", "127.1", "0177.0.0.1", "[::ffff:127.0.0.1]", "localhost."]
)
def test_other_spellings_of_a_private_address_are_refused_too(
    web: ScriptedServer, make_downloader: MakeDownloader, host: str
) -> None:
    url = web.serve("/a.png", CONTENT).replace("127.0.0.1", host)
    assert failure(make_downloader(allowed_hosts=()), url)[0] == "refused"
    assert web.requests == []


@pytest.fixture
def resolving(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """`resolving(name, *addresses)`: the address of the name at each look-up; the last one repeats."""
    real = socket.getaddrinfo

    def resolve(name: str, *addresses: str) -> None:
        remaining = list(addresses)

        def getaddrinfo(host: str, *args: object, **kwargs: object) -> object:
            if host != name:
                return real(host, *args, **kwargs)  # type: ignore[arg-type]
            return real(remaining.pop(0) if len(remaining) > 1 else remaining[0], *args, **kwargs)  # type: ignore[arg-type]

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)

    return resolve


def test_only_the_address_that_was_checked_is_contacted(
    web: ScriptedServer, make_downloader: MakeDownloader, resolving: Callable[..., None]
) -> None:
    resolving("rebinding.example", "127.0.0.1", "10.0.0.1")
    url = web.serve("/a.png", CONTENT).replace("127.0.0.1", "rebinding.example")
    assert fetch(make_downloader(allowed_hosts=("127.0.0.1",)), url) == CONTENT


def test_a_look_up_that_does_not_end_is_given_up(
    make_downloader: MakeDownloader, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_over, ended = threading.Event(), threading.Event()

    def getaddrinfo(*_: object, **__: object) -> object:
        is_over.wait(LOOK_UP_SECONDS)
        ended.set()
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    try:
        outcome, reason = failure(make_downloader(fetch_timeout_seconds=0.2), "http://silent.example/a.png")
        assert not ended.is_set()
    finally:
        is_over.set()
    assert (outcome, reason) == ("unreachable", "http://silent.example/a.png cannot be reached")


@pytest.mark.parametrize(
    "host", ["169.254.169.254", "2852039166", "[fd00:ec2::254]", "[::ffff:a9fe:a9fe]", "10.0.0.1"]
)
def test_a_proxy_gets_no_request_for_forbidden_addresses(
    make_downloader: MakeDownloader, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    with serving(RefusingProxy()) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        downloader = make_downloader(allowed_hosts=("169.254.0.0/16", "fd00::/8"))
        assert failure(downloader, f"http://{host}/a.png")[0] == "refused"
        assert proxy.requests == []
        assert failure(downloader, "http://images.example/a.png")[0] == "unreachable"
        assert proxy.requests == ["GET http://images.example/a.png"]


@pytest.mark.parametrize("address", ["169.254.169.254", "100.100.100.200", "fd00:ec2::254"])
class TestMetadataServices:
    """They are never contacted: not by name, not by redirect, whatever is allowed."""

    REASON = (
        "of a cloud's metadata service; images from there are never fetched, whatever OCR_FETCH_ALLOW says"
    )

    @pytest.fixture
    def url(self, address: str) -> str:
        return f"http://[{address}]/latest" if ":" in address else f"http://{address}/latest"

    def test_a_network_that_contains_one_does_not_allow_it(
        self, make_downloader: MakeDownloader, url: str
    ) -> None:
        outcome, reason = failure(make_downloader(allowed_hosts=("0.0.0.0/0", "::/0")), url)
        assert outcome == "refused"
        assert reason.endswith(self.REASON)

    def test_an_allowed_name_does_not_allow_one(
        self, make_downloader: MakeDownloader, address: str, resolving: Callable[..., None]
    ) -> None:
        resolving("images.example", address)
        downloader = make_downloader(allowed_hosts=("images.example",))
        assert failure(downloader, "http://images.example/a.png") == (
            "refused",
            f"images.example has the address {address} {self.REASON}",
        )

    def test_label_studio_may_not_redirect_to_one(
        self, make_downloader: MakeDownloader, web: ScriptedServer, url: str
    ) -> None:
        downloader = make_downloader(label_studio_url=web.url, allowed_hosts=())
        outcome, reason = failure(downloader, web.redirect("/tasks/1/presign/", url, 303))
        assert outcome == "refused"
        assert reason.endswith(self.REASON)


def test_a_redirect_to_a_private_address_is_refused(
    web: ScriptedServer, other_web: ScriptedServer, make_downloader: MakeDownloader
) -> None:
    target = other_web.serve("/latest/meta-data", CONTENT)
    url = web.redirect("/a.png", target).replace("127.0.0.1", "localhost")
    assert failure(make_downloader(allowed_hosts=("localhost",)), url)[0] == "refused"
    assert other_web.requests == []


def test_the_body_of_a_redirect_is_not_read(web: ScriptedServer, make_downloader: MakeDownloader) -> None:
    sent: list[int] = []

    def endless(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(302)
        handler.send_header("Location", "/b.png")
        handler.send_header("Connection", "close")
        handler.end_headers()
        handler.close_connection = True
        while True:  # until the client disconnects
            sent.append(handler.wfile.write(b"x" * 10_000))

    web.serve("/b.png", CONTENT)
    assert fetch(make_downloader(), web.on("/a.png", endless)) == CONTENT


@pytest.mark.parametrize("target", ["http://127.0.0.1:1:2/", "//[::x/", "http://web\\@evil/"])
def test_a_redirect_to_an_invalid_url_is_an_error(
    web: ScriptedServer, make_downloader: MakeDownloader, target: str
) -> None:
    assert "URL" in failure(make_downloader(), web.redirect("/a.png", target))[1]


def test_the_target_of_a_redirect_may_be_utf_8(web: ScriptedServer, make_downloader: MakeDownloader) -> None:
    web.serve("/b%C3%A4.png", CONTENT)
    for location in ("/bä.png".encode().decode("latin-1"), "/b%C3%A4.png"):
        assert fetch(make_downloader(), web.redirect("/a.png", location)) == CONTENT
