import pytest

from ocr_backend.system.urls import is_within, redact_url


@pytest.mark.parametrize(
    ("url", "base", "expected"),
    [
        ("http://ls:8080/data/a.png", "http://ls:8080", True),
        ("http://LS:8080/data/a.png", "http://ls:8080/", True),
        ("https://ls/a", "https://ls:443", True),
        ("http://ls:80/a", "http://ls", True),
        ("http://ls/studio/a", "http://ls/studio/", True),
        ("http://ls/studio", "http://ls/studio", True),
        ("http://ls/studios/a", "http://ls/studio", False),
        ("http://ls/studio/../a", "http://ls/studio", False),
        ("http://ls/a", "http://ls/studio", False),
        ("https://ls:8080/a", "http://ls:8080", False),
        ("http://ls:8081/a", "http://ls:8080", False),
        ("http://ls.evil/a", "http://ls", False),
        ("http://ls@evil/a", "http://ls", False),
        ("http://evil/http://ls/a", "http://ls", False),
        ("http://ls/a", "", False),
        ("http://ls:port/a", "http://ls", False),
        ("http://[::1/a", "http://ls", False),
    ],
)
def test_a_url_is_within_another_by_scheme_host_port_and_path(url: str, base: str, expected: bool) -> None:
    assert is_within(url, base) is expected


@pytest.mark.parametrize(
    ("url", "redacted"),
    [
        ("https://user:secret@web.example:8443/a/b.png?token=1#x", "https://web.example:8443/a/b.png"),
        ("http://[::1]:8080/a?token=1", "http://[::1]:8080/a"),
        ("http://[::1", "an invalid URL"),
        ("http://web.example:port/", "an invalid URL"),
    ],
)
def test_a_redacted_url_has_no_secrets(url: str, redacted: str) -> None:
    assert redact_url(url) == redacted
