"""Brings one model's files into a folder: goes on where an earlier try stopped, compares with the listing.

`hub_models` calls `brought` with a folder that no other process writes into.
"""

import errno
import hashlib
import os
import shutil
import tarfile
import time
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path

from ocr_backend.models.hub import hub_client
from ocr_backend.models.hub.file_listing import Listing, RemoteFile
from ocr_backend.models.hub.hub_client import BLOCK, Http, PassingError
from ocr_backend.models.manifests import is_inside
from ocr_backend.models.model_errors import ModelMismatchError, VolumeError

PART = ".part"
"""End of the name of a file that is not there to its end."""

_TRIES = 3  # in a row that brought hardly anything
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

Count = Callable[[int], None]
"""Is told how many bytes more there are; negative where some were given up."""


def brought(listing: Listing, folder: Path, count: Count) -> None:
    """All files of a listing in the folder; what is there already and as the listing says is kept.

    Raises:
        ModelMismatchError: a file is not what the listing says.
        ModelNotFoundError: a file that is listed is not there.
        ModelError: the hub does not answer any more, or refuses.
        VolumeError: the volume is full, or cannot be written.
    """
    http = Http(listing.headers)
    try:
        _clear(listing, folder)
        for file in listing.files:
            _file(file, folder, http, count)
        if listing.is_archive:
            _unpacked(folder / listing.files[0].name, folder)
    except OSError as error:
        raise volume_error(folder, error) from error
    finally:
        http.close()


def _clear(listing: Listing, folder: Path) -> None:
    """Removes what the listing does not have: it is of another hub, or of an older revision."""
    listed = {folder / (file.name + end) for file in listing.files for end in ("", PART)}
    for left in folder.rglob("*"):
        if left.is_file() and left not in listed:
            left.unlink()


def volume_error(folder: Path, error: OSError) -> VolumeError:
    """The error for a volume that does not take a file; `folder` is on it."""
    if error.errno in _FULL:
        free = shutil.disk_usage(folder).free >> 20 if folder.exists() else 0
        return VolumeError(f"the volume of {folder} is full ({free} MiB free): {error.strerror}")
    return VolumeError(f"{error.filename or folder} cannot be written: {error.strerror}")


def _file(file: RemoteFile, folder: Path, http: Http, count: Count) -> None:
    target = folder / file.name
    if file.checksum and target.is_file() and _fault(file, target) is None:
        count(target.stat().st_size)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + PART)
    for is_last in (False, True):
        begun_with = _there(part)
        count(begun_with)
        fault = _filled(file, part, http, count)
        if fault is None:
            part.rename(target)
            return
        count(-_there(part))
        part.unlink(missing_ok=True)
        if is_last or not begun_with:  # what was left of an earlier try may have been of another file
            raise ModelMismatchError(f"{fault}; nothing of it was kept")


def _there(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _filled(file: RemoteFile, part: Path, http: Http, count: Count) -> str | None:
    """Fetches what the part lacks, with new tries as long as each brings a block; says what is wrong."""
    tries = _TRIES
    while file.size is None or _there(part) < file.size:
        before = _there(part)
        try:
            _fetch(file, part, http, count)
        except PassingError:
            tries = _TRIES if _there(part) - before >= BLOCK else tries - 1
            if not tries:
                raise
            time.sleep(hub_client.PAUSE_SECONDS)
        except ModelMismatchError as error:
            return str(error)
        else:
            break
    return _fault(file, part)


def _fetch(file: RemoteFile, part: Path, http: Http, count: Count) -> None:
    there = _there(part)
    with http.answer(file.url, {"Range": f"bytes={there}-"} if there else None) as answer:
        goes_on = answer.status_code == HTTPStatus.PARTIAL_CONTENT
        if not goes_on and there:
            count(-there)
        got = there if goes_on else 0
        with part.open("ab" if goes_on else "wb") as stream:
            for block in hub_client.pieces(answer):
                got += len(block)
                stream.write(block)
                stream.flush()
                count(len(block))
                if file.size is not None and got > file.size:
                    return  # it is not what was listed, and may have no end


def _fault(file: RemoteFile, found: Path) -> str | None:
    """How a file differs from its listing, or None."""
    size = found.stat().st_size
    if file.size is not None and size != file.size:
        return f"{file.name} has {size} bytes, the hub's list says {file.size}"
    if file.checksum and _checksum(file, found, size) != file.checksum.lower():
        return f"{file.name} does not have the checksum of the hub's list ({file.algorithm})"
    return None


def _checksum(file: RemoteFile, found: Path, size: int) -> str:
    digest = hashlib.new("sha1" if file.algorithm == "git-blob" else file.algorithm, usedforsecurity=False)
    if file.algorithm == "git-blob":  # git-hash-object(1): the content after "blob SIZE\0"
        digest.update(b"blob %d\0" % size)
    with found.open("rb") as stream:
        while block := stream.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _unpacked(archive: Path, folder: Path) -> None:
    """Puts the plain files of an archive beside it, without the folders that they are in, and removes it."""
    try:
        with tarfile.open(archive) as opened:
            for member in opened:
                name = os.path.basename(member.name)
                stream = opened.extractfile(member) if member.isreg() and is_inside(name) else None
                if stream is None or name.startswith("."):
                    continue
                with stream, (folder / name).open("wb") as into:
                    shutil.copyfileobj(stream, into)
    except tarfile.TarError as error:
        raise ModelMismatchError(f"{archive.name} is no whole archive") from error
    finally:
        archive.unlink()
