"""A download returns the file within the limits, or an error that says why not."""

import gzip
import socket
from http.server import BaseHTTPRequestHandler

import pytest

from downloading import MakeDownloader, failure, fetch
from ocr_backend.errors import ImageError
from scripted_server import Reply, ScriptedServer

CONTENT = b"content" * 1000


def test_a_file_is_fetched_without_cookies_or_credentials(
    web: ScriptedServer, make_downloader: MakeDownloader
) -> None:
    url = web.on("/a.png", Reply(CONTENT, headers={"Set-Cookie": "session=1"}))
    downloader = make_downloader(label_studio_url="http://ls.example", label_studio_api_key="secret")
    assert fetch(downloader, url + "?size=full") == CONTENT
    assert fetch(downloader, url) == CONTENT
    assert [request.path for request in web.requests] == ["/a.png?size=full", "/a.png"]
    for request in web.requests:
        assert not {"Authorization", "Cookie"} & set(request.headers)


def test_a_browser_and_the_backend_are_named(web: ScriptedServer, make_downloader: MakeDownloader) -> None:
    fetch(make_downloader(), web.serve("/a.png", CONTENT))
    agent = web.requests[0].headers["User-Agent"]
    assert agent.startswith("Mozilla/5.0 (compatible; ocr-backend")


def test_a_chunked_and_compressed_file_is_decoded(
    web: ScriptedServer, make_downloader: MakeDownloader
) -> None:
    compressed = gzip.compress(CONTENT)

    def chunks(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.send_header("Content-Encoding", "gzip")
        handler.end_headers()
        for part in (compressed[:10], compressed[10:]):
            handler.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
        handler.wfile.write(b"0\r\n\r\n")

    assert fetch(make_downloader(), web.on("/a.png", chunks)) == CONTENT


def test_a_file_that_a_proxy_has_changed_is_fetched(
    web: ScriptedServer, make_downloader: MakeDownloader
) -> None:
    assert fetch(make_downloader(), web.on("/a.png", Reply(CONTENT, 203))) == CONTENT


@pytest.mark.parametrize("status", [404, 400])
def test_the_next_url_is_tried_if_the_file_is_unknown(
    web: ScriptedServer, make_downloader: MakeDownloader, status: int
) -> None:
    first = web.on("/data/upload/1/a.png", Reply(b"", status))
    assert fetch(make_downloader(), first, web.serve("/storage-data/uploaded/", CONTENT)) == CONTENT


def test_the_next_url_is_not_tried_after_another_error(
    web: ScriptedServer, make_downloader: MakeDownloader
) -> None:
    first = web.on("/data/upload/1/a.png", Reply(b"", 500))
    assert (
        "/data/upload/1/a.png answered 500" in failure(make_downloader(), first, web.serve("/b", CONTENT))[1]
    )


def test_an_unknown_file_is_the_error_if_the_next_url_is_refused(
    web: ScriptedServer, other_web: ScriptedServer, make_downloader: MakeDownloader
) -> None:
    downloader = make_downloader(label_studio_url=web.url, allowed_hosts=())
    first = f"{web.url}/data/upload/1/a.png"
    assert failure(downloader, first, other_web.serve("/data/upload/1/a.png", CONTENT)) == (
        "unreachable",
        f"{first} answered 404",
    )
    assert other_web.requests == []


@pytest.mark.parametrize("status", [404, 403, 410, 500, 204, 206, 304])
def test_any_other_status_is_an_error(
    web: ScriptedServer, make_downloader: MakeDownloader, status: int
) -> None:
    headers = {"Content-Length": "0"}
    outcome, reason = failure(
        make_downloader(), web.on("/a.png", Reply(b"", status, headers)) + "?token=secret"
    )
    assert (outcome, reason) == ("unreachable", f"{web.url}/a.png answered {status}")


def test_a_web_page_instead_of_an_image_is_an_error(
    web: ScriptedServer, make_downloader: MakeDownloader
) -> None:
    url = web.on(
        "/a.png", Reply(b"<html>log in</html>", headers={"Content-Type": "text/html; charset=utf-8"})
    )
    assert failure(make_downloader(), url) == (
        "broken",
        f"{url} answered with a web page instead of an image",
    )


def test_absolute_and_relative_redirects_are_followed(
    web: ScriptedServer, make_downloader: MakeDownloader
) -> None:
    web.serve("/b/final.png", CONTENT)
    web.redirect("/b/next.png", "final.png", 308)
    assert fetch(make_downloader(), web.redirect("/a.png", "/b/next.png", 301)) == CONTENT


def test_the_number_of_redirects_is_limited(web: ScriptedServer, make_downloader: MakeDownloader) -> None:
    outcome, reason = failure(make_downloader(), web.redirect("/a.png", "/a.png"))
    assert (outcome, reason) == ("unreachable", f"{web.url}/a.png is behind more than 5 redirects")
    assert len(web.requests) == 6


def test_a_file_with_a_too_large_content_length_is_not_read(
    web: ScriptedServer, make_downloader: MakeDownloader
) -> None:
    url = web.on("/a.png", Reply(b"", headers={"Content-Length": "5000"}))
    outcome, reason = failure(make_downloader(max_image_bytes=4999), url)
    assert (outcome, reason) == ("refused", "the file has more than 4999 bytes (OCR_MAX_IMAGE_BYTES)")


def test_a_download_stops_at_the_limit(web: ScriptedServer, make_downloader: MakeDownloader) -> None:
    sent: list[int] = []

    def endless(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Connection", "close")
        handler.end_headers()
        handler.close_connection = True
        while True:  # until the client disconnects
            sent.append(handler.wfile.write(b"x" * 10_000))

    assert failure(make_downloader(max_image_bytes=50_000), web.on("/a.png", endless))[0] == "refused"


def test_a_file_of_exactly_the_limit_is_fetched(web: ScriptedServer, make_downloader: MakeDownloader) -> None:
    assert len(fetch(make_downloader(max_image_bytes=7000), web.serve("/a.png", CONTENT))) == 7000


def test_an_incomplete_file_is_an_error(web: ScriptedServer, make_downloader: MakeDownloader) -> None:
    def short(handler: BaseHTTPRequestHandler) -> None:
        Reply(b"half", headers={"Content-Length": "8"})(handler)
        handler.close_connection = True

    url = web.on("/a.png", short)
    assert failure(make_downloader(), url) == ("unreachable", f"{url} ended before the file was complete")


def drip(handler: BaseHTTPRequestHandler, head: bytes) -> None:
    """Sends the head, then a byte every 50 ms until the client disconnects."""
    handler.wfile.write(head)
    handler.close_connection = True
    pause = handler.server.pause  # type: ignore[attr-defined]
    while not pause.wait(0.05):
        handler.wfile.write(b"x")


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n", id="in the body"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX-Slow: ", id="in the head"),
        pytest.param(b"", id="before the head"),
    ],
)
def test_a_slow_response_ends_at_the_deadline(
    dripping: ScriptedServer, make_downloader: MakeDownloader, head: bytes
) -> None:
    url = dripping.on("/a.png", lambda handler: drip(handler, head))
    outcome, _ = failure(make_downloader(), url, seconds=0.4)
    assert outcome == "unreachable"


def test_a_missing_response_ends_at_the_deadline(
    dripping: ScriptedServer, make_downloader: MakeDownloader
) -> None:
    url = dripping.on("/a.png", lambda handler: dripping.pause.wait(30))  # type: ignore[attr-defined]
    assert failure(make_downloader(), url, seconds=0.2) == (
        "unreachable",
        f"{url} took too long (OCR_FETCH_TIMEOUT)",
    )


def test_no_request_is_sent_after_the_deadline(web: ScriptedServer, make_downloader: MakeDownloader) -> None:
    url = web.serve("/a.png", CONTENT)
    with pytest.raises(ImageError, match="took too long"):
        fetch(make_downloader(), url, seconds=-1)
    assert web.requests == []


def test_a_closed_port_is_an_error(make_downloader: MakeDownloader, web: ScriptedServer) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/a.png"
        assert failure(make_downloader(), url) == ("unreachable", f"{url} cannot be reached")


@pytest.mark.parametrize(
    "url",
    ["http://", "http://[::1/a", "http://.invalid/a", "http://x:99999/", "http://[v1.a:b]/"],
)
def test_an_invalid_url_is_an_error(make_downloader: MakeDownloader, url: str) -> None:
    assert failure(make_downloader(), url)[0] == "unreachable"
