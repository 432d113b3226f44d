from pathlib import Path

import pytest

from ocr_backend.system.http_session import http_session
from scripted_server import Reply, ScriptedServer


def test_a_session_sends_no_password_from_netrc(
    web: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    web.serve("/b", b"")
    with http_session() as session:
        session.get(web.redirect("/a", "/b"), timeout=10)
    assert [request.headers.get("Authorization") for request in web.requests] == [None, None]


def test_authorization_follows_redirects_to_the_same_host_only(
    web: ScriptedServer, other_web: ScriptedServer
) -> None:
    web.redirect("/b", other_web.serve("/c", b"").replace("127.0.0.1", "localhost"))
    with http_session() as session:
        session.get(web.redirect("/a", "/b"), headers={"Authorization": "Token 0123abc"}, timeout=10)
    assert [request.headers.get("Authorization") for request in web.requests] == ["Token 0123abc"] * 2
    assert [request.headers.get("Authorization") for request in other_web.requests] == [None]


def test_a_session_keeps_no_cookies(web: ScriptedServer) -> None:
    url = web.on("/a", Reply(b"", headers={"Set-Cookie": "session=1"}))
    with http_session() as session:
        for _ in range(2):
            session.get(url, timeout=10)
    assert ["Cookie" in request.headers for request in web.requests] == [False, False]


def test_requests_ca_bundle_does_not_override_verify(
    secure: tuple[ScriptedServer, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    server, root = secure
    server.serve("/a", b"content")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "missing.pem"))
    with http_session(verify=False) as session:
        assert session.get(f"{root}/a", timeout=10).content == b"content"
