"""Where a task's image is: the value in the task's data -> what to fetch.

Pure: no network, no disk. The rules are those of Label Studio's SDK 2.1 (`get_local_path`), and `data:` URIs.
"""

import base64
import binascii
import re
from dataclasses import dataclass
from typing import ClassVar, Literal
from urllib.parse import parse_qs, quote, unquote_to_bytes, urlsplit, urlunsplit

from ocr_backend.config.settings import Settings
from ocr_backend.errors import ImageError
from ocr_backend.system.address_policy import is_within

_CLOUD = ("s3", "gs", "azure-blob")
_UPLOAD = re.compile(r"/?(?:data/)?(upload/.+)")
_LOCAL_FILES = "/data/local-files/"
# Where Label Studio lies under a path of its host, it writes that path before its own ones.
_PREFIXED = re.compile(
    r"(?:/[^/?#]+)+?(/(?:data/(?:upload|local-files)|storage-data/uploaded|tasks/\d+/(?:resolve|presign))/.*)"
)

Kind = Literal["inline", "local_file", "label_studio", "cloud_storage", "url"]
"""Where an image comes from, as metrics tell it."""


@dataclass(frozen=True)
class Inline:
    """The image's file is in the task itself."""

    kind: ClassVar[Kind] = "inline"
    content: bytes


@dataclass(frozen=True)
class OnDisk:
    """A file below LOCAL_FILES_DOCUMENT_ROOT; where it is not there, `elsewhere` has it."""

    kind: ClassVar[Kind] = "local_file"
    path: str
    elsewhere: "Remote | None"


@dataclass(frozen=True)
class Remote:
    """URLs of the same file; the next is tried where one answers that it does not know the file."""

    urls: tuple[str, ...]
    kind: Kind = "url"


Source = Inline | OnDisk | Remote


def source_of(value: object, task_id: object, settings: Settings) -> Source:
    """Where the image of a value in a task's data is.

    Raises:
        ImageError: the value is no address, or one that is not supported.
    """
    if not isinstance(value, str) or not value.strip():
        raise ImageError("refused", f"the image's address is {_kind(value)}, not a text with a URL")
    text = value.strip()
    scheme = text.partition(":")[0].lower() if re.match(r"[A-Za-z][\w+.-]*:", text) else ""
    if scheme == "data":
        return Inline(_inline(text))
    if scheme in ("http", "https"):
        return _at_url(text, settings)
    if scheme in _CLOUD:
        return _presigned(text, task_id, settings)
    if scheme:
        raise ImageError(
            "refused",
            f"the scheme {scheme!r} is not supported; supported are http, https, data, {', '.join(_CLOUD)} "
            "and Label Studio's own paths",
        )
    return _own_path(text, settings)


def _at_url(url: str, settings: Settings) -> Source:
    if not is_within(url, settings.label_studio_url):
        return Remote((url,))
    path = urlunsplit(("", "", *urlsplit(url)[2:]))
    return _local_file(_without_prefix(path), settings) or Remote((url,), "label_studio")


def _own_path(text: str, settings: Settings) -> Source:
    text = _without_prefix(text)
    upload = _UPLOAD.fullmatch(text)
    if upload is not None:
        # Where uploads lie in a bucket only the second one knows them.
        stored = f"/storage-data/uploaded/?filepath={quote(upload[1])}"
        return _at_label_studio((f"/data/{upload[1]}", stored), settings)
    if not text.startswith("/") or text.startswith("//"):
        raise ImageError("refused", "the image's address is neither a URL nor a path of Label Studio")
    return _local_file(text, settings) or _at_label_studio((text,), settings)


def _without_prefix(path: str) -> str:
    prefixed = _PREFIXED.fullmatch(path)
    return prefixed[1] if prefixed else path


def _local_file(path: str, settings: Settings) -> OnDisk | None:
    """The file that a path of Label Studio names, where its folder is known here."""
    wanted = parse_qs(urlsplit(path).query).get("d")
    if not path.startswith(_LOCAL_FILES) or not wanted or not settings.local_files_document_root:
        return None
    elsewhere = _at_label_studio((path,), settings) if settings.label_studio_url else None
    return OnDisk(wanted[-1], elsewhere)


def _presigned(uri: str, task_id: object, settings: Settings) -> Remote:
    if not re.fullmatch(r"\d+", str(task_id)):
        raise ImageError("refused", "a file in cloud storage can be asked for only with the id of its task")
    name = base64.urlsafe_b64encode(uri.encode()).decode()
    return _at_label_studio((f"/tasks/{task_id}/presign/?fileuri={name}",), settings, "cloud_storage")


def _at_label_studio(paths: tuple[str, ...], settings: Settings, kind: Kind = "label_studio") -> Remote:
    if not settings.label_studio_url:
        raise ImageError(
            "refused",
            "the image lies in Label Studio; set LABEL_STUDIO_URL and LABEL_STUDIO_API_KEY",
        )
    root = settings.label_studio_url.rstrip("/")
    return Remote(tuple(root + path for path in paths), kind)


def _inline(uri: str) -> bytes:
    head, comma, body = uri.partition(",")
    if not comma:
        raise ImageError("broken", "the data: URI has no comma and so no content")
    raw = unquote_to_bytes(body)
    if not head.lower().endswith(";base64"):
        return raw
    try:
        return base64.b64decode(b"".join(raw.split()), validate=True)
    except binascii.Error as error:
        raise ImageError("broken", "the content of the data: URI is not base64") from error


def shown(url: str) -> str:
    """The URL as a log may show it: without query, fragment and credentials."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "a URL that cannot be read"
    return urlunsplit((parts.scheme, host + port, parts.path, "", ""))


def _kind(value: object) -> str:
    return "empty" if value in ("", None) or isinstance(value, str) else f"a {type(value).__name__}"
