"""The list of a fetched model's files, which lies in its folder: written last, it vouches for them all.

Knows files and digests, not what a model is. `hub_models` writes it before it publishes a folder; `models`
reads it. A folder with a manifest was whole when it got its name.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

FILE = "manifest.json"

_VERSION = 1
_BLOCK = 1 << 20  # bytes


class ManifestError(ValueError):
    """A manifest cannot be understood; the message is the end of "its manifest.json ..."."""


@dataclass(frozen=True)
class File:
    """One file below the folder: its path with slashes, size in bytes, and SHA-256 in hex."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What a folder holds: `digest` is the model's own, `source` and `revision` say where it came from."""

    name: str
    form: str
    digest: str
    source: str
    revision: str
    files: tuple[File, ...]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)


def write(folder: Path, manifest: Manifest) -> None:
    """Puts the manifest into the folder, once it and all its files are on the disk.

    Raises:
        OSError: the volume does not take it; the folder is then without a manifest, or with half a one, and
            must not be published.
    """
    for file in manifest.files:
        sync(folder / file.name)
    told = {"manifest": _VERSION, **asdict(manifest)}
    (folder / FILE).write_text(json.dumps(told, indent=1) + "\n", "utf-8")
    sync(folder / FILE)
    sync(folder)


def sync(path: Path) -> None:
    """Waits until a file or folder is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def of_folder(folder: Path) -> Manifest | None:
    """The manifest in a folder; None when there is none.

    Raises:
        ManifestError: there is one that is damaged, or of a version that is not known.
    """
    try:
        told = json.loads((folder / FILE).read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise ManifestError(f"cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ManifestError("is damaged") from error
    return _parsed(told)


def _parsed(told: Any) -> Manifest:
    if not isinstance(told, dict) or told.pop("manifest", None) != _VERSION:
        raise ManifestError("is of a version that this release does not know")
    try:
        files = tuple(
            File(str(file["name"]), int(file["size"]), str(file["sha256"])) for file in told["files"]
        )
        texts = {key: str(told[key]) for key in ("name", "form", "digest", "source", "revision")}
    except (KeyError, TypeError, ValueError) as error:
        raise ManifestError("is damaged") from error
    if not all(is_inside(file.name) for file in files):
        raise ManifestError("names files outside of the folder")
    return Manifest(files=files, **texts)


def is_inside(name: str) -> bool:
    """Whether a path with slashes stays below the folder that it is put into."""
    parts = PurePosixPath(name).parts
    return bool(parts) and not name.startswith("/") and ".." not in parts and "\\" not in name


def faults(folder: Path, name: str, form: str) -> Iterator[str]:
    """What a folder's manifest shows to be wrong with it, by names and sizes; nothing where there is none."""
    try:
        manifest = of_folder(folder)
    except ManifestError as error:
        yield f"its {FILE} {error}"
        return
    if manifest is None:
        return
    if (manifest.name, manifest.form) != (name, form):
        yield f"its {FILE} is that of {manifest.name} in {manifest.form} form"
        return
    for file in manifest.files:
        try:
            size = (folder / file.name).stat().st_size
        except OSError as error:
            yield f"{file.name}, which its {FILE} lists, cannot be read: {error.strerror}"
        else:
            if size != file.size:
                yield f"{file.name} has {size} bytes, its {FILE} says {file.size}"


def digest_faults(folder: Path, known: dict[str, str]) -> Iterator[str]:
    """Each file whose content is not that of the manifest; `known` are digests by name, read already.

    Raises:
        OSError: a file cannot be read.
        ManifestError: the manifest cannot be understood.
    """
    manifest = of_folder(folder)
    for file in manifest.files if manifest else ():
        found = known.get(file.name) or digests(folder, [file.name])[1][file.name]
        if found != file.sha256:
            yield f"{file.name} has been changed: its SHA-256 is not the one in its {FILE}"


def digests(folder: Path, names: Sequence[str]) -> tuple[str, dict[str, str]]:
    """SHA-256 in hex of the files one after the other, and of each by its name.

    Raises:
        OSError: a file cannot be read.
    """
    whole = hashlib.sha256()
    each = {}
    for name in names:
        one = hashlib.sha256()
        with (folder / name).open("rb") as stream:
            while block := stream.read(_BLOCK):
                one.update(block)
                if len(names) > 1:
                    whole.update(block)
        each[name] = one.hexdigest()
    return (whole.hexdigest() if len(names) > 1 else each[names[0]]), each
