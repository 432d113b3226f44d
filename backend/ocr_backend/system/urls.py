"""Compares URLs and makes them safe to log. Sends nothing. Standard library only."""

from urllib.parse import SplitResult, urlsplit, urlunsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}


def is_within(url: str, base: str) -> bool:
    """Whether a URL has the scheme, host and port of `base` and a path below it.

    >>> is_within("https://ls.example/ls/data/upload/1.png", "https://ls.example:443/ls")
    True
    >>> is_within("https://ls.example/other/1.png", "https://ls.example/ls")
    False
    """
    if not base:
        return False
    try:
        parts, root = urlsplit(url), urlsplit(base)
        is_same_origin = _origin(parts) == _origin(root)
    except ValueError:
        return False
    is_below = (parts.path + "/").startswith(root.path.rstrip("/") + "/")
    return is_same_origin and is_below and ".." not in parts.path.split("/")


def redact_url(url: str) -> str:
    """The URL without user, password, query and fragment, for logs and messages.

    >>> redact_url("https://user:secret@web.example:8443/a/b.png?token=1#x")
    'https://web.example:8443/a/b.png'
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "an invalid URL"
    netloc = f"[{host}]{port}" if ":" in host else f"{host}{port}"
    return urlunsplit((parts.scheme, netloc, parts.path, "", ""))


def _origin(parts: SplitResult) -> tuple[str, str | None, int | None]:
    return parts.scheme, parts.hostname, parts.port or _DEFAULT_PORTS.get(parts.scheme)
