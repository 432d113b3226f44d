"""A URL is judged in the form in which it is sent, whatever other parsers read in it."""

from urllib.parse import urlsplit

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from urllib3.util import parse_url

from ocr_backend.errors import ImageError
from ocr_backend.fetch.file_url import join_url, parse_file_url
from ocr_backend.system.basic_credentials import Credentials
from ocr_backend.system.urls import redact_url
from url_texts import url_texts

LS = "https://ls.example/studio"


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("https://web.example", "https://web.example/"),
        ("HTTP://Web.Example:0080/a%7eb?x=%7e#f", "http://web.example:80/a~b?x=~"),
        ("https://me:secret@web.example/a", "https://web.example/a"),
        ("https://web.example/a/%2E%2e/b/./c", "https://web.example/b/c"),
        ("https://web.example/a b/ä.png?d=C:\\a", "https://web.example/a%20b/%C3%A4.png?d=C:%5Ca"),
        ("https://web.example/a?", "https://web.example/a"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("https://web%2eexample/", "https://web.example/"),
        ("https://web.example/100%.png", "https://web.example/100%25.png"),
        ("http://label_studio:8080/a", "http://label_studio:8080/a"),
        ("http://[::1]:8080/a", "http://[::1]:8080/a"),
        ("https://web.example#@evil.example/a", "https://web.example/"),
        ("https://web.example?@evil.example/a", "https://web.example/?@evil.example/a"),
        ("https://web.example;@evil.example/a", "https://evil.example/a"),
    ],
)
def test_a_url_is_sent_in_normal_form(text: str, sent: str) -> None:
    assert parse_file_url(text).text == sent


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("https://evil.example\\@ls.example/x.png", "refused"),
        ("https:\\\\ls.example/x.png", "refused"),
        ("https://ls.example\t/x.png", "refused"),
        ("https://ls.example/x\n.png", "refused"),
        ("https://ls .example/x.png", "refused"),
        ("https://me mine@ls.example/x.png", "refused"),
        ("https://ls.example\N{NO-BREAK SPACE}/x.png", "refused"),
        ("https://evil.example%2f@ls.example%2f/x.png", "unreachable"),
        ("https://evil%00.example/x.png", "unreachable"),
        ("https://[fe80::1%25eth0]/x.png", "unreachable"),
        ("https://\N{FULLWIDTH LATIN SMALL LETTER L}s.example/x.png", "unreachable"),
        ("https://ls.example:0/x.png", "unreachable"),
        ("https://ls.example:port/x.png", "unreachable"),
        ("https:///x.png", "unreachable"),
        ("https:x.png", "unreachable"),
        ("https://a../x.png", "unreachable"),
        (f"https://{'a' * 64}.example/x.png", "unreachable"),
        ("http://[::x/", "unreachable"),
    ],
)
def test_a_url_that_parsers_read_differently_is_not_sent(text: str, outcome: str) -> None:
    with pytest.raises(ImageError, match="the image's URL") as refused:
        parse_file_url(text)
    assert refused.value.outcome == outcome


@given(url_texts(("ls.example", "127.0.0.1", "[::1]", "evil.example")))
def test_all_parsers_agree_on_a_url_in_normal_form(text: str) -> None:
    try:
        url = parse_file_url(text)
    except ImageError:
        return
    assert requests.Request("GET", url.text).prepare().url == url.text
    assert parse_file_url(url.text).text == url.text
    parts, sender = urlsplit(url.text), parse_url(url.text)
    assert (parts.hostname, parts.port) == (url.host, sender.port)
    assert (sender.host or "").strip("[]") == url.host
    assert redact_url(url.text).startswith(f"{url.scheme}://")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{LS}/data/a.png", True),
        ("https://LS.example:443/studio", True),
        ("https://ls.example/%73tudio/a", True),
        ("https://ls.example/studios/a", False),
        ("https://ls.example/a", False),
        ("http://ls.example/studio/a", False),
        ("https://ls.example:8443/studio/a", False),
        ("https://ls.example.evil.example/studio/a", False),
        ("https://ls.example@evil.example/studio/a", False),
        (f"{LS}/../other/a", False),
        (f"{LS}/%2e%2e/other/a", False),
        (f"{LS}/%252e%252e/other/a", False),
        (f"{LS}/..%2fother/a", False),
        (f"{LS}/..%5cother/a", False),
        (f"{LS}/..\\other/a", False),
        (f"{LS}/..;/other/a", False),
        (f"{LS}/a/../b", True),
        (f"{LS}//evil.example/a", True),
    ],
)
def test_a_url_is_within_another_by_origin_and_path(text: str, expected: bool) -> None:
    assert parse_file_url(text).is_within(LS) is expected
    assert parse_file_url(text).is_within(LS + "/") is expected


@pytest.mark.parametrize("base", ["", "ls.example", "https://evil.example\\@ls.example"])
def test_no_url_is_within_an_invalid_one(base: str) -> None:
    assert not parse_file_url("https://ls.example/a").is_within(base)


def test_the_path_below_another_url_is_kept_as_sent() -> None:
    assert parse_file_url(f"{LS}/data/a b.png?d=x#y").relative_to(LS + "/") == "/data/a%20b.png?d=x"
    assert parse_file_url(LS).relative_to(LS) == ""


def test_credentials_are_not_part_of_the_text() -> None:
    url = parse_file_url("https://m%40e:p%3Ass@web.example/a?key=secret")
    assert url.credentials == Credentials("m@e", "p:ss")
    assert "p:ss" not in repr(url)
    assert str(url) == "https://web.example/a"


@pytest.mark.parametrize(
    ("target", "sent"),
    [
        ("b.png", "https://web.example/a/b.png"),
        ("//evil.example/b", "https://evil.example/b"),
        ("/%2e%2e/b", "https://web.example/b"),
        ("http:\\\\evil.example/b", None),
        ("//evil.example\\@web.example/b", None),
        ("//[::x/", None),
        ("file:///etc/passwd", None),
    ],
)
def test_the_target_of_a_redirect_is_judged_like_a_url(target: str, sent: str | None) -> None:
    source = parse_file_url("https://web.example/a/x.png")
    if sent is not None:
        assert join_url(source, target).text == sent
        return
    with pytest.raises(ImageError):
        join_url(source, target)


@given(st.text())
def test_any_text_is_a_url_or_an_error(text: str) -> None:
    for url in (text, f"http://{text}", f"https://ls.example/{text}"):
        redact_url(url)
        try:
            parse_file_url(url)
        except ImageError:
            continue
