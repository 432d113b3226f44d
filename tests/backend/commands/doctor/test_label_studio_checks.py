"""Label Studio as doctor sees it, its answers written down: addresses, kinds of token, the way back."""

import base64
import json

import pytest

from loopback import Outside, serving
from ocr_backend.commands.doctor import label_studio_checks
from ocr_backend.commands.doctor.label_studio_api import LabelStudioApi
from ocr_backend.config.settings import Settings
from scripted_server import Reply

VERSION, USER = "/api/version/", "/api/current-user/whoami"
NOW = 1_800_000_000


@pytest.fixture
def api():
    opened = []

    def made(url, key=""):
        opened.append(LabelStudioApi(Settings(label_studio_url=url, label_studio_api_key=key)))
        return opened[-1]

    yield made
    for one in opened:
        one.close()


def jwt(**claims):
    def part(content):
        return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")

    return f"{part({'alg': 'HS256'})}.{part(claims)}.signature"


@pytest.mark.parametrize(
    ("reply", "state", "said"),
    [
        pytest.param(Reply(b'{"release": "1.23.2"}'), "good", "1.23.2 at {url}", id="good"),
        pytest.param(
            Reply(b"<html>"), "bad", "what answers at {url} is not Label Studio (status 200)", id="page"
        ),
        pytest.param(Reply(b"{}", 404), "bad", "is not Label Studio (status 404)", id="unknown"),
        pytest.param(Reply(b"plain HTTP request", 400), "bad", "(status 400)", id="https wanted"),
        pytest.param(
            Reply(b"", 301, {"Location": "https://ls.example/label/api/version/"}),
            "bad",
            "{url} sends on to https://ls.example/label",
            id="redirect",
        ),
        pytest.param(
            Reply(b"", 302, {"Location": "/login?next=/api/version/&token=secret"}),
            "bad",
            "{url} sends on to {url}/login",
            id="login",
        ),
    ],
)
def test_what_answers_is_looked_at(web, api, reply, state, said):
    web.on(VERSION, reply)
    found = label_studio_checks.reached(api(web.url))
    assert (found.state, said.format(url=web.url) in found.said) == (state, True), found
    assert "secret" not in found.said + found.todo


def test_a_host_that_does_not_answer_or_is_not_known_is_bad(api):
    with serving(Outside()) as ended:
        nowhere = ended.url
    found = label_studio_checks.reached(api(nowhere))
    assert (found.state, "cannot be reached" in found.said) == ("bad", True)
    assert "localhost is that container" in found.todo
    found = label_studio_checks.reached(api("http://no-such-host.invalid"))
    assert (found.state, "is not known here" in found.said) == ("bad", True)


def test_https_where_only_http_is_spoken_is_told_with_the_right_address(web, api):
    found = label_studio_checks.reached(api(web.url.replace("http://", "https://")))
    assert (found.state, f"LABEL_STUDIO_URL={web.url}," in found.todo) == ("bad", True), found


def test_a_certificate_of_an_unknown_authority_is_told_with_the_ways_out(secure, api):
    server, url = secure
    found = label_studio_checks.reached(api(url))
    assert (found.state, "a certificate that is not trusted here" in found.said) == ("bad", True)
    assert "REQUESTS_CA_BUNDLE" in found.todo
    assert server.asked == []


def test_a_named_authority_is_trusted(secure, bundle, api):
    server, url = secure
    server.on(VERSION, Reply(b'{"release": "1.23.2"}'))
    assert label_studio_checks.reached(api(url)).state == "good"


def test_a_password_in_the_url_is_never_shown(api, web):
    web.on(VERSION, Reply(b"<html>"))
    found = label_studio_checks.reached(api(web.url.replace("http://", "http://user:secret@")))
    assert "secret" not in found.said + found.todo


@pytest.mark.parametrize(
    ("key", "state", "said"),
    [
        pytest.param("", "warning", "none is set", id="none"),
        pytest.param("0a" * 20, "good", "a legacy token", id="legacy"),
        pytest.param("two words", "bad", "white space or characters", id="white space"),
        pytest.param("0a\u20ac", "bad", "white space or characters", id="foreign"),
        pytest.param("something", "warning", "in no form that Label Studio gives", id="other"),
        pytest.param(
            jwt(token_type="refresh", exp=NOW + 1), "good", "a personal access token", id="personal"
        ),
        pytest.param(
            jwt(token_type="refresh", exp=NOW), "bad", "it ended on 2027-01-15 08:00 UTC", id="ended"
        ),
        pytest.param(jwt(token_type="access", exp=NOW + 1), "warning", "an access token", id="access"),
        pytest.param(jwt(token_type="refresh", exp="x"), "good", "a personal access token", id="no end"),
    ],
)
def test_the_kind_of_token_is_told_and_never_the_token(key, state, said):
    found = label_studio_checks.kind_of_token(key, NOW)
    assert (found.state, said in found.said) == (state, True)
    assert not key or key not in found.said + found.todo


@pytest.mark.parametrize(
    ("reply", "state", "said"),
    [
        pytest.param(Reply(b'{"id": 3, "email": "a@b.c"}'), "good", "accepted: user 3, a@b.c", id="good"),
        pytest.param(Reply(b'{"detail": "Invalid token."}', 401), "bad", "a token that is valid", id="wrong"),
        pytest.param(
            Reply(b'{"detail": "legacy token authentication has been disabled"}', 401),
            "bad",
            "or allow legacy tokens",
            id="legacy",
        ),
        pytest.param(Reply(b"<html>", 404), "bad", "the path in LABEL_STUDIO_URL", id="path"),
        pytest.param(Reply(b"<html>"), "bad", "the path in LABEL_STUDIO_URL", id="page"),
    ],
)
def test_whether_the_token_works_is_asked(web, api, reply, state, said):
    web.on(USER, reply)
    found = label_studio_checks.works(api(web.url, "0a" * 20))
    assert (found.state, said in f"{found.said} {found.todo}") == (state, True), found
    assert web.asked[-1].headers["Authorization"] == "Token " + "0a" * 20


def test_a_personal_token_that_is_not_exchanged_is_bad(web, api):
    key = jwt(token_type="refresh", exp=NOW)
    found = label_studio_checks.works(api(web.url, key))
    assert (found.state, "answered 404 to the personal access token" in found.said) == ("bad", True)
    assert key not in found.said + found.todo


@pytest.mark.parametrize(
    ("url", "state"),
    [("http://127.0.0.1:8080", "warning"), ("http://no-such-host.invalid", "skipped")],
)
def test_a_private_address_is_warned_of(url, state):
    (found,) = label_studio_checks.way_back(Settings(label_studio_url=url))
    assert found.state == state
    assert state == "skipped" or "ML_BLOCK_LOCAL_IP=false" in found.todo
