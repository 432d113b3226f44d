"""The manifest of a downloaded model: the list of its files with sizes and digests, in the model's folder.

The manifest is written last, so a folder that has one was complete when it was published. Knows files and
digests, not what a model is.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

FILE_NAME = "manifest.json"

_VERSION = 1
_BLOCK_BYTES = 1 << 20


class ManifestError(ValueError):
    """A manifest cannot be used; the message completes "its manifest.json ..."."""


@dataclass(frozen=True)
class File:
    """One file below the folder: its path with slashes, its size in bytes, its SHA-256 in hex."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What a folder holds; `digest` is the model's, `source` and `revision` where it was downloaded."""

    name: str
    model_format: str
    digest: str
    source: str
    revision: str
    files: tuple[File, ...]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)


def write(folder: Path, manifest: Manifest) -> None:
    """Writes the manifest into the folder, once all its files are on the disk.

    Raises:
        OSError: the volume does not take it. The folder then has no manifest, or a truncated one, and must
        not be published.
    """
    for file in manifest.files:
        sync(folder / file.name)
    content = {
        "manifest": _VERSION,
        "name": manifest.name,
        "format": manifest.model_format,
        "digest": manifest.digest,
        "source": manifest.source,
        "revision": manifest.revision,
        "files": [asdict(file) for file in manifest.files],
    }
    (folder / FILE_NAME).write_text(json.dumps(content, indent=1) + "\n", "utf-8")
    sync(folder / FILE_NAME)
    sync(folder)


def sync(path: Path) -> None:
    """Waits until a file or folder is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read(folder: Path) -> Manifest | None:
    """The manifest of a folder; None if it has none.

    Raises:
        ManifestError: it is damaged, or of an unknown version.
    """
    try:
        content = json.loads((folder / FILE_NAME).read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise ManifestError(f"cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ManifestError("is damaged") from error
    return _parse(content)


def _parse(content: Any) -> Manifest:
    if not isinstance(content, dict) or content.get("manifest") != _VERSION:
        raise ManifestError("has a version that this release does not know")
    try:
        files = tuple(
            File(str(file["name"]), int(file["size"]), str(file["sha256"])) for file in content["files"]
        )
        name, model_format, digest, source, revision = (
            str(content[key]) for key in ("name", "format", "digest", "source", "revision")
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ManifestError("is damaged") from error
    if not all(is_safe_path(file.name) for file in files):
        raise ManifestError("lists files outside the folder")
    return Manifest(name, model_format, digest, source, revision, files)


def is_safe_path(name: str) -> bool:
    """Whether a relative path with slashes stays inside the folder that it is joined to."""
    parts = PurePosixPath(name).parts
    return bool(parts) and not name.startswith("/") and ".." not in parts and "\\" not in name


def size_problems(folder: Path, name: str, model_format: str) -> Iterator[str]:
    """Every difference between a folder and its manifest in names and sizes; none without a manifest."""
    try:
        manifest = read(folder)
    except ManifestError as error:
        yield f"its {FILE_NAME} {error}"
        return
    if manifest is None:
        return
    if (manifest.name, manifest.model_format) != (name, model_format):
        yield f"its {FILE_NAME} is for {manifest.name} in {manifest.model_format} format"
        return
    for file in manifest.files:
        yield from _size_problems(folder, file)


def _size_problems(folder: Path, file: File) -> Iterator[str]:
    try:
        size = (folder / file.name).stat().st_size
    except OSError as error:
        yield f"{file.name}, which its {FILE_NAME} lists, cannot be read: {error.strerror}"
        return
    if size != file.size:
        yield f"{file.name} has {size} bytes, but its {FILE_NAME} says {file.size}"


def digest_problems(folder: Path, known_digests: dict[str, str]) -> Iterator[str]:
    """Every file whose content differs from the manifest; `known_digests` need not be computed again.

    Raises:
        OSError: a file cannot be read.
        ManifestError: the manifest cannot be used.
    """
    manifest = read(folder)
    for file in manifest.files if manifest else ():
        digest = known_digests.get(file.name) or file_digest(folder / file.name)
        if digest != file.sha256:
            yield f"{file.name} was changed: its SHA-256 is not the one in its {FILE_NAME}"


def file_digest(path: Path) -> str:
    """SHA-256 of a file in hex. Raises OSError if it cannot be read."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def digests(folder: Path, names: Sequence[str]) -> tuple[str, dict[str, str]]:
    """SHA-256 in hex of the concatenated files, and of each file by its name.

    Raises:
        OSError: a file cannot be read.
    """
    if len(names) == 1:
        digest = file_digest(folder / names[0])
        return digest, {names[0]: digest}
    combined, by_name = hashlib.sha256(), {}
    for name in names:
        digest_of_file = hashlib.sha256()
        for block in _blocks(folder / name):
            digest_of_file.update(block)
            combined.update(block)
        by_name[name] = digest_of_file.hexdigest()
    return combined.hexdigest(), by_name


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK_BYTES):
            yield block
