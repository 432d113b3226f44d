"""Which host gets which secret: Label Studio's tokens, the project's credentials, those in a URL."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler

from downloading import MakeDownloader, authorizations, failure, fetch
from ocr_backend.fetch.downloader import Downloader
from ocr_backend.system.basic_credentials import Credentials
from scripted_server import Reply, ScriptedServer

CONTENT = b"content" * 1000
PERSONAL = "eyJhbGciOiJub25lIn0.eyJ0b2tlbl90eXBlIjoicmVmcmVzaCJ9.c2ln"


def test_credentials_in_a_url_are_sent(web: ScriptedServer, make_downloader: MakeDownloader) -> None:
    url = web.serve("/a.png", CONTENT).replace("http://", "http://me:p%40ss@")
    assert fetch(make_downloader(), url) == CONTENT
    assert authorizations(web.requests) == ["Basic bWU6cEBzcw=="]


class TestProjectCredentials:
    """The project's task data credentials go to the host that a task names and to no other."""

    CREDENTIALS = Credentials("me", "p@ss")
    HEADER = "Basic bWU6cEBzcw=="

    def fetch(self, downloader: Downloader, url: str) -> bytes:
        return fetch(downloader, url, credentials=self.CREDENTIALS)

    def test_the_host_gets_them(self, web: ScriptedServer, make_downloader: MakeDownloader) -> None:
        assert self.fetch(make_downloader(), web.serve("/a.png", CONTENT)) == CONTENT
        assert authorizations(web.requests) == [self.HEADER]

    def test_credentials_in_the_url_take_precedence(
        self, web: ScriptedServer, make_downloader: MakeDownloader
    ) -> None:
        self.fetch(make_downloader(), web.serve("/a.png", CONTENT).replace("http://", "http://you:x@"))
        assert authorizations(web.requests) == ["Basic eW91Ong="]

    def test_only_the_first_host_gets_them_after_redirects(
        self, web: ScriptedServer, other_web: ScriptedServer, make_downloader: MakeDownloader
    ) -> None:
        web.redirect("/b.png", other_web.redirect("/c.png", web.serve("/d.png", CONTENT)))
        assert self.fetch(make_downloader(), web.redirect("/a.png", "/b.png")) == CONTENT
        assert authorizations(web.requests) == [self.HEADER] * 3
        assert authorizations(other_web.requests) == [None]

    def test_label_studio_gets_its_token_instead(
        self, web: ScriptedServer, make_downloader: MakeDownloader
    ) -> None:
        downloader = make_downloader(label_studio_url=web.url, label_studio_api_key="0123abc")
        self.fetch(downloader, web.serve("/data/upload/1/a.png", CONTENT))
        assert authorizations(web.requests) == ["Token 0123abc"]

    def test_the_target_of_label_studios_redirect_gets_none(
        self, web: ScriptedServer, other_web: ScriptedServer, make_downloader: MakeDownloader
    ) -> None:
        downloader = make_downloader(label_studio_url=web.url + "/studio", label_studio_api_key="0123abc")
        target = other_web.serve("/bucket/a.png", CONTENT)
        self.fetch(downloader, web.redirect("/studio/tasks/1/presign/", target, 303))
        self.fetch(
            downloader, web.redirect("/studio/tasks/2/presign/", web.serve("/beside.png", CONTENT), 303)
        )
        assert authorizations(other_web.requests) == [None]
        assert authorizations(web.requests) == ["Token 0123abc", "Token 0123abc", None]


def test_a_host_that_redirects_to_label_studio_does_not_get_its_token(
    web: ScriptedServer, other_web: ScriptedServer, make_downloader: MakeDownloader
) -> None:
    downloader = make_downloader(label_studio_url=web.url, label_studio_api_key="0123abc")
    target = web.serve("/data/upload/1/a.png", CONTENT)
    assert fetch(downloader, other_web.redirect("/a.png", target)) == CONTENT
    assert authorizations(other_web.requests) == [None]
    assert "Referer" not in web.requests[0].headers


def test_the_legacy_token_goes_to_label_studio(web: ScriptedServer, make_downloader: MakeDownloader) -> None:
    downloader = make_downloader(label_studio_url=web.url, label_studio_api_key="0123abc")
    assert fetch(downloader, web.serve("/data/upload/1/a.png", CONTENT)) == CONTENT
    assert authorizations(web.requests) == ["Token 0123abc"]


def test_the_token_is_sent_below_label_studios_path_only(
    web: ScriptedServer, make_downloader: MakeDownloader
) -> None:
    downloader = make_downloader(label_studio_url=web.url + "/studio", label_studio_api_key="0123abc")
    fetch(downloader, web.serve("/studio/data/a.png", CONTENT))
    fetch(downloader, web.serve("/other/a.png", CONTENT))
    assert authorizations(web.requests) == ["Token 0123abc", None]


def test_the_token_does_not_follow_a_redirect_to_another_host(
    web: ScriptedServer, other_web: ScriptedServer, make_downloader: MakeDownloader
) -> None:
    target = other_web.serve("/bucket/a.png", CONTENT) + "?signature=x"
    downloader = make_downloader(label_studio_url=web.url, label_studio_api_key="0123abc", allowed_hosts=())
    assert fetch(downloader, web.redirect("/tasks/1/presign/", target, 303)) == CONTENT
    assert authorizations(web.requests) == ["Token 0123abc"]
    assert authorizations(other_web.requests) == [None]


def label_studio_with_access_tokens(web: ScriptedServer) -> None:
    """Issues access-1, access-2, ... and accepts only the latest."""
    issued: list[str] = []

    def refresh(handler: BaseHTTPRequestHandler) -> None:
        issued.append(f"access-{len(issued) + 1}")
        Reply(json.dumps({"access": issued[-1]}).encode())(handler)

    def file(handler: BaseHTTPRequestHandler) -> None:
        is_valid = handler.headers.get("Authorization") == f"Bearer {issued[-1] if issued else None}"
        (Reply(CONTENT) if is_valid else Reply(b"no", 401))(handler)

    web.on("/api/token/refresh/", refresh)
    web.on("/data/a.png", file)
    web.on("/forget", lambda handler: (issued.append("another"), Reply()(handler))[1])


def test_a_personal_token_is_exchanged_and_renewed_once_after_a_401(
    web: ScriptedServer, make_downloader: MakeDownloader
) -> None:
    label_studio_with_access_tokens(web)
    downloader = make_downloader(label_studio_url=web.url, label_studio_api_key=PERSONAL)
    url = web.url + "/data/a.png"
    assert fetch(downloader, url) == CONTENT
    fetch(downloader, web.url + "/forget")
    assert fetch(downloader, url) == CONTENT
    assert [(request.path, request.headers.get("Authorization")) for request in web.requests] == [
        ("/api/token/refresh/", None),
        ("/data/a.png", "Bearer access-1"),
        ("/forget", "Bearer access-1"),
        ("/data/a.png", "Bearer access-1"),
        ("/api/token/refresh/", None),
        ("/data/a.png", "Bearer access-3"),
    ]


def test_a_token_without_rights_is_renewed_only_once(
    web: ScriptedServer, make_downloader: MakeDownloader
) -> None:
    label_studio_with_access_tokens(web)
    downloader = make_downloader(label_studio_url=web.url, label_studio_api_key=PERSONAL)
    outcome, reason = failure(downloader, web.on("/data/secret.png", Reply(b"no", 401)))
    assert outcome == "unreachable"
    assert reason.endswith(
        "answered 401; set LABEL_STUDIO_API_KEY to a token that is valid and can see the project"
    )
    assert [request.path for request in web.requests].count("/api/token/refresh/") == 2


def test_many_threads_renew_a_rejected_token_only_once(
    web: ScriptedServer, make_downloader: MakeDownloader
) -> None:
    label_studio_with_access_tokens(web)
    downloader = make_downloader(label_studio_url=web.url, label_studio_api_key=PERSONAL)
    url = web.url + "/data/a.png"
    fetch(downloader, url)
    fetch(downloader, web.url + "/forget")  # the token of all threads is now invalid
    barrier = threading.Barrier(24)

    def fetched(_: int) -> bytes:
        barrier.wait(timeout=10)
        return fetch(downloader, url)

    with ThreadPoolExecutor(24) as threads:
        assert set(threads.map(fetched, range(24))) == {CONTENT}
    assert [request.path for request in web.requests].count("/api/token/refresh/") == 2


def test_label_studios_url_may_contain_a_user_for_other_tools(
    web: ScriptedServer, make_downloader: MakeDownloader
) -> None:
    label_studio_with_access_tokens(web)
    url = web.url.replace("http://", "http://me:secret@")
    downloader = make_downloader(label_studio_url=url, label_studio_api_key=PERSONAL)
    assert fetch(downloader, f"{url}/data/a.png") == CONTENT
    assert authorizations(web.requests)[-1] == "Bearer access-1"
