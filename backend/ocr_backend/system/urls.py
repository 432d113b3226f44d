"""Makes URLs safe to log, and says which ones are unsafe to send. Sends nothing. Standard library only."""

import re
from urllib.parse import urlsplit, urlunsplit

INVALID_URL = "an invalid URL"

# Up to the path, parsers disagree about these: some end the host there, some drop them, some keep them.
_UNSAFE_HOST = re.compile(r"[^:/?#]*:(?://)?[^/?#]*[\\\s\x00-\x20\x7f-\xa0]")
_CONTROL_CHARACTER = re.compile(r"[\x00-\x1f\x7f]")


def has_unsafe_characters(url: str) -> bool:
    r"""Whether the URL has a control character, or a backslash or white space before its path.

    >>> has_unsafe_characters(r"https://evil.example\@web.example/a.png")
    True
    """
    return bool(_CONTROL_CHARACTER.search(url) or _UNSAFE_HOST.match(url))


def redact_url(url: str) -> str:
    """The URL without user, password, query and fragment, for logs and messages.

    >>> redact_url("https://user:secret@web.example:8443/a/b.png?token=1#x")
    'https://web.example:8443/a/b.png'
    """
    if has_unsafe_characters(url):
        return INVALID_URL
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return INVALID_URL
    if not host and "@" in parts.path and (parts.scheme or not parts.path.startswith("/")):
        return INVALID_URL  # a user and password whose URL lacks its scheme or slashes
    netloc = f"[{host}]{port}" if ":" in host else f"{host}{port}"
    return urlunsplit((parts.scheme, netloc, parts.path, "", ""))
