import json
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from ocr_backend.credentials import Credentials
from ocr_backend.errors import PictureError
from ocr_backend.fetching import Fetcher
from ocr_backend.picture_cache import PictureCache
from ocr_backend.settings import Settings
from ocr_backend.sources import Inline, OnDisk, Remote
from scripted_server import Asked, Reply, ScriptedServer

CONTENT = b"picture" * 1000
PERSONAL = "eyJhbGciOiJub25lIn0.eyJ0b2tlbl90eXBlIjoicmVmcmVzaCJ9.c2ln"
Make = Callable[..., Fetcher]


@pytest.fixture
def make(settings: Callable[..., Settings]) -> Iterator[Make]:
    fetchers = []

    def made(**changed: object) -> Fetcher:
        fetchers.append(Fetcher(settings(**changed), threads=4))
        return fetchers[-1]

    yield made
    for fetcher in fetchers:
        fetcher.close()


def fetch(fetcher: Fetcher, *urls: str, seconds: float = 30) -> bytes:
    return fetcher.fetch(Remote(urls), time.monotonic() + seconds)


def failure(fetcher: Fetcher, *urls: str) -> tuple[str, str]:
    with pytest.raises(PictureError) as failed:
        fetch(fetcher, *urls)
    return failed.value.outcome, str(failed.value)


def authorizations(asked: list[Asked]) -> list[str | None]:
    return [one.headers.get("Authorization") for one in asked]


def test_a_file_is_fetched_without_cookies_or_credentials(web: ScriptedServer, make: Make) -> None:
    url = web.on("/a.png", Reply(CONTENT, headers={"Set-Cookie": "session=1"}))
    fetcher = make(label_studio_url="http://ls.example", label_studio_api_key="secret")
    assert fetch(fetcher, url + "?size=full") == CONTENT
    assert fetch(fetcher, url) == CONTENT
    assert [one.path for one in web.asked] == ["/a.png?size=full", "/a.png"]
    for one in web.asked:
        assert not {"Authorization", "Cookie"} & set(one.headers)


def test_credentials_in_a_url_are_used_as_such(web: ScriptedServer, make: Make) -> None:
    url = web.serve("/a.png", CONTENT).replace("http://", "http://me:p%40ss@")
    assert fetch(make(), url) == CONTENT
    assert authorizations(web.asked) == ["Basic bWU6cEBzcw=="]


class TestProjectCredentials:
    """The project's task data credentials go to the host that a task names, and to no other."""

    OWN = Credentials("me", "p@ss")
    HEADER = "Basic bWU6cEBzcw=="

    def fetch(self, fetcher: Fetcher, url: str) -> bytes:
        return fetcher.fetch(Remote((url,)), time.monotonic() + 30, self.OWN)

    def test_the_host_gets_them(self, web: ScriptedServer, make: Make) -> None:
        assert self.fetch(make(), web.serve("/a.png", CONTENT)) == CONTENT
        assert authorizations(web.asked) == [self.HEADER]

    def test_those_in_the_url_come_before_them(self, web: ScriptedServer, make: Make) -> None:
        self.fetch(make(), web.serve("/a.png", CONTENT).replace("http://", "http://you:x@"))
        assert authorizations(web.asked) == ["Basic eW91Ong="]

    def test_they_stay_with_the_host_when_it_redirects(
        self, web: ScriptedServer, other_web: ScriptedServer, make: Make
    ) -> None:
        web.redirect("/b.png", other_web.redirect("/c.png", web.serve("/d.png", CONTENT)))
        assert self.fetch(make(), web.redirect("/a.png", "/b.png")) == CONTENT
        assert authorizations(web.asked) == [self.HEADER] * 3
        assert authorizations(other_web.asked) == [None]

    def test_label_studio_gets_its_token_instead(self, web: ScriptedServer, make: Make) -> None:
        fetcher = make(label_studio_url=web.url, label_studio_api_key="0123abc")
        self.fetch(fetcher, web.serve("/data/upload/1/a.png", CONTENT))
        assert authorizations(web.asked) == ["Token 0123abc"]

    def test_where_label_studio_leads_to_gets_none(
        self, web: ScriptedServer, other_web: ScriptedServer, make: Make
    ) -> None:
        fetcher = make(label_studio_url=web.url + "/studio", label_studio_api_key="0123abc")
        there = other_web.serve("/bucket/a.png", CONTENT)
        self.fetch(fetcher, web.redirect("/studio/tasks/1/presign/", there, 303))
        self.fetch(fetcher, web.redirect("/studio/tasks/2/presign/", web.serve("/beside.png", CONTENT), 303))
        assert authorizations(other_web.asked) == [None]
        assert authorizations(web.asked) == ["Token 0123abc", "Token 0123abc", None]


def test_a_host_that_leads_to_label_studio_does_not_learn_its_token(
    web: ScriptedServer, other_web: ScriptedServer, make: Make
) -> None:
    fetcher = make(label_studio_url=web.url, label_studio_api_key="0123abc")
    there = web.serve("/data/upload/1/a.png", CONTENT)
    assert fetch(fetcher, other_web.redirect("/a.png", there)) == CONTENT
    assert authorizations(other_web.asked) == [None]
    assert "Referer" not in web.asked[0].headers


def test_a_content_that_is_sent_in_chunks_and_packed_is_fetched(web: ScriptedServer, make: Make) -> None:
    import gzip

    packed = gzip.compress(CONTENT)

    def chunks(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.send_header("Content-Encoding", "gzip")
        handler.end_headers()
        for part in (packed[:10], packed[10:]):
            handler.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
        handler.wfile.write(b"0\r\n\r\n")

    assert fetch(make(), web.on("/a.png", chunks)) == CONTENT


def test_the_legacy_token_goes_to_label_studio(web: ScriptedServer, make: Make) -> None:
    fetcher = make(label_studio_url=web.url, label_studio_api_key="0123abc")
    assert fetch(fetcher, web.serve("/data/upload/1/a.png", CONTENT)) == CONTENT
    assert authorizations(web.asked) == ["Token 0123abc"]


def test_label_studio_is_asked_although_its_address_is_private(web: ScriptedServer, make: Make) -> None:
    fetcher = make(label_studio_url=web.url, allowed_hosts=())
    assert fetch(fetcher, web.serve("/data/upload/1/a.png", CONTENT)) == CONTENT


def test_the_token_stays_below_label_studios_path(web: ScriptedServer, make: Make) -> None:
    fetcher = make(label_studio_url=web.url + "/studio", label_studio_api_key="0123abc")
    fetch(fetcher, web.serve("/studio/data/a.png", CONTENT))
    fetch(fetcher, web.serve("/other/a.png", CONTENT))
    assert authorizations(web.asked) == ["Token 0123abc", None]


def test_the_token_does_not_follow_a_redirect_to_another_host(
    web: ScriptedServer, other_web: ScriptedServer, make: Make
) -> None:
    stored = other_web.serve("/bucket/a.png", CONTENT) + "?signature=x"
    fetcher = make(label_studio_url=web.url, label_studio_api_key="0123abc", allowed_hosts=())
    assert fetch(fetcher, web.redirect("/tasks/1/presign/", stored, 303)) == CONTENT
    assert authorizations(web.asked) == ["Token 0123abc"]
    assert authorizations(other_web.asked) == [None]


def test_a_redirect_by_label_studios_storage_is_not_trusted_further(
    web: ScriptedServer, other_web: ScriptedServer, make: Make
) -> None:
    onwards = other_web.redirect("/bucket/a.png", other_web.serve("/internal", CONTENT))
    fetcher = make(label_studio_url=web.url, allowed_hosts=())
    outcome, reason = failure(fetcher, web.redirect("/tasks/1/presign/", onwards))
    assert outcome == "refused"
    assert "not public" in reason


def label_studio_with_access_tokens(web: ScriptedServer) -> None:
    """Gives access-1, access-2, ... and takes only the last one that it gave."""
    given: list[str] = []

    def refresh(handler: BaseHTTPRequestHandler) -> None:
        given.append(f"access-{len(given) + 1}")
        Reply(json.dumps({"access": given[-1]}).encode())(handler)

    def file(handler: BaseHTTPRequestHandler) -> None:
        is_right = handler.headers.get("Authorization") == f"Bearer {given[-1] if given else None}"
        (Reply(CONTENT) if is_right else Reply(b"no", 401))(handler)

    web.on("/api/token/refresh/", refresh)
    web.on("/data/a.png", file)
    web.on("/forget", lambda handler: (given.append("another"), Reply()(handler))[1])


def test_a_personal_token_is_exchanged_and_renewed_once_when_it_is_refused(
    web: ScriptedServer, make: Make
) -> None:
    label_studio_with_access_tokens(web)
    fetcher = make(label_studio_url=web.url, label_studio_api_key=PERSONAL)
    url = web.url + "/data/a.png"
    assert fetch(fetcher, url) == CONTENT
    fetch(fetcher, web.url + "/forget")
    assert fetch(fetcher, url) == CONTENT
    assert [(one.path, one.headers.get("Authorization")) for one in web.asked] == [
        ("/api/token/refresh/", None),
        ("/data/a.png", "Bearer access-1"),
        ("/forget", "Bearer access-1"),
        ("/data/a.png", "Bearer access-1"),
        ("/api/token/refresh/", None),
        ("/data/a.png", "Bearer access-3"),
    ]


def test_a_token_without_rights_is_renewed_only_once(web: ScriptedServer, make: Make) -> None:
    label_studio_with_access_tokens(web)
    fetcher = make(label_studio_url=web.url, label_studio_api_key=PERSONAL)
    outcome, reason = failure(fetcher, web.on("/data/secret.png", Reply(b"no", 401)))
    assert outcome == "unreachable"
    assert reason.endswith(
        "answered 401; set LABEL_STUDIO_API_KEY to a token that is valid and may see the project"
    )
    assert [one.path for one in web.asked].count("/api/token/refresh/") == 2


@pytest.mark.parametrize("status", [404, 400])
def test_the_next_address_is_tried_where_the_file_is_not_known(
    web: ScriptedServer, make: Make, status: int
) -> None:
    first = web.on("/data/upload/1/a.png", Reply(b"", status))
    assert fetch(make(), first, web.serve("/storage-data/uploaded/", CONTENT)) == CONTENT


def test_the_next_address_is_not_tried_where_the_first_fails_otherwise(
    web: ScriptedServer, make: Make
) -> None:
    first = web.on("/data/upload/1/a.png", Reply(b"", 500))
    assert "/data/upload/1/a.png answered 500" in failure(make(), first, web.serve("/b", CONTENT))[1]


@pytest.mark.parametrize("status", [404, 403, 410, 500, 204, 206, 304])
def test_other_answers_than_the_file_are_told_by_their_status(
    web: ScriptedServer, make: Make, status: int
) -> None:
    headers = {"Content-Length": "0"}
    outcome, reason = failure(make(), web.on("/a.png", Reply(b"", status, headers)) + "?token=secret")
    assert (outcome, reason) == ("unreachable", f"{web.url}/a.png answered {status}")


def test_a_web_page_in_place_of_the_picture_is_told_of(web: ScriptedServer, make: Make) -> None:
    url = web.on(
        "/a.png", Reply(b"<html>log in</html>", headers={"Content-Type": "text/html; charset=utf-8"})
    )
    assert failure(make(), url) == ("broken", f"{url} answered with a web page instead of a picture")


def test_redirects_are_followed_also_relative_ones(web: ScriptedServer, make: Make) -> None:
    web.serve("/b/there.png", CONTENT)
    web.redirect("/b/next.png", "there.png", 308)
    assert fetch(make(), web.redirect("/a.png", "/b/next.png", 301)) == CONTENT


def test_redirects_come_to_an_end(web: ScriptedServer, make: Make) -> None:
    outcome, reason = failure(make(), web.redirect("/a.png", "/a.png"))
    assert (outcome, reason) == ("unreachable", f"{web.url}/a.png is at the end of more than 5 redirects")
    assert len(web.asked) == 6


@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "ftp://web.example/a", "data:image/png;base64,AA=="]
)
def test_a_redirect_to_another_scheme_is_refused(web: ScriptedServer, make: Make, target: str) -> None:
    outcome, reason = failure(make(), web.redirect("/a.png", target))
    assert outcome == "refused"
    assert "neither http nor https" in reason


def test_a_private_address_is_refused_before_anything_is_sent(web: ScriptedServer, make: Make) -> None:
    outcome, reason = failure(make(allowed_hosts=()), web.serve("/a.png", CONTENT))
    assert outcome == "refused"
    assert reason == (
        "127.0.0.1 has the address 127.0.0.1, which is not public; if pictures may come from there, "
        "add the host or its network to OCR_FETCH_ALLOW"
    )
    assert web.asked == []


def test_a_name_with_a_private_address_is_refused_too(web: ScriptedServer, make: Make) -> None:
    url = web.serve("/a.png", CONTENT).replace("127.0.0.1", "localhost")
    outcome, reason = failure(make(allowed_hosts=("10.0.0.0/8",)), url)
    assert outcome == "refused"
    assert reason.startswith("localhost has the address ")
    assert "OCR_FETCH_ALLOW" in reason
    assert fetch(make(allowed_hosts=("localhost",)), url) == CONTENT


@pytest.mark.parametrize(
    "host", ["2130706433", "0x7f000001", "127.1", "0177.0.0.1", "[::ffff:127.0.0.1]", "localhost."]
)
def test_other_spellings_of_a_private_address_are_refused_too(
    web: ScriptedServer, make: Make, host: str
) -> None:
    url = web.serve("/a.png", CONTENT).replace("127.0.0.1", host)
    assert failure(make(allowed_hosts=()), url)[0] == "refused"
    assert web.asked == []


@pytest.fixture
def resolving(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """`resolving(name, *addresses)`: what the name means at each look, the last from then on."""
    import socket

    real = socket.getaddrinfo

    def resolve(name: str, *addresses: str) -> None:
        left = list(addresses)

        def asked(host: str, *args: object, **kwargs: object) -> object:
            if host != name:
                return real(host, *args, **kwargs)  # type: ignore[arg-type]
            return real(left.pop(0) if len(left) > 1 else left[0], *args, **kwargs)  # type: ignore[arg-type]

        monkeypatch.setattr(socket, "getaddrinfo", asked)

    return resolve


def test_a_name_that_means_another_address_when_it_is_connected_to_is_refused(
    web: ScriptedServer, make: Make, resolving: Callable[..., None]
) -> None:
    resolving("rebinding.example", "93.184.216.34", "127.0.0.1")
    url = web.serve("/a.png", CONTENT).replace("127.0.0.1", "rebinding.example")
    outcome, reason = failure(make(allowed_hosts=()), url)
    assert (outcome, reason[:43]) == ("refused", "rebinding.example has the address 127.0.0.1")
    assert web.asked == []


@pytest.mark.parametrize("address", ["169.254.169.254", "100.100.100.200", "fd00:ec2::254"])
class TestMetadataServices:
    """Never asked: not for a name, not by redirect, whatever is allowed."""

    NEVER = "of a cloud's metadata service, which is never asked, whatever OCR_FETCH_ALLOW says"

    @pytest.fixture
    def url(self, address: str) -> str:
        return f"http://[{address}]/latest" if ":" in address else f"http://{address}/latest"

    def test_networks_that_hold_them_do_not_allow_them(self, make: Make, url: str) -> None:
        outcome, reason = failure(make(allowed_hosts=("0.0.0.0/0", "::/0")), url)
        assert outcome == "refused"
        assert reason.endswith(self.NEVER)

    def test_a_name_that_is_allowed_does_not_lead_to_them(
        self, make: Make, address: str, resolving: Callable[..., None]
    ) -> None:
        resolving("pictures.example", address)
        fetcher = make(allowed_hosts=("pictures.example",))
        assert failure(fetcher, "http://pictures.example/a.png") == (
            "refused",
            f"pictures.example has the address {address} {self.NEVER}",
        )

    def test_label_studio_does_not_lead_to_them(self, make: Make, web: ScriptedServer, url: str) -> None:
        fetcher = make(label_studio_url=web.url, allowed_hosts=())
        outcome, reason = failure(fetcher, web.redirect("/tasks/1/presign/", url, 303))
        assert outcome == "refused"
        assert reason.endswith(self.NEVER)


def test_a_redirect_to_a_private_address_is_refused(
    web: ScriptedServer, other_web: ScriptedServer, make: Make
) -> None:
    there = other_web.serve("/latest/meta-data", CONTENT)
    url = web.redirect("/a.png", there).replace("127.0.0.1", "localhost")
    assert failure(make(allowed_hosts=("localhost",)), url)[0] == "refused"
    assert other_web.asked == []


def test_a_file_that_is_announced_too_large_is_not_read(web: ScriptedServer, make: Make) -> None:
    url = web.on("/a.png", Reply(b"", headers={"Content-Length": "5000"}))
    outcome, reason = failure(make(max_image_bytes=4999), url)
    assert (outcome, reason) == ("refused", "the file has more than 4999 bytes (OCR_MAX_IMAGE_BYTES)")


def test_a_file_that_grows_too_large_is_given_up(web: ScriptedServer, make: Make) -> None:
    sent: list[int] = []

    def endless(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Connection", "close")
        handler.end_headers()
        handler.close_connection = True
        while True:  # until the other side goes
            sent.append(handler.wfile.write(b"x" * 10_000))

    assert failure(make(max_image_bytes=50_000), web.on("/a.png", endless))[0] == "refused"


def test_a_file_of_exactly_the_limit_is_fetched(web: ScriptedServer, make: Make) -> None:
    assert len(fetch(make(max_image_bytes=7000), web.serve("/a.png", CONTENT))) == 7000


def test_a_file_that_ends_early_is_told_of(web: ScriptedServer, make: Make) -> None:
    def short(handler: BaseHTTPRequestHandler) -> None:
        Reply(b"half", headers={"Content-Length": "8"})(handler)
        handler.close_connection = True

    url = web.on("/a.png", short)
    assert failure(make(), url) == ("unreachable", f"{url} ended before the file was complete")


def drip(handler: BaseHTTPRequestHandler, head: bytes) -> None:
    """Sends the head, then a byte each time the client would begin to lose patience, until it goes."""
    handler.wfile.write(head)
    handler.close_connection = True
    pause = handler.server.pause  # type: ignore[attr-defined]
    while not pause.wait(0.05):
        handler.wfile.write(b"x")


@pytest.fixture
def dripping(web: ScriptedServer) -> Iterator[ScriptedServer]:
    import threading

    web.pause = threading.Event()  # type: ignore[attr-defined]
    yield web
    web.pause.set()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n", id="in the file"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX-Slow: ", id="in the head"),
        pytest.param(b"", id="before the head"),
    ],
)
def test_a_host_that_drips_is_given_up_in_time(dripping: ScriptedServer, make: Make, head: bytes) -> None:
    url = dripping.on("/a.png", lambda handler: drip(handler, head))
    outcome, _ = failure(make(fetch_timeout_seconds=0.4), url)
    assert outcome == "unreachable"


def test_a_host_that_says_nothing_is_given_up(dripping: ScriptedServer, make: Make) -> None:
    url = dripping.on("/a.png", lambda handler: dripping.pause.wait(30))  # type: ignore[attr-defined]
    assert failure(make(fetch_timeout_seconds=0.2), url) == (
        "unreachable",
        f"{url} took too long (OCR_FETCH_TIMEOUT)",
    )


def test_nothing_is_asked_after_the_deadline(web: ScriptedServer, make: Make) -> None:
    url = web.serve("/a.png", CONTENT)
    with pytest.raises(PictureError, match="took too long"):
        fetch(make(), url, seconds=-1)
    assert web.asked == []


def test_a_closed_port_is_told_of(make: Make, web: ScriptedServer) -> None:
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/a.png"
        assert failure(make(), url) == ("unreachable", f"{url} cannot be reached")


@pytest.mark.parametrize(
    "url", ["http://", "http://[::1/a", "http://.invalid/a", "http://a b/c", "http://x:99999/"]
)
def test_a_url_that_cannot_be_asked_is_told_of(make: Make, url: str) -> None:
    assert failure(make(), url)[0] == "unreachable"


def test_many_threads_renew_a_token_that_is_refused_once(web: ScriptedServer, make: Make) -> None:
    import threading
    from concurrent.futures import ThreadPoolExecutor

    label_studio_with_access_tokens(web)
    fetcher = make(label_studio_url=web.url, label_studio_api_key=PERSONAL)
    url = web.url + "/data/a.png"
    fetch(fetcher, url)
    fetch(fetcher, web.url + "/forget")  # all threads now hold a token that is not taken any more
    together = threading.Barrier(24)

    def fetched(_: int) -> bytes:
        together.wait(timeout=10)
        return fetch(fetcher, url)

    with ThreadPoolExecutor(24) as threads:
        assert set(threads.map(fetched, range(24))) == {CONTENT}
    assert [one.path for one in web.asked].count("/api/token/refresh/") == 2


class TestKeptPictures:
    """What is in the cache is not asked for again."""

    @pytest.fixture
    def cache(self, tmp_path: Path) -> PictureCache:
        return PictureCache(tmp_path / "pictures", 10**7, 600)

    @pytest.fixture
    def keeping(
        self, cache: PictureCache, settings: Callable[..., Settings]
    ) -> Iterator[Callable[..., Fetcher]]:
        fetchers = []

        def made(**changed: object) -> Fetcher:
            fetchers.append(Fetcher(settings(**changed), threads=4, cache=cache))
            return fetchers[-1]

        yield made
        for fetcher in fetchers:
            fetcher.close()

    def test_a_picture_is_asked_for_once(self, web: ScriptedServer, keeping: Make) -> None:
        url = web.serve("/a.png", CONTENT) + "?size=full"
        assert [fetch(keeping(), url) for _ in range(3)] == [CONTENT] * 3
        assert len(web.asked) == 1

    @pytest.mark.parametrize("said", ["no-store", "private, max-age=0", "no-cache"])
    def test_a_host_may_forbid_it(self, web: ScriptedServer, keeping: Make, said: str) -> None:
        url = web.on("/a.png", Reply(CONTENT, headers={"Cache-Control": said}))
        assert [fetch(keeping(), url) for _ in range(2)] == [CONTENT] * 2
        assert len(web.asked) == 2

    def test_only_whole_pictures_are_kept(self, web: ScriptedServer, keeping: Make) -> None:
        for reply in (Reply(b"", 404), Reply(b"", 206), Reply(b"ab", headers={"Content-Length": "9"})):

            def script(handler: BaseHTTPRequestHandler, reply: Reply = reply) -> None:
                reply(handler)
                handler.close_connection = True

            failure(keeping(), web.on("/a.png", script))
        assert fetch(keeping(), web.serve("/a.png", CONTENT)) == CONTENT

    def test_presigned_addresses_are_kept_under_the_one_that_was_asked_for(
        self, web: ScriptedServer, other_web: ScriptedServer, keeping: Make
    ) -> None:
        there = other_web.serve("/bucket/a.png", CONTENT)
        forbidden = {"Location": there + "?signature=1", "Cache-Control": "no-store, max-age=60"}
        url = web.on("/tasks/1/presign/", Reply(b"", 303, forbidden))
        fetcher = keeping(label_studio_url=web.url, label_studio_api_key="0123abc")
        assert [fetch(fetcher, url) for _ in range(2)] == [CONTENT] * 2
        assert (len(web.asked), len(other_web.asked)) == (1, 1)
        other_web.on("/bucket/a.png", Reply(b"", 403))
        assert failure(fetcher, there + "?signature=1")[0] == "unreachable"

    def test_who_may_not_fetch_it_gets_none(self, web: ScriptedServer, keeping: Make) -> None:
        def guarded(handler: BaseHTTPRequestHandler) -> None:
            is_right = handler.headers.get("Authorization") in ("Basic bWU6cEBzcw==", "Token 0123abc")
            (Reply(CONTENT) if is_right else Reply(b"no", 401))(handler)

        url = web.on("/a.png", guarded)
        source, later = Remote((url,)), time.monotonic() + 30
        assert keeping().fetch(source, later, Credentials("me", "p@ss")) == CONTENT
        for stranger in (None, Credentials("me", ""), Credentials("you", "p@ss")):
            with pytest.raises(PictureError, match="answered 401"):
                keeping().fetch(source, later, stranger)
        assert fetch(keeping(label_studio_url=web.url, label_studio_api_key="0123abc"), url) == CONTENT
        for key in ("", "0123abd"):
            assert (
                failure(keeping(label_studio_url=web.url, label_studio_api_key=key), url)[0] == "unreachable"
            )

    def test_what_was_no_picture_is_fetched_anew(self, web: ScriptedServer, keeping: Make) -> None:
        source = Remote((web.serve("/a.png", b"broken"),))
        for where in (source, OnDisk("a.png", source)):
            fetcher = keeping(local_files_document_root="/nowhere/at/all")
            assert fetcher.fetch(where, time.monotonic() + 30) == b"broken"
            fetcher.forget(where)
        assert len(web.asked) == 2
        keeping().forget(Inline(b"broken"))

    def test_what_is_kept_has_the_same_limit(self, web: ScriptedServer, keeping: Make) -> None:
        url = web.serve("/a.png", CONTENT)
        fetch(keeping(), url)
        assert failure(keeping(max_image_bytes=6999), url)[0] == "refused"

    def test_threads_that_want_the_same_ask_for_it_once(self, web: ScriptedServer, keeping: Make) -> None:
        import threading
        from concurrent.futures import ThreadPoolExecutor

        together = threading.Barrier(8)
        fetcher = keeping()
        url = web.serve("/a.png", CONTENT)

        def fetched(_: int) -> bytes:
            together.wait(timeout=10)
            return fetch(fetcher, url)

        with ThreadPoolExecutor(8) as threads:
            assert set(threads.map(fetched, range(8))) == {CONTENT}
        assert len(web.asked) == 1

    def test_who_waits_for_another_thread_waits_no_longer_than_it_may(
        self, dripping: ScriptedServer, keeping: Make
    ) -> None:
        from concurrent.futures import ThreadPoolExecutor

        pause = dripping.pause  # type: ignore[attr-defined]
        url = dripping.on("/a.png", lambda handler: (pause.wait(30), Reply(CONTENT)(handler))[1])
        fetcher = keeping()
        with ThreadPoolExecutor(1) as threads:
            first = threads.submit(fetch, fetcher, url)
            while not dripping.asked:
                pause.wait(0.01)
            with pytest.raises(PictureError, match="took too long"):
                fetch(fetcher, url, seconds=0.1)
            pause.set()
            assert first.result(timeout=30) == CONTENT


def test_a_picture_in_the_task_itself_has_the_same_limit(make: Make) -> None:
    fetcher = make(max_image_bytes=2000)
    assert fetcher.fetch(Inline(b"x" * 2000), 0) == b"x" * 2000
    with pytest.raises(PictureError, match="more than 2000 bytes"):
        fetcher.fetch(Inline(b"x" * 2001), 0)


class TestFilesOnDisk:
    @pytest.fixture
    def root(self, tmp_path: Path) -> Path:
        (tmp_path / "outside.png").write_bytes(b"secret")
        root = tmp_path / "files"
        (root / "a").mkdir(parents=True)
        (root / "a" / "b.png").write_bytes(CONTENT)
        (root / "inside.png").symlink_to(root / "a" / "b.png")
        (root / "leads-out.png").symlink_to(tmp_path / "outside.png")
        return root

    @pytest.mark.parametrize("path", ["a/b.png", "/a/b.png", "a/../a/./b.png", "inside.png"])
    def test_a_file_below_the_root_is_read(self, make: Make, root: Path, path: str) -> None:
        assert make(local_files_document_root=str(root)).fetch(OnDisk(path, None), 0) == CONTENT

    @pytest.mark.parametrize(
        "path", ["../outside.png", "a/../../outside.png", "leads-out.png", "/../outside.png"]
    )
    def test_a_path_that_leads_out_is_refused(self, make: Make, root: Path, path: str) -> None:
        with pytest.raises(PictureError, match="leads out of LOCAL_FILES_DOCUMENT_ROOT") as refused:
            make(local_files_document_root=str(root)).fetch(OnDisk(path, None), 0)
        assert refused.value.outcome == "refused"

    @pytest.mark.parametrize("path", ["missing.png", "a", "a/b.png/c"])
    def test_what_is_no_file_there_is_fetched_elsewhere(
        self, make: Make, root: Path, web: ScriptedServer, path: str
    ) -> None:
        fetcher = make(local_files_document_root=str(root))
        elsewhere = Remote((web.serve("/data/local-files/", b"elsewhere"),))
        assert fetcher.fetch(OnDisk(path, elsewhere), time.monotonic() + 30) == b"elsewhere"
        with pytest.raises(PictureError, match="not below LOCAL_FILES_DOCUMENT_ROOT"):
            fetcher.fetch(OnDisk(path, None), 0)

    def test_a_file_on_disk_has_the_same_limit(self, make: Make, root: Path) -> None:
        fetcher = make(local_files_document_root=str(root), max_image_bytes=6999)
        with pytest.raises(PictureError, match="more than 6999 bytes"):
            fetcher.fetch(OnDisk("a/b.png", None), 0)
