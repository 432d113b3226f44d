"""Label Studio's token reaches only its own origin and path, whatever the URL of an image looks like."""

import re
import socket
from collections.abc import Iterator
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopback import serving
from ocr_backend.config.settings import Settings
from ocr_backend.errors import ImageError
from ocr_backend.fetch.image_fetcher import ImageFetcher
from ocr_backend.fetch.image_source import parse_source
from scripted_server import Reply, Script, ScriptedServer
from url_texts import url_texts

TOKEN = "0123456789abcdef"


class AnyPath(ScriptedServer):
    """Answers each path with `reply`."""

    reply: Script = Reply(b"content")

    def script(self, path: str) -> Script:
        """The same for all paths."""
        return self.reply


@pytest.fixture(scope="module", autouse=True)
def no_names() -> Iterator[None]:
    """Names are not looked up: only addresses can be reached."""
    real = socket.getaddrinfo

    def getaddrinfo(host: str, *args: object, **kwargs: object) -> object:
        if host != "127.0.0.1":
            raise socket.gaierror
        return real(host, *args, **kwargs)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", getaddrinfo)
        yield


@pytest.fixture(scope="module")
def label_studio() -> Iterator[AnyPath]:
    with serving(AnyPath()) as server:
        yield server


@pytest.fixture(scope="module")
def evil() -> Iterator[AnyPath]:
    with serving(AnyPath()) as server:
        yield server


@pytest.fixture(scope="module")
def fetcher(label_studio: AnyPath) -> Iterator[ImageFetcher]:
    fetcher = ImageFetcher(
        Settings(
            label_studio_url=f"{label_studio.url}/studio",
            label_studio_api_key=TOKEN,
            allowed_hosts=("127.0.0.1",),
        ),
        threads=1,
    )
    yield fetcher
    fetcher.close()


def attempt(fetcher: ImageFetcher, url: str, label_studio: AnyPath) -> None:
    """Fetches an image, which may fail in the ways that images do."""
    settings = Settings(label_studio_url=f"{label_studio.url}/studio", label_studio_api_key=TOKEN)
    try:
        fetcher.fetch(parse_source(url, 1, settings), float("inf"))
    except ImageError:
        return


def check_token(label_studio: AnyPath, evil: AnyPath) -> None:
    assert not [request for request in evil.requests if TOKEN in str(request)]
    for request in label_studio.requests:
        if TOKEN in str(request):
            path = request.path.partition("?")[0]
            for _ in range(3):
                path = unquote(path)
            assert re.match(r"/studio(/|$)", path)
            assert not re.search(r"(^|[/\\])\.\.([/\\;]|$)", path)
    evil.requests.clear()
    label_studio.requests.clear()


HOSTS = ("LS", "EVIL")


def resolved(text: str, label_studio: AnyPath, evil: AnyPath) -> str:
    """The text with the addresses of the two servers in place of their names."""
    ports = {"LS": label_studio.server_port, "EVIL": evil.server_port}
    return re.sub("LS|EVIL", lambda match: f"127.0.0.1:{ports[match[0]]}", text)


@pytest.mark.parametrize(
    "text",
    [
        "http://EVIL\\@LS/studio/x.png",
        "http://LS\\@EVIL/studio/x.png",
        "http://LS/studio/%2e%2e/other/x.png",
        "http://LS/studio/..%2fother/x.png",
        "http://LS@EVIL/studio/x.png",
        "http://EVIL#@LS/studio/x.png",
        "http://EVIL?@LS/studio/x.png",
    ],
)
def test_a_url_that_only_looks_like_label_studio_gets_no_token(
    label_studio: AnyPath, evil: AnyPath, fetcher: ImageFetcher, text: str
) -> None:
    attempt(fetcher, resolved(text, label_studio, evil), label_studio)
    assert not [request for request in label_studio.requests if TOKEN in str(request)]
    check_token(label_studio, evil)


@settings(max_examples=300, deadline=None)
@given(url_texts(HOSTS))
def test_no_url_takes_the_token_elsewhere(
    label_studio: AnyPath, evil: AnyPath, fetcher: ImageFetcher, text: str
) -> None:
    attempt(fetcher, resolved(text, label_studio, evil), label_studio)
    check_token(label_studio, evil)


@settings(max_examples=150, deadline=None)
@given(url_texts(HOSTS) | st.text(max_size=20))
def test_no_redirect_takes_the_token_elsewhere(
    label_studio: AnyPath, evil: AnyPath, fetcher: ImageFetcher, text: str
) -> None:
    target = re.sub(r"[\r\n]", "", resolved(text, label_studio, evil))
    location = target.encode("utf-8", "surrogatepass").decode("latin-1")
    label_studio.reply = Reply(b"", 302, {"Location": location})
    try:
        attempt(fetcher, f"{label_studio.url}/studio/tasks/1/presign/", label_studio)
        check_token(label_studio, evil)
    finally:
        label_studio.reply = Reply(b"content")


def test_label_studio_itself_gets_the_token(
    label_studio: AnyPath, evil: AnyPath, fetcher: ImageFetcher
) -> None:
    attempt(fetcher, f"{label_studio.url}/studio/data/x.png", label_studio)
    assert label_studio.requests[0].headers["Authorization"] == f"Token {TOKEN}"
    check_token(label_studio, evil)
