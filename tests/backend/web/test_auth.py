import base64

import pytest

from ocr_backend.config.settings import Settings
from ocr_backend.errors import AuthenticationError
from ocr_backend.web import auth

AUTH_SETTINGS = Settings(basic_auth_user="ocr", basic_auth_pass="grün:1")


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
def test_the_right_password_is_accepted_on_every_path(path: str) -> None:
    auth.authenticate(path, RIGHT, AUTH_SETTINGS)
    auth.authenticate(path, RIGHT.replace("Basic ", "basic  "), AUTH_SETTINGS)


@pytest.mark.parametrize("authorization", WRONG)
@pytest.mark.parametrize("path", ["/predict", "/setup", "/versions", "/webhook", "/health", "/", "/unknown"])
def test_a_wrong_password_is_refused_even_on_health(path: str, authorization: str) -> None:
    with pytest.raises(AuthenticationError, match="user or password is wrong"):
        auth.authenticate(path, authorization, AUTH_SETTINGS)


@pytest.mark.parametrize("path", ["/predict", "/setup", "/versions", "/webhook", "/unknown"])
def test_most_paths_need_credentials(path: str) -> None:
    with pytest.raises(AuthenticationError, match="user and password are required"):
        auth.authenticate(path, None, AUTH_SETTINGS)


@pytest.mark.parametrize("path", ["/health", "/"])
def test_health_needs_no_credentials(path: str) -> None:
    auth.authenticate(path, None, AUTH_SETTINGS)


@pytest.mark.parametrize("authorization", [None, RIGHT, *WRONG])
@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics"])
def test_probes_ignore_credentials(path: str, authorization: str | None) -> None:
    auth.authenticate(path, authorization, AUTH_SETTINGS)


@pytest.mark.parametrize("authorization", [None, RIGHT, *WRONG])
def test_without_basic_auth_user_no_credentials_are_needed(authorization: str | None) -> None:
    auth.authenticate("/predict", authorization, Settings())
