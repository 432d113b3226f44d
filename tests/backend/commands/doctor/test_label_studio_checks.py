"""Checks of Label Studio against scripted responses: URLs, tokens, and whether it can reach the backend."""

import base64
import json

import pytest

from loopback import RefusingProxy, serving
from ocr_backend.commands.doctor import label_studio_checks
from ocr_backend.commands.doctor.label_studio_api import LabelStudioApi
from ocr_backend.config.settings import Settings
from scripted_server import Reply

VERSION, USER = "/api/version/", "/api/current-user/whoami"
NOW = 1_800_000_000


@pytest.fixture
def api():
    clients = []

    def open_api(url, key=""):
        clients.append(LabelStudioApi(Settings(label_studio_url=url, label_studio_api_key=key)))
        return clients[-1]

    yield open_api
    for client in clients:
        client.close()


def jwt(**claims):
    def part(content):
        return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")

    return f"{part({'alg': 'HS256'})}.{part(claims)}.signature"


@pytest.mark.parametrize(
    ("reply", "state", "message"),
    [
        pytest.param(Reply(b'{"release": "1.23.2"}'), "good", "1.23.2 at {url}", id="good"),
        pytest.param(
            Reply(b"<html>"),
            "bad",
            "the server at {url} is not Label Studio, or redirects (status 200)",
            id="page",
        ),
        pytest.param(
            Reply(b"{}", 404), "bad", "is not Label Studio, or redirects (status 404)", id="unknown"
        ),
        pytest.param(Reply(b"plain HTTP request", 400), "bad", "(status 400)", id="https required"),
        pytest.param(
            Reply(b"", 301, {"Location": "https://ls.example/label/api/version/"}),
            "bad",
            "{url} redirects to https://ls.example/label",
            id="redirect",
        ),
        pytest.param(
            Reply(b"", 302, {"Location": "/login?next=/api/version/&token=secret"}),
            "bad",
            "{url} redirects to {url}/login",
            id="login",
        ),
    ],
)
def test_the_server_must_be_label_studio(web, api, reply, state, message):
    web.on(VERSION, reply)
    finding = label_studio_checks.check_server(api(web.url))
    assert (finding.state, message.format(url=web.url) in finding.message) == (state, True), finding
    assert "secret" not in finding.message + finding.action


def test_a_host_that_does_not_answer_or_does_not_resolve_is_bad(api):
    with serving(RefusingProxy()) as server:
        closed_url = server.url
    finding = label_studio_checks.check_server(api(closed_url))
    assert (finding.state, "cannot be reached" in finding.message) == ("bad", True)
    assert "localhost is that container" in finding.action
    finding = label_studio_checks.check_server(api("http://no-such-host.invalid"))
    assert (finding.state, "cannot be resolved" in finding.message) == ("bad", True)


def test_https_on_an_http_port_is_reported_with_the_correct_url(web, api):
    finding = label_studio_checks.check_server(api(web.url.replace("http://", "https://")))
    assert (finding.state, f"LABEL_STUDIO_URL={web.url}," in finding.action) == ("bad", True), finding


def test_an_untrusted_certificate_is_reported_with_a_fix(secure, api):
    server, url = secure
    finding = label_studio_checks.check_server(api(url))
    assert (finding.state, "is not trusted here" in finding.message) == ("bad", True)
    assert "REQUESTS_CA_BUNDLE" in finding.action
    assert server.requests == []


def test_a_configured_authority_is_trusted(secure, bundle, api):
    server, url = secure
    server.on(VERSION, Reply(b'{"release": "1.23.2"}'))
    assert label_studio_checks.check_server(api(url)).state == "good"


def test_a_password_in_the_url_is_not_printed(api, web):
    web.on(VERSION, Reply(b"<html>"))
    finding = label_studio_checks.check_server(api(web.url.replace("http://", "http://user:secret@")))
    assert "secret" not in finding.message + finding.action


@pytest.mark.parametrize(
    ("key", "state", "message"),
    [
        pytest.param("", "warning", "not set", id="none"),
        pytest.param("0a" * 20, "good", "a legacy token", id="legacy"),
        pytest.param("two words", "bad", "white space or characters", id="white space"),
        pytest.param("0a\u20ac", "bad", "white space or characters", id="foreign"),
        pytest.param("something", "warning", "neither a legacy token", id="other"),
        pytest.param(
            jwt(token_type="refresh", exp=NOW + 1), "good", "a personal access token", id="personal"
        ),
        pytest.param(
            jwt(token_type="refresh", exp=NOW), "bad", "expired on 2027-01-15 08:00 UTC", id="expired"
        ),
        pytest.param(
            jwt(token_type="access", exp=NOW + 1), "warning", "a short-lived access token", id="access"
        ),
        pytest.param(jwt(token_type="refresh", exp="x"), "good", "a personal access token", id="no expiry"),
    ],
)
def test_the_check_names_the_token_format_and_never_the_token(key, state, message):
    finding = label_studio_checks.check_token_format(key, NOW)
    assert (finding.state, message in finding.message) == (state, True)
    assert not key or key not in finding.message + finding.action


@pytest.mark.parametrize(
    ("reply", "state", "message"),
    [
        pytest.param(Reply(b'{"id": 3, "email": "a@b.c"}'), "good", "accepted: user 3, a@b.c", id="good"),
        pytest.param(Reply(b'{"detail": "Invalid token."}', 401), "bad", "to a valid token", id="wrong"),
        pytest.param(
            Reply(b'{"detail": "legacy token authentication has been disabled"}', 401),
            "bad",
            "or allow legacy tokens",
            id="legacy",
        ),
        pytest.param(Reply(b"<html>", 404), "bad", "check the path in LABEL_STUDIO_URL", id="path"),
        pytest.param(Reply(b"<html>"), "bad", "check the path in LABEL_STUDIO_URL", id="page"),
    ],
)
def test_label_studio_is_asked_whether_the_token_is_valid(web, api, reply, state, message):
    web.on(USER, reply)
    finding = label_studio_checks.check_access(api(web.url, "0a" * 20))
    assert (finding.state, message in f"{finding.message} {finding.action}") == (state, True), finding
    assert web.requests[-1].headers["Authorization"] == "Token " + "0a" * 20


def test_a_personal_token_that_label_studio_refuses_is_bad(web, api):
    key = jwt(token_type="refresh", exp=NOW)
    finding = label_studio_checks.check_access(api(web.url, key))
    assert (finding.state, "answered 404 to the personal access token" in finding.message) == ("bad", True)
    assert key not in finding.message + finding.action


@pytest.mark.parametrize(
    ("url", "state"),
    [("http://127.0.0.1:8080", "warning"), ("http://no-such-host.invalid", "skipped")],
)
def test_a_private_address_is_a_warning(url, state):
    (finding,) = label_studio_checks.check_reachability(Settings(label_studio_url=url))
    assert finding.state == state
    assert state == "skipped" or "ML_BLOCK_LOCAL_IP=false" in finding.action
