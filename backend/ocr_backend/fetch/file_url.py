"""The URL of a file in normal form, read by the parser that also sends it.

Two parsers can read different hosts from the same text. Every judgement about a URL (its host, whether it is
Label Studio's) is made on a `FileUrl`, and only its `text` is sent. Pure: no network.
"""

import re
from dataclasses import dataclass, field
from urllib.parse import unquote, urljoin, urlsplit

from requests import PreparedRequest
from requests.utils import unquote_unreserved
from urllib3.exceptions import LocationParseError
from urllib3.util import Url, parse_url

from ocr_backend.errors import ImageError
from ocr_backend.system.basic_credentials import Credentials, url_credentials
from ocr_backend.system.urls import has_unsafe_characters, redact_url

_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class FileUrl:
    """An http or https URL in ASCII, without user, fragment and dot segments. `str` is safe for messages."""

    text: str
    scheme: str
    host: str
    """A name in lower case, or an address; an IPv6 address is without brackets."""
    port: int
    path: str
    credentials: Credentials | None = field(default=None, repr=False)
    """The user and password before the host."""

    def __str__(self) -> str:
        return redact_url(self.text)

    @property
    def origin(self) -> tuple[str, str, int]:
        """Scheme, host and port."""
        return self.scheme, self.host, self.port

    @property
    def path_and_query(self) -> str:
        """What follows the origin."""
        return self.text[len(_origin(self.text)) :]

    def is_within(self, base: str) -> bool:
        """Whether the URL has the origin of `base` and a path below it, however often a server decodes it.

        >>> parse_file_url("https://ls.example/ls/data/1.png").is_within("https://ls.example:443/ls")
        True
        >>> parse_file_url("https://ls.example/ls/%2e%2e/1.png").is_within("https://ls.example/ls")
        False
        """
        try:
            root = parse_file_url(base)
        except ImageError:
            return False
        is_below = f"{self.path}/".startswith(root.path.rstrip("/") + "/")
        return self.origin == root.origin and is_below and not _leaves_folder(self.path)

    def relative_to(self, base: str) -> str:
        """Path and query below `base`, which the URL is within."""
        return self.path_and_query[len(parse_file_url(base).path.rstrip("/")) :]


def parse_file_url(text: str) -> FileUrl:
    """The URL in normal form.

    Raises:
        ImageError: it is not an http or https URL, or parsers could read different hosts from it.
    """
    if has_unsafe_characters(text):
        raise ImageError(
            "refused", "the image's URL has a backslash, white space or a control character in its host"
        )
    try:
        parts = _normal_parts(text)
    except (LocationParseError, ValueError) as error:  # ValueError: UnicodeError, and ports of urlsplit
        raise ImageError("unreachable", "the image's URL is invalid") from error
    scheme, host = parts.scheme or "", parts.host or ""
    return FileUrl(
        text=parts._replace(auth=None, fragment=None).url,
        scheme=scheme,
        host=host.strip("[]"),
        port=parts.port or _DEFAULT_PORTS[scheme],
        path=parts.path or "/",
        credentials=url_credentials(parts.auth),
    )


def join_url(url: FileUrl, target: str) -> FileUrl:
    """The target of a redirect from a URL.

    Raises:
        ImageError: it is not an http or https URL.
    """
    try:
        joined = urljoin(url.text, target)
        scheme = urlsplit(joined).scheme
    except ValueError as error:
        raise ImageError("unreachable", f"{url} redirects to an invalid URL") from error
    if scheme not in _DEFAULT_PORTS:
        raise ImageError("refused", f"redirected to {redact_url(joined)}, which is neither http nor https")
    return parse_file_url(joined)


def _normal_parts(text: str) -> Url:
    """The parts of the URL in the form in which it is sent. Raises ValueError or LocationParseError."""
    parts = _with_path(parse_url(text))
    # Dots may be encoded: what is no longer encoded is parsed again.
    parts = _with_path(parse_url(parts._replace(path=unquote_unreserved(parts.path or "/")).url))
    if parts.scheme not in _DEFAULT_PORTS or not parts.host or "%" in parts.host or parts.port == 0:
        raise ValueError("not an http or https URL with a host")
    parts.host.strip("[]").encode("idna")  # connecting does the same: labels are neither empty nor too long
    # requests leaves out an empty query.
    parts = parts._replace(query=unquote_unreserved(parts.query) if parts.query else None)
    sent = parts._replace(auth=None, fragment=None)
    if _prepared(sent.url) != sent.url or _seen_by_others(sent.url) != sent.netloc:
        raise ValueError("parsers read this URL differently")
    return parts


def _with_path(parts: Url) -> Url:
    return parts if parts.path else parts._replace(path="/")


def _prepared(url: str) -> str | None:
    """The URL that requests makes of a URL. Raises ValueError."""
    request = PreparedRequest()
    request.prepare_url(url, None)
    return request.url


def _seen_by_others(url: str) -> str:
    """Host and port as the standard library reads them, which requests uses to choose the connection."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    return host if parts.port is None else f"{host}:{parts.port}"


def _leaves_folder(path: str) -> bool:
    """Whether a server that decodes the path again, or ends segments otherwise, could see `..` in it."""
    decoded = unquote(path)
    while decoded != path:
        path, decoded = decoded, unquote(decoded)
    return any(segment.partition(";")[0].strip() == ".." for segment in re.split(r"[/\\]", path))


def _origin(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"
