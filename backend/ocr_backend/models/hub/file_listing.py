"""Listings of models at the public hubs: their files with sizes, checksums and URLs.

The hubs, their order and their repositories are PaddleX's (`official_models`, 3.7). The APIs are those of the
clients that PaddleX uses (huggingface_hub 2.4, modelscope-hub 0.5, aistudio-sdk 0.3.9). Those clients are not
used, because one has no timeouts (aistudio-sdk), one cannot resume after a kill (huggingface_hub), and each
has its own rules for proxies and certificates.
"""

import base64
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import quote, unquote, urlencode, urlsplit, urlunsplit

from ocr_backend.models.hub.hub_client import HubClient
from ocr_backend.models.manifests import is_safe_path
from ocr_backend.models.model_errors import ModelMismatchError, ModelNotFoundError
from ocr_backend.system.urls import redact_url

Algorithm = Literal["sha256", "git-blob", "md5"]

HUBS = ("huggingface", "aistudio", "modelscope", "bos")
"""In the order in which PaddleX tries them."""

BOS_URL = "https://paddle-model-ecology.bj.bcebos.com/paddlex/official_inference_model/paddle3.0.0"
"""The folder of archives in Baidu's object storage."""

_LFS_POINTER = re.compile(rb"version https://git-lfs.*\noid sha256:([0-9a-f]{64})\nsize (\d+)\n", re.DOTALL)
_MAX_POINTER_BYTES = 1024  # Git LFS's own limit


@dataclass(frozen=True)
class RemoteFile:
    """A file at a hub; `checksum` is in hex, of the `algorithm` that the hub uses, or empty."""

    name: str
    url: str
    size: int | None
    algorithm: Algorithm = "sha256"
    checksum: str = ""


@dataclass(frozen=True)
class Listing:
    """A model at a hub. Only the hub may see `headers`. An archive is one tar file that holds the others."""

    source: str
    revision: str
    files: tuple[RemoteFile, ...]
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    is_archive: bool = False

    @property
    def size(self) -> int | None:
        """Bytes of all files; None if the hub does not give all sizes."""
        sizes = [file.size for file in self.files]
        return None if None in sizes else sum(size for size in sizes if size is not None)


def list_files(hub: str, repository: str, mirror: str) -> Listing:
    """A hub's listing of a repository, `NAME` or `NAME_onnx`. A mirror ("" = none) replaces Hugging Face.

    Raises:
        ModelNotFoundError: the hub does not have it.
        ModelMismatchError: the listing is invalid.
        ModelError: the hub does not respond, or refuses.
    """
    try:
        listing = _LISTERS[hub](repository, mirror)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ModelMismatchError(f"{hub} did not return a list of files for {repository}") from error
    if not listing.files:
        raise ModelNotFoundError(f"{hub} has no files for {repository}")
    if not all(is_safe_path(file.name) for file in listing.files):
        raise ModelMismatchError(f"{hub} lists files of {repository} outside its folder")
    return listing


def _get_json(headers: Mapping[str, str], *urls: str) -> list[Any]:
    client = HubClient(headers)
    try:
        return [client.json(url) for url in urls]
    finally:
        client.close()


def _is_visible(path: str) -> bool:
    """False for .gitattributes and other hidden files, which no model needs."""
    return not path.rpartition("/")[2].startswith(".")


def _list_huggingface(repository: str, mirror: str) -> Listing:
    from huggingface_hub.utils._headers import build_hf_headers

    base, headers = _split_credentials(mirror or "https://huggingface.co")
    headers = {**build_hf_headers(library_name="ocr-backend"), **headers}
    api = f"{base}/api/models/PaddlePaddle/{repository}"
    [info] = _get_json(headers, f"{api}/revision/main")
    revision = str(info["sha"])
    [tree] = _get_json(headers, f"{api}/tree/{revision}?recursive=true")
    folder = f"{base}/PaddlePaddle/{repository}/resolve/{revision}"
    files = tuple(
        _huggingface_file(entry, f"{folder}/{quote(entry['path'])}")
        for entry in tree
        if entry["type"] == "file" and _is_visible(entry["path"])
    )
    return Listing(redact_url(base) if mirror else "huggingface", revision, files, headers)


def _huggingface_file(entry: Mapping[str, Any], url: str) -> RemoteFile:
    if lfs := entry.get("lfs"):
        return RemoteFile(entry["path"], url, int(lfs["size"]), "sha256", lfs["oid"])
    return RemoteFile(entry["path"], url, int(entry["size"]), "git-blob", entry["oid"])


def _split_credentials(url: str) -> tuple[str, dict[str, str]]:
    """A URL without its user and password, and the header that carries them."""
    parts = urlsplit(url.rstrip("/"))
    user_and_password, has_credentials, host = parts.netloc.rpartition("@")
    if not has_credentials:
        return url.rstrip("/"), {}
    encoded = base64.b64encode(unquote(user_and_password).encode()).decode()
    return urlunsplit(parts._replace(netloc=host)), {"authorization": f"Basic {encoded}"}


def _list_modelscope(repository: str, _: str) -> Listing:
    base = os.environ.get("MODELSCOPE_ENDPOINT", "").rstrip("/") or "https://modelscope.cn"
    token = os.environ.get("MODELSCOPE_API_TOKEN", "")
    headers = {"authorization": f"Bearer {token}", "cookie": f"m_session_id={token}"} if token else {}
    api = f"{base}/api/v1/models/PaddlePaddle/{repository}/repo"
    query = urlencode({"Revision": "master", "Recursive": "True"})
    [response] = _get_json(headers, f"{api}/files?{query}")
    files = tuple(
        RemoteFile(
            entry["Path"],
            f"{api}?{urlencode({'Revision': 'master', 'FilePath': entry['Path']})}",
            int(entry["Size"]),
            "sha256",
            entry.get("Sha256") or "",
        )
        for entry in response["Data"]["Files"]
        if entry.get("Type") != "tree" and _is_visible(entry["Path"])
    )
    return Listing("modelscope", "master", files, headers)


def _list_aistudio(repository: str, _: str) -> Listing:
    base = os.environ.get("STUDIO_GIT_HOST", "").rstrip("/") or "https://git.aistudio.baidu.com"
    token = os.environ.get("AISTUDIO_ACCESS_TOKEN", "")
    headers = {"authorization": f"token {token}"} if token else {}
    api = f"{base}/api/v1/repos/PaddleX/{repository}"
    [tree] = _get_json(headers, f"{api}/git/trees/master?recursive=true&page=1&per_page=1000")
    paths = [
        entry["path"] for entry in tree["tree"] if entry["type"] == "blob" and _is_visible(entry["path"])
    ]
    entries = _get_json(headers, *(f"{api}/contents/{quote(path, safe='')}" for path in paths))
    files = tuple(_gitea_file(entry, f"{api}/media/{quote(entry['path'], safe='')}") for entry in entries)
    return Listing("aistudio", str(tree["sha"]), files, headers)


def _gitea_file(entry: Mapping[str, Any], url: str) -> RemoteFile:
    """A file in Gitea; for a file in Git LFS it may return the pointer, which holds size and SHA-256."""
    if entry.get("Sha256"):
        return RemoteFile(entry["path"], url, int(entry["size"]), "sha256", entry["Sha256"])
    size = int(entry["size"])
    content = base64.b64decode(entry.get("content") or "") if size <= _MAX_POINTER_BYTES else b""
    if pointer := _LFS_POINTER.fullmatch(content):
        return RemoteFile(entry["path"], url, int(pointer[2]), "sha256", pointer[1].decode())
    return RemoteFile(entry["path"], url, size, "git-blob", entry["sha"])


def _list_bos(repository: str, _: str) -> Listing:
    url = f"{BOS_URL}/{repository}_infer.tar"
    client = HubClient()
    try:
        with client.stream(url) as response:
            size = response.headers.get("Content-Length")
            encoded_md5 = response.headers.get("Content-MD5", "")
    finally:
        client.close()
    md5 = base64.b64decode(encoded_md5).hex()
    file = RemoteFile(f"{repository}.tar", url, int(size) if size else None, "md5", md5)
    return Listing("bos", "paddle3.0.0", (file,), is_archive=True)


_LISTERS: Mapping[str, Callable[[str, str], Listing]] = {
    "huggingface": _list_huggingface,
    "aistudio": _list_aistudio,
    "modelscope": _list_modelscope,
    "bos": _list_bos,
}
