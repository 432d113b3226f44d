import pytest

from ocr_backend.system.basic_credentials import Credentials, project_credentials, url_credentials


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
    ("userinfo", "credentials"),
    [
        (None, None),
        ("me", Credentials("me", "")),
        ("m%40e:p%3Ass", Credentials("m@e", "p:ss")),
        ("me:a:b", Credentials("me", "a:b")),
    ],
)
def test_credentials_in_a_url_are_decoded(userinfo: str | None, credentials: Credentials | None) -> None:
    assert url_credentials(userinfo) == credentials
