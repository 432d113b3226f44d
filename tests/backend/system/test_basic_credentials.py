import pytest

from ocr_backend.system.basic_credentials import Credentials, credentials_in_url, project_credentials


def test_the_header_is_that_of_basic_authentication() -> None:
    assert Credentials("Aladdin", "open sesame").header == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="  # RFC 7617
    assert Credentials("test", "123\N{POUND SIGN}").header == "Basic dGVzdDoxMjPCow=="


def test_the_password_is_not_in_the_repr() -> None:
    assert "sesame" not in repr(Credentials("Aladdin", "open sesame"))


@pytest.mark.parametrize(
    ("user", "password", "credentials"),
    [
        ("me", "p@ss", Credentials("me", "p@ss")),
        ("me", None, Credentials("me", "")),
        ("", "p@ss", None),
        (None, None, None),
    ],
)
def test_without_a_user_there_are_no_credentials(
    user: str | None, password: str | None, credentials: Credentials | None
) -> None:
    assert project_credentials(user, password) == credentials


@pytest.mark.parametrize(
    ("url", "credentials"),
    [
        ("https://web.example/a.png", None),
        ("https://me@web.example/a.png", Credentials("me", "")),
        ("https://m%40e:p%3Ass@web.example/a.png", Credentials("m@e", "p:ss")),
        ("https://web.example/me:p@ss", None),
    ],
)
def test_credentials_are_read_from_a_url(url: str, credentials: Credentials | None) -> None:
    assert credentials_in_url(url) == credentials
