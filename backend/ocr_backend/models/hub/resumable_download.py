"""Downloads the files of one model into a folder: resumes, and verifies against the listing.

`model_download` calls `download_files` with a folder that no other process writes to.
"""

import errno
import hashlib
import shutil
import tarfile
import time
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path, PurePosixPath
from typing import BinaryIO

import requests

from ocr_backend.models.hub import hub_client
from ocr_backend.models.hub.file_listing import Algorithm, Listing, RemoteFile
from ocr_backend.models.hub.hub_client import CHUNK_BYTES, HubClient, TransientError
from ocr_backend.models.manifests import is_safe_path
from ocr_backend.models.model_errors import ModelMismatchError, VolumeError

PARTIAL_SUFFIX = ".part"
"""Suffix of a file that is not complete yet."""

_MAX_FAILURES = 3  # in a row without a whole chunk
_VOLUME_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

OnBytes = Callable[[int], None]
"""Called with the number of bytes that were added; negative if some were discarded."""


def download_files(listing: Listing, folder: Path, on_bytes: OnBytes) -> None:
    """Downloads all files of a listing into the folder; existing files that match the listing are kept.

    Raises:
        ModelMismatchError: a file differs from the listing.
        ModelNotFoundError: a listed file does not exist.
        ModelError: the hub stops responding, or refuses.
        VolumeError: the volume is full or not writable.
    """
    client = HubClient(listing.headers)
    try:
        _remove_unlisted(listing, folder)
        for file in listing.files:
            _Download(file, folder / file.name, client, on_bytes).run()
        if listing.is_archive:
            _unpack(folder / listing.files[0].name, folder)
    except OSError as error:
        raise volume_error(folder, error) from error
    finally:
        client.close()


def _remove_unlisted(listing: Listing, folder: Path) -> None:
    """Removes files of another hub or of an older revision."""
    listed = {folder / (file.name + suffix) for file in listing.files for suffix in ("", PARTIAL_SUFFIX)}
    for path in folder.rglob("*"):
        if path.is_file() and path not in listed:
            path.unlink()


def volume_error(folder: Path, error: OSError) -> VolumeError:
    """The error for a volume that does not take a file; `folder` is on the volume."""
    if error.errno in _VOLUME_FULL:
        free = shutil.disk_usage(folder).free >> 20 if folder.exists() else 0
        return VolumeError(f"the volume of {folder} is full ({free} MiB free): {error.strerror}")
    return VolumeError(f"{error.filename or folder} cannot be written: {error.strerror}")


class _Download:
    """The download of one file, through a partial file beside it."""

    def __init__(self, file: RemoteFile, target: Path, client: HubClient, on_bytes: OnBytes) -> None:
        self._file = file
        self._target = target
        self._partial = target.with_name(target.name + PARTIAL_SUFFIX)
        self._client = client
        self._on_bytes = on_bytes

    def run(self) -> None:
        """Completes the file. Raises ModelMismatchError if the hub sends something else than it lists."""
        if self._file.checksum and self._target.is_file() and not self._problem(self._target):
            self._on_bytes(self._target.stat().st_size)
            return
        self._target.parent.mkdir(parents=True, exist_ok=True)
        is_resumed = self._partial_size() > 0
        problem = self._try()
        if problem and is_resumed:  # the partial file may belong to another file: start from the beginning
            problem = self._try()
        if problem:
            raise ModelMismatchError(f"{problem}; the file was discarded")

    def _try(self) -> str:
        """Completes the file and returns "", or discards it and returns the problem."""
        self._on_bytes(self._partial_size())
        try:
            self._complete()
            problem = self._problem(self._partial)
        except ModelMismatchError as error:
            problem = str(error)
        if problem:
            self._on_bytes(-self._partial_size())
            self._partial.unlink(missing_ok=True)
        else:
            self._partial.rename(self._target)
        return problem

    def _partial_size(self) -> int:
        return self._partial.stat().st_size if self._partial.exists() else 0

    def _is_incomplete(self) -> bool:
        size = self._file.size
        return size is None or self._partial_size() < size or not self._partial.exists()

    def _complete(self) -> None:
        """Downloads what the partial file lacks; retries as long as each try gets a whole chunk."""
        failures = 0
        while self._is_incomplete():
            size_before = self._partial_size()
            error = self._receive()
            if error is None:
                return
            has_progress = self._partial_size() - size_before >= CHUNK_BYTES
            failures = 0 if has_progress else failures + 1
            if failures == _MAX_FAILURES:
                raise error
            time.sleep(hub_client.RETRY_DELAY_SECONDS)

    def _receive(self) -> TransientError | None:
        """Receives the rest of the file; returns the error if the transfer ends early."""
        size = self._partial_size()
        headers = {"Range": f"bytes={size}-"} if size else None
        try:
            with self._client.stream(self._file.url, headers) as response:
                self._save(response, size)
        except TransientError as error:
            return error
        return None

    def _save(self, response: requests.Response, size: int) -> None:
        is_resumed = response.status_code == HTTPStatus.PARTIAL_CONTENT
        if size and not is_resumed:
            self._on_bytes(-size)
            size = 0
        with self._partial.open("ab" if is_resumed else "wb") as output:
            self._write(response, output, size)

    def _write(self, response: requests.Response, output: BinaryIO, size: int) -> None:
        for chunk in hub_client.chunks(response):
            size += len(chunk)
            output.write(chunk)
            output.flush()
            self._on_bytes(len(chunk))
            if self._is_too_large(size):
                return

    def _is_too_large(self, size: int) -> bool:
        """Whether this is not the listed file; it may even be endless."""
        return self._file.size is not None and size > self._file.size

    def _problem(self, path: Path) -> str:
        """How a file differs from its listing, or ""."""
        file, size = self._file, path.stat().st_size
        if file.size is not None and size != file.size:
            return f"{file.name} has {size} bytes, but the hub lists {file.size}"
        if file.checksum and _checksum(path, file.algorithm) != file.checksum.lower():
            return f"{file.name} does not match the hub's checksum ({file.algorithm})"
        return ""


def _checksum(path: Path, algorithm: Algorithm) -> str:
    digest = hashlib.new("sha1" if algorithm == "git-blob" else algorithm, usedforsecurity=False)
    if algorithm == "git-blob":  # git-hash-object(1): the content after "blob SIZE\0"
        digest.update(b"blob %d\0" % path.stat().st_size)
    with path.open("rb") as stream:
        while block := stream.read(CHUNK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def _unpack(archive: Path, folder: Path) -> None:
    """Extracts the plain files of an archive into a folder, without their own folders, and removes it."""
    try:
        _extract_files(archive, folder)
    except tarfile.TarError as error:
        raise ModelMismatchError(f"{archive.name} is not a complete archive") from error
    finally:
        archive.unlink()


def _extract_files(archive: Path, folder: Path) -> None:
    with tarfile.open(archive) as tar:
        for member in tar:
            _extract_file(tar, member, folder)


def _extract_file(tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    name = PurePosixPath(member.name).name
    is_model_file = member.isreg() and is_safe_path(name) and not name.startswith(".")
    stream = tar.extractfile(member) if is_model_file else None
    if stream is None:
        return
    with stream, (folder / name).open("wb") as output:
        shutil.copyfileobj(stream, output)
