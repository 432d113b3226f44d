import pytest

from ocr_backend.system.urls import redact_url


@pytest.mark.parametrize(
    ("url", "redacted"),
    [
        ("https://user:secret@web.example:8443/a/b.png?token=1#x", "https://web.example:8443/a/b.png"),
        ("http://[::1]:8080/a?token=1", "http://[::1]:8080/a"),
        ("http://[::1", "an invalid URL"),
        ("http://web.example:port/", "an invalid URL"),
        ("ftp://user:secret@web.example", "ftp://web.example"),
        ("user:secret@web.example/", "an invalid URL"),
        ("://user:secret@web.example/", "an invalid URL"),
        ("https:/user:secret@web.example/", "an invalid URL"),
        ("https://user:sec/ret@web.example/", "an invalid URL"),
        ("/data/upload/1/me@home.png?key=1", "/data/upload/1/me@home.png"),
        ("http://user:secret\\@web.example/", "an invalid URL"),
        ("http://us er:secret@web.example/", "an invalid URL"),
        ("http://user:secret@web.example\t/", "an invalid URL"),
    ],
)
def test_a_redacted_url_has_no_secrets(url: str, redacted: str) -> None:
    assert redact_url(url) == redacted
