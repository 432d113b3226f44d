import base64

import pytest

from ocr_backend.config.settings import Settings
from ocr_backend.errors import PasswordError
from ocr_backend.web import auth

GUARDED = Settings(basic_auth_user="ocr", basic_auth_pass="grün:1")


def basic(pair: str) -> str:
    return "Basic " + base64.b64encode(pair.encode()).decode()


RIGHT = basic("ocr:grün:1")
WRONG = [
    basic("ocr:grün:2"),
    basic("ocr:"),
    basic("other:grün:1"),
    basic("ocr"),
    basic(""),
    RIGHT.replace("Basic", "Bearer"),
    "Basic",
    "Basic !",
    "Basic \xff",
    "",
]


@pytest.mark.parametrize("path", ["/predict", "/setup", "/versions", "/webhook", "/health", "/", "/unknown"])
def test_the_right_password_opens_every_path(path: str) -> None:
    auth.check(path, RIGHT, GUARDED)
    auth.check(path, RIGHT.replace("Basic ", "basic  "), GUARDED)


@pytest.mark.parametrize("authorization", WRONG)
@pytest.mark.parametrize("path", ["/predict", "/setup", "/versions", "/webhook", "/health", "/", "/unknown"])
def test_a_wrong_password_opens_none_not_even_health(path: str, authorization: str) -> None:
    with pytest.raises(PasswordError, match="user or password is wrong"):
        auth.check(path, authorization, GUARDED)


@pytest.mark.parametrize("path", ["/predict", "/setup", "/versions", "/webhook", "/unknown"])
def test_without_credentials_most_paths_are_closed(path: str) -> None:
    with pytest.raises(PasswordError, match="user and password are needed"):
        auth.check(path, None, GUARDED)


@pytest.mark.parametrize("path", ["/health", "/"])
def test_health_is_open_to_those_who_bring_nothing(path: str) -> None:
    auth.check(path, None, GUARDED)


@pytest.mark.parametrize("authorization", [None, RIGHT, *WRONG])
@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics"])
def test_probes_are_open_whatever_comes(path: str, authorization: str | None) -> None:
    auth.check(path, authorization, GUARDED)


@pytest.mark.parametrize("authorization", [None, RIGHT, *WRONG])
def test_nothing_is_asked_for_where_no_user_is_set(authorization: str | None) -> None:
    auth.check("/predict", authorization, Settings())
