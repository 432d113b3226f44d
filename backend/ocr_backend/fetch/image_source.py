"""Turns the value in a task's data into the place of the image: the task, a local file, or URLs.

Pure: no network, no disk. Follows Label Studio's SDK 2.1 (`get_local_path`), and also accepts images
inside the task.
"""

import base64
import re
from dataclasses import dataclass
from typing import ClassVar, Literal
from urllib.parse import parse_qs, quote, urlsplit

from ocr_backend.config.settings import Settings
from ocr_backend.errors import ImageError
from ocr_backend.fetch.file_url import parse_file_url
from ocr_backend.fetch.inline_image import bare_image, decode_data_uri

_CLOUD_SCHEMES = ("s3", "gs", "azure-blob")
_UPLOAD = re.compile(r"/?(?:data/)?(upload/.+)")
_LOCAL_FILES = "/data/local-files/"
# A Label Studio that is served below a path puts that path before its own paths.
_PREFIXED_PATH = re.compile(
    r"(?:/[^/?#]+)+?(/(?:data/(?:upload|local-files)|storage-data/uploaded|tasks/\d+/(?:resolve|presign))/.*)"
)

SourceKind = Literal["inline", "local_file", "label_studio", "cloud_storage", "url"]
"""Values of the label `source` in metrics."""


@dataclass(frozen=True)
class InlineFile:
    """A file inside the task itself."""

    kind: ClassVar[SourceKind] = "inline"
    content: bytes


@dataclass(frozen=True)
class LocalFile:
    """A file below LOCAL_FILES_DOCUMENT_ROOT; `fallback` is used if it does not exist."""

    kind: ClassVar[SourceKind] = "local_file"
    path: str
    fallback: "RemoteFile | None"


@dataclass(frozen=True)
class RemoteFile:
    """URLs of the same file; the next one is tried if a server answers that it does not know the file."""

    urls: tuple[str, ...]
    kind: SourceKind = "url"


ImageSource = InlineFile | LocalFile | RemoteFile


def parse_source(value: object, task_id: object, settings: Settings) -> ImageSource:
    """The source of the image that a value in a task's data names.

    Raises:
        ImageError: the value is not a URL or path, or its scheme is not supported.
    """
    if not isinstance(value, str) or not value.strip():
        raise ImageError("refused", f"the image's URL is {_type_name(value)}; it must be a text with a URL")
    text = value.strip()
    scheme = text.partition(":")[0].lower() if re.match(r"[A-Za-z][\w+.-]*:", text) else ""
    if scheme == "data":
        return InlineFile(decode_data_uri(text))
    if scheme in ("http", "https"):
        return _from_url(text, settings)
    if scheme in _CLOUD_SCHEMES:
        return _presigned(text, task_id, settings)
    if scheme:
        raise ImageError(
            "refused",
            f"the scheme {scheme!r} is not supported; use http, https, data, {', '.join(_CLOUD_SCHEMES)} "
            "or a path of Label Studio",
        )
    content = bare_image(text)
    return _from_path(text, settings) if content is None else InlineFile(content)


def _from_url(url: str, settings: Settings) -> ImageSource:
    file_url = parse_file_url(url)
    if not file_url.is_within(settings.label_studio_url):
        return _from_other_address(url, file_url.path_and_query, settings)
    path = _without_prefix(file_url.relative_to(settings.label_studio_url))
    return _local_file(path, settings) or RemoteFile((url,), "label_studio")


def _from_other_address(url: str, path: str, settings: Settings) -> ImageSource:
    """The file at a URL outside LABEL_STUDIO_URL, which may be the address where people open Label Studio.

    A container often cannot reach that address, so Label Studio is asked first if the path is one of its own.
    A file that it does not have is fetched from the URL itself, without its token.
    """
    match = _PREFIXED_PATH.fullmatch(f"/any{path}")
    if match is None:
        return RemoteFile((url,))
    root = settings.label_studio_url.rstrip("/")
    remote = RemoteFile((root + match[1], url), "label_studio") if root else RemoteFile((url,))
    local = _local_file(match[1], settings)
    return remote if local is None else LocalFile(local.path, remote)


def _from_path(text: str, settings: Settings) -> ImageSource:
    path = _without_prefix(text)
    upload = _UPLOAD.fullmatch(path)
    if upload is not None:
        # If uploads are stored in a bucket, only the second URL returns them.
        bucket_path = f"/storage-data/uploaded/?filepath={quote(upload[1])}"
        return _at_label_studio((f"/data/{upload[1]}", bucket_path), settings)
    if not path.startswith("/") or path.startswith("//"):
        raise ImageError("refused", "the image's URL is neither a URL nor a path of Label Studio")
    return _local_file(path, settings) or _at_label_studio((path,), settings)


def _without_prefix(path: str) -> str:
    match = _PREFIXED_PATH.fullmatch(path)
    return match[1] if match else path


def _local_file(path: str, settings: Settings) -> LocalFile | None:
    """The local file that a path of Label Studio names; None without LOCAL_FILES_DOCUMENT_ROOT."""
    file_paths = parse_qs(urlsplit(path).query).get("d")
    if not path.startswith(_LOCAL_FILES) or not file_paths or not settings.local_files_document_root:
        return None
    fallback = _at_label_studio((path,), settings) if settings.label_studio_url else None
    return LocalFile(file_paths[-1], fallback)


def _presigned(uri: str, task_id: object, settings: Settings) -> RemoteFile:
    if not re.fullmatch(r"\d+", str(task_id)):
        raise ImageError(
            "refused", "the task has no id; Label Studio needs it to open a file in cloud storage"
        )
    encoded_uri = base64.urlsafe_b64encode(uri.encode()).decode()
    return _at_label_studio((f"/tasks/{task_id}/presign/?fileuri={encoded_uri}",), settings, "cloud_storage")


def _at_label_studio(
    paths: tuple[str, ...], settings: Settings, kind: SourceKind = "label_studio"
) -> RemoteFile:
    if not settings.label_studio_url:
        raise ImageError(
            "refused",
            "the image is stored in Label Studio; set LABEL_STUDIO_URL and LABEL_STUDIO_API_KEY",
        )
    root = settings.label_studio_url.rstrip("/")
    return RemoteFile(tuple(root + path for path in paths), kind)


def _type_name(value: object) -> str:
    return "empty" if value is None or isinstance(value, str) else f"of type {type(value).__name__}"
