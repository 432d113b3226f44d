"""A host or file that does not answer is passed over for a while, so that it does not hold up the others."""

import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler

import pytest
from urllib3.exceptions import ReadTimeoutError

from downloading import failure, fetch
from ocr_backend.config.settings import Settings
from ocr_backend.errors import ImageError
from ocr_backend.fetch.downloader import Downloader
from ocr_backend.fetch.image_fetcher import ImageFetcher
from ocr_backend.fetch.image_source import RemoteFile
from ocr_backend.system.header_deadline import limit_next_read
from ocr_backend.system.http_session import http_session
from scripted_server import Reply, ScriptedServer

CONTENT = b"content" * 1000
TIMEOUT = 0.2


class Clock:
    """The monotonic clock, which a test can advance."""

    ahead = 0.0

    def __call__(self) -> float:
        """The time in seconds."""
        return time.monotonic() + self.ahead


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def downloader(settings: Callable[..., Settings], clock: Clock) -> Iterator[Downloader]:
    downloader = Downloader(settings(fetch_timeout_seconds=TIMEOUT), threads=4, now=clock)
    yield downloader
    downloader.close()


@pytest.fixture
def fetcher(settings: Callable[..., Settings], clock: Clock) -> Iterator[ImageFetcher]:
    fetcher = ImageFetcher(settings(fetch_timeout_seconds=TIMEOUT), threads=4, now=clock)
    yield fetcher
    fetcher.close()


def leap(handler: BaseHTTPRequestHandler, clock: Clock) -> None:
    """Answers with a body that ends after the clock has advanced by more than the request lasts."""
    clock.ahead += 50
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n")


def silent(handler: BaseHTTPRequestHandler) -> None:
    """Answers nothing until the test ends."""
    handler.server.pause.wait(30)  # type: ignore[attr-defined]


def silent_after_head(handler: BaseHTTPRequestHandler) -> None:
    """Sends the head and no body until the test ends."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n")
    handler.wfile.flush()
    silent(handler)


@pytest.mark.parametrize("script", [silent, silent_after_head])
def test_a_host_is_passed_over_after_three_timeouts_in_a_row(
    dripping: ScriptedServer,
    downloader: Downloader,
    clock: Clock,
    script: Callable[[BaseHTTPRequestHandler], None],
) -> None:
    url = dripping.on("/a.png", script)
    other = dripping.serve("/b.png", CONTENT)
    for _ in range(3):
        assert "took too long" in failure(downloader, url, seconds=TIMEOUT)[1]
    outcome, reason = failure(downloader, other)
    assert outcome == "unreachable"
    assert reason.startswith(f"{other} was not requested, because its host did not answer 3 times in a row")
    assert len(dripping.requests) == 3
    clock.ahead += 61
    assert downloader.download([other], None, clock() + 30).content == CONTENT
    assert downloader.download([other], None, clock() + 30).content == CONTENT


def test_other_hosts_are_still_asked(
    dripping: ScriptedServer, other_web: ScriptedServer, downloader: Downloader
) -> None:
    url = dripping.on("/a.png", silent)
    for _ in range(4):
        failure(downloader, url, seconds=TIMEOUT)
    assert fetch(downloader, other_web.serve("/a.png", CONTENT)) == CONTENT


def test_an_answer_ends_the_row_of_timeouts(dripping: ScriptedServer, downloader: Downloader) -> None:
    silent_url = dripping.on("/a.png", silent)
    missing_url = dripping.on("/b.png", Reply(b"", 404))
    for _ in range(2):
        for _ in range(2):
            assert "took too long" in failure(downloader, silent_url, seconds=TIMEOUT)[1]
        assert "answered 404" in failure(downloader, missing_url)[1]


def test_a_request_near_its_deadline_blames_no_host(dripping: ScriptedServer, downloader: Downloader) -> None:
    url = dripping.on("/a.png", silent)
    for _ in range(4):
        assert "took too long" in failure(downloader, url, seconds=TIMEOUT / 10)[1]


def test_the_end_of_a_request_that_left_little_time_blames_no_host(
    dripping: ScriptedServer, settings: Callable[..., Settings], clock: Clock
) -> None:
    patient = Downloader(settings(fetch_timeout_seconds=60), threads=1, now=clock)
    url = dripping.on("/a.png", lambda handler: leap(handler, clock))
    for _ in range(4):
        assert "took too long" in failure(patient, url, seconds=40)[1]
    patient.close()


def test_a_file_that_timed_out_is_not_requested_again_for_a_minute(
    dripping: ScriptedServer, fetcher: ImageFetcher, clock: Clock
) -> None:
    source = RemoteFile((dripping.on("/a.png", silent),))
    for reason in (
        "took too long",
        "did not answer in time a moment ago",
        "did not answer in time a moment ago",
    ):
        with pytest.raises(ImageError, match=reason):
            fetcher.fetch(source, clock() + 30)
    assert len(dripping.requests) == 1
    clock.ahead += 61
    dripping.serve("/a.png", CONTENT)
    assert fetcher.fetch(source, clock() + 30) == CONTENT


def test_a_file_that_the_end_of_the_request_interrupted_is_requested_again(
    dripping: ScriptedServer, fetcher: ImageFetcher, clock: Clock
) -> None:
    source = RemoteFile((dripping.on("/a.png", silent),))
    for _ in range(2):
        with pytest.raises(ImageError, match="took too long"):
            fetcher.fetch(source, clock() + 0.95 * TIMEOUT)
    assert len(dripping.requests) == 2


def test_a_file_that_is_missing_is_requested_again(
    web: ScriptedServer, fetcher: ImageFetcher, clock: Clock
) -> None:
    source = RemoteFile((f"{web.url}/a.png",))
    with pytest.raises(ImageError, match="answered 404"):
        fetcher.fetch(source, clock() + 30)
    web.serve("/a.png", CONTENT)
    assert fetcher.fetch(source, clock() + 30) == CONTENT


def test_the_next_read_of_a_body_can_be_limited(dripping: ScriptedServer) -> None:
    url = dripping.on("/a.png", silent_after_head)
    with http_session() as session, session.get(url, stream=True, timeout=60) as response:
        limit_next_read(response.raw, 0.05)
        with pytest.raises(ReadTimeoutError):
            response.raw.read1(10)
