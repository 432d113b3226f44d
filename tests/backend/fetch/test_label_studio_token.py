import base64
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from ocr_backend.errors import ImageError
from ocr_backend.fetch.label_studio_token import LabelStudioToken, jwt_claims

LEGACY = "0123456789abcdef0123456789abcdef01234567"


def jwt(**claims: Any) -> str:
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"eyJhbGciOiJIUzI1NiJ9.{body}.c2lnbmF0dXJl"


PERSONAL = jwt(token_type="refresh", exp=9e9)


class FakeRefresh:
    """A fake /api/token/refresh/ that issues access tokens, records requests and has a clock."""

    def __init__(self, status: int = 200, lifetime: float | None = 300) -> None:
        self.now = 1000.0
        self.requests: list[tuple[str, dict[str, str]]] = []
        self._status = status
        self._lifetime = lifetime

    def __call__(self, url: str, body: dict[str, str]) -> requests.Response:
        self.requests.append((url, body))
        response = requests.Response()
        response.status_code = self._status
        expiry = {} if self._lifetime is None else {"exp": self.now + self._lifetime}
        access = jwt(token_type="access", number=len(self.requests), **expiry)
        response._content = json.dumps({"access": access}).encode()
        return response

    def token(self, key: str) -> LabelStudioToken:
        return LabelStudioToken("http://ls/studio/", key, self, lambda: self.now)


@pytest.mark.parametrize(
    ("key", "header"),
    [
        pytest.param("", "", id="none"),
        pytest.param(LEGACY, f"Token {LEGACY}", id="legacy"),
        pytest.param(jwt(token_type="access"), f"Bearer {jwt(token_type='access')}", id="access token"),
        pytest.param(jwt(token_type="sliding"), f"Bearer {jwt(token_type='sliding')}", id="another JWT"),
        pytest.param(jwt(exp=9e9), f"Bearer {jwt(exp=9e9)}", id="a JWT of no type"),
        pytest.param("a.b.c", "Token a.b.c", id="dots"),
    ],
)
def test_tokens_that_need_no_exchange_are_sent_unchanged(key: str, header: str) -> None:
    refreshes = FakeRefresh()
    token = refreshes.token(key)
    assert token.header() == header
    assert not token.can_renew()
    assert refreshes.requests == []


def test_an_access_token_is_used_until_shortly_before_it_expires() -> None:
    refreshes = FakeRefresh()
    token = refreshes.token(PERSONAL)
    first = token.header()
    refreshes.now += 265
    assert token.header() == first
    assert refreshes.requests == [("http://ls/studio/api/token/refresh/", {"refresh": PERSONAL})]
    refreshes.now += 10
    assert token.header() != first
    assert len(refreshes.requests) == 2


def test_a_rejected_access_token_is_renewed_once_for_all_threads() -> None:
    refreshes = FakeRefresh()
    token = refreshes.token(PERSONAL)
    stale = token.header()
    token.reject(stale)
    fresh = token.header()
    assert fresh != stale
    token.reject(stale)
    assert token.header() == fresh
    assert len(refreshes.requests) == 2


def test_an_access_token_without_expiry_lasts_for_five_minutes() -> None:
    refreshes = FakeRefresh(lifetime=None)
    token = refreshes.token(PERSONAL)
    token.header()
    refreshes.now += 269
    token.header()
    assert len(refreshes.requests) == 1
    refreshes.now += 2
    token.header()
    assert len(refreshes.requests) == 2


def test_many_threads_renew_only_once() -> None:
    refreshes = FakeRefresh()
    token = refreshes.token(PERSONAL)
    barrier = threading.Barrier(16)

    def header(_: int) -> str:
        barrier.wait(timeout=10)
        return token.header()

    with ThreadPoolExecutor(16) as threads:
        assert len(set(threads.map(header, range(16)))) == 1
    assert len(refreshes.requests) == 1


def test_a_failed_renewal_is_not_repeated_for_some_seconds() -> None:
    refreshes = FakeRefresh(status=503)
    token = refreshes.token(PERSONAL)
    for _ in range(3):
        with pytest.raises(ImageError, match="answered 503"):
            token.header()
    assert len(refreshes.requests) == 1
    refreshes.now += 16
    with pytest.raises(ImageError, match="answered 503"):
        token.header()
    assert len(refreshes.requests) == 2


def test_the_error_for_a_rejected_personal_token_does_not_contain_it() -> None:
    with pytest.raises(ImageError, match="answered 401 to the personal access token; set") as refused:
        FakeRefresh(status=401).token(PERSONAL).header()
    assert PERSONAL not in str(refused.value)


def test_an_unreachable_label_studio_is_an_error() -> None:
    def fails(url: str, body: dict[str, str]) -> requests.Response:
        raise requests.ConnectionError

    with pytest.raises(ImageError, match="cannot be reached to renew"):
        LabelStudioToken("http://ls", PERSONAL, fails).header()


@pytest.mark.parametrize(
    "text", ["", LEGACY, "a.b", "a.b.c.d", "a.!.c", f"a.{base64.b64encode(b'[1]').decode()}.c"]
)
def test_a_text_that_is_not_a_jwt_has_no_claims(text: str) -> None:
    assert jwt_claims(text) is None
