"""What the public hubs say of one model: its files, with their sizes, checksums and addresses.

The hubs, their order and their repositories are PaddleX's (`official_models`, 3.7); the interfaces those of
the clients that it uses (huggingface_hub 2.4, modelscope-hub 0.5, aistudio-sdk 0.3.9). They are spoken here
because those clients have no bound on time (aistudio-sdk), begin anew after a kill (huggingface_hub), and
each has its own rules for proxies and certificates. `hub_models` asks; `hub_download` brings the files.
"""

import base64
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import quote, unquote, urlencode, urlsplit, urlunsplit

from ocr_backend.models.hub.hub_client import Http, shown
from ocr_backend.models.manifests import is_inside
from ocr_backend.models.model_errors import ModelMismatchError, ModelNotFoundError

Algorithm = Literal["sha256", "git-blob", "md5"]

HUBS = ("huggingface", "aistudio", "modelscope", "bos")
"""In the order in which PaddleX asks them."""

BOS = "https://paddle-model-ecology.bj.bcebos.com/paddlex/official_inference_model/paddle3.0.0"
"""Where the archives of Baidu's object store lie."""

_POINTER = re.compile(rb"version https://git-lfs.*\noid sha256:([0-9a-f]{64})\nsize (\d+)\n", re.DOTALL)
_POINTER_BYTES = 1024  # as Git LFS limits it


@dataclass(frozen=True)
class RemoteFile:
    """A file that a hub offers: `checksum` is in hex, of the `algorithm` that the hub uses for it."""

    name: str
    url: str
    size: int | None
    algorithm: Algorithm = "sha256"
    checksum: str = ""


@dataclass(frozen=True)
class Listing:
    """A model at a hub. `headers` are for the hub alone; an archive is one tar file with the others in it."""

    source: str
    revision: str
    files: tuple[RemoteFile, ...]
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    is_archive: bool = False

    @property
    def size(self) -> int | None:
        """Bytes of all files; None where the hub does not say."""
        sizes = [file.size for file in self.files]
        return None if None in sizes else sum(size for size in sizes if size is not None)


def listing(hub: str, package: str, mirror: str) -> Listing:
    """What a hub says of a package, `NAME` or `NAME_onnx`; a mirror stands in for Hugging Face ("" = none).

    Raises:
        ModelNotFoundError: the hub has no such package.
        ModelMismatchError: what it says makes no sense.
        ModelError: it does not answer, or refuses.
    """
    try:
        found = _ASK[hub](package, mirror)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ModelMismatchError(f"what {hub} says of {package} is no list of files") from error
    if not found.files:
        raise ModelNotFoundError(f"{hub} has no files of {package}")
    if not all(is_inside(file.name) for file in found.files):
        raise ModelMismatchError(f"{hub} lists files of {package} that lie outside of its folder")
    return found


def _asked(headers: Mapping[str, str], *urls: str) -> list[Any]:
    http = Http(headers)
    try:
        return [http.json(url) for url in urls]
    finally:
        http.close()


def _is_wanted(path: str) -> bool:
    return not path.rpartition("/")[2].startswith(".")  # .gitattributes and the like


def _huggingface(package: str, mirror: str) -> Listing:
    from huggingface_hub.utils._headers import build_hf_headers

    base, headers = _without_password(mirror or "https://huggingface.co")
    headers = {**build_hf_headers(library_name="ocr-backend"), **headers}
    api = f"{base}/api/models/PaddlePaddle/{package}"
    [about] = _asked(headers, f"{api}/revision/main")
    revision = str(about["sha"])
    [tree] = _asked(headers, f"{api}/tree/{revision}?recursive=true")
    files = []
    for entry in tree:
        if entry["type"] != "file" or not _is_wanted(entry["path"]):
            continue
        url = f"{base}/PaddlePaddle/{package}/resolve/{revision}/{quote(entry['path'])}"
        large = entry.get("lfs")
        if large:
            files.append(RemoteFile(entry["path"], url, int(large["size"]), "sha256", large["oid"]))
        else:
            files.append(RemoteFile(entry["path"], url, int(entry["size"]), "git-blob", entry["oid"]))
    return Listing(shown(base) if mirror else "huggingface", revision, tuple(files), headers)


def _without_password(url: str) -> tuple[str, dict[str, str]]:
    """An address without its user and password, and the header that says them."""
    parts = urlsplit(url.rstrip("/"))
    user, at, host = parts.netloc.rpartition("@")
    if not at:
        return url.rstrip("/"), {}
    told = base64.b64encode(unquote(user).encode()).decode()
    return urlunsplit(parts._replace(netloc=host)), {"authorization": f"Basic {told}"}


def _modelscope(package: str, _: str) -> Listing:
    base = os.environ.get("MODELSCOPE_ENDPOINT", "").rstrip("/") or "https://modelscope.cn"
    token = os.environ.get("MODELSCOPE_API_TOKEN", "")
    headers = {"authorization": f"Bearer {token}", "cookie": f"m_session_id={token}"} if token else {}
    api = f"{base}/api/v1/models/PaddlePaddle/{package}/repo"
    [answer] = _asked(headers, f"{api}/files?{urlencode({'Revision': 'master', 'Recursive': 'True'})}")
    files = tuple(
        RemoteFile(
            entry["Path"],
            f"{api}?{urlencode({'Revision': 'master', 'FilePath': entry['Path']})}",
            int(entry["Size"]),
            "sha256",
            entry.get("Sha256") or "",
        )
        for entry in answer["Data"]["Files"]
        if entry.get("Type") != "tree" and _is_wanted(entry["Path"])
    )
    return Listing("modelscope", "master", files, headers)


def _aistudio(package: str, _: str) -> Listing:
    base = os.environ.get("STUDIO_GIT_HOST", "").rstrip("/") or "https://git.aistudio.baidu.com"
    token = os.environ.get("AISTUDIO_ACCESS_TOKEN", "")
    headers = {"authorization": f"token {token}"} if token else {}
    api = f"{base}/api/v1/repos/PaddleX/{package}"
    [tree] = _asked(headers, f"{api}/git/trees/master?recursive=true&page=1&per_page=1000")
    paths = [one["path"] for one in tree["tree"] if one["type"] == "blob" and _is_wanted(one["path"])]
    told = _asked(headers, *(f"{api}/contents/{quote(path, safe='')}" for path in paths))
    files = tuple(_of_gitea(entry, f"{api}/media/{quote(entry['path'], safe='')}") for entry in told)
    return Listing("aistudio", str(tree["sha"]), files, headers)


def _of_gitea(entry: Mapping[str, Any], url: str) -> RemoteFile:
    """A file in Gitea; of one in Git LFS, Gitea itself knows the pointer, which says what is meant."""
    if entry.get("Sha256"):
        return RemoteFile(entry["path"], url, int(entry["size"]), "sha256", entry["Sha256"])
    size = int(entry["size"])
    content = base64.b64decode(entry.get("content") or "") if size <= _POINTER_BYTES else b""
    if pointer := _POINTER.fullmatch(content):
        return RemoteFile(entry["path"], url, int(pointer[2]), "sha256", pointer[1].decode())
    return RemoteFile(entry["path"], url, size, "git-blob", entry["sha"])


def _bos(package: str, _: str) -> Listing:
    url = f"{BOS}/{package}_infer.tar"
    http = Http()
    try:
        with http.answer(url) as answer:
            size = answer.headers.get("Content-Length")
            told = answer.headers.get("Content-MD5", "")
    finally:
        http.close()
    md5 = base64.b64decode(told).hex()
    file = RemoteFile(f"{package}.tar", url, int(size) if size else None, "md5", md5)
    return Listing("bos", "paddle3.0.0", (file,), is_archive=True)


_ASK: Mapping[str, Callable[[str, str], Listing]] = {
    "huggingface": _huggingface,
    "aistudio": _aistudio,
    "modelscope": _modelscope,
    "bos": _bos,
}
