"""Staging folders: where a model is downloaded before it is published.

Each model has one staging folder, with one folder for each process that downloads the model. On a node, a
file lock lets one process at a time download a model; the kernel releases it when the process is killed, so
the next process can take over its files. A lock may not reach other nodes that share the volume: there, two
processes may download the same model at the same time, each into its own folder, and the first one publishes
it.
"""

import contextlib
import errno
import fcntl
import os
import shutil
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock

from ocr_backend.models import manifests, model_folder
from ocr_backend.models.hub.resumable_download import PARTIAL_SUFFIX

STAGING = ".fetching"
"""Folder below the root that holds the staging folders."""

ACTIVE_SECONDS = 600.0
"""A process on another node counts as running until it has written nothing for so long: a guess, longer than
the time limits of all hubs together, with room for clocks that differ."""

_LOCKS_UNSUPPORTED = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS)


def staging_folder(root: Path, name: str, model_format: str) -> Path:
    """The staging folder of a model."""
    return root / STAGING / model_folder.folder_name(name, model_format)


def staging_folders(root: Path) -> list[Path]:
    """All staging folders, those of killed downloads included."""
    parent = root / STAGING
    return sorted(folder for folder in parent.iterdir() if folder.is_dir()) if parent.is_dir() else []


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Lets one process of this node at a time use a staging folder; waits for the others.

    Raises:
        OSError: the lock file, which is beside the folder, cannot be written.
    """
    with contextlib.ExitStack() as stack:
        _acquire(folder, stack)
        yield


def _acquire(folder: Path, stack: contextlib.ExitStack) -> None:
    # Not filelock's own fallback, lock files: one that a killed process leaves would block all others.
    lock = FileLock(_lock_file(folder), fallback_to_soft=False)
    try:
        stack.enter_context(lock)
    except OSError as error:
        if error.errno not in _LOCKS_UNSUPPORTED:
            raise


def is_active(folder: Path) -> bool:
    """Whether a process is downloading into a staging folder, as far as can be seen without writing."""
    is_active_elsewhere = any(
        not _is_abandoned(process_folder) for process_folder in _process_folders(folder)
    )
    return is_active_elsewhere or _is_locked(folder)


def is_downloading(root: Path) -> bool:
    """Whether a process is downloading into `root`."""
    return any(is_active(folder) for folder in staging_folders(root))


def _lock_file(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.lock")


def _is_locked(folder: Path) -> bool:
    try:
        with _lock_file(folder).open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # no process has locked it yet, or the volume has no locks
        return False
    return False


def create_process_folder(folder: Path, unverified_folder: Path | None) -> Path:
    """A new folder for this process alone, below a locked staging folder, with the files that can be reused.

    Those are the files of abandoned downloads, and of `unverified_folder`, which may hold the model. None is
    trusted before it is compared with a hub's listing.
    """
    folder.mkdir(exist_ok=True)
    abandoned = sorted(_abandoned_folders(folder), key=_last_write, reverse=True)
    process_folder = Path(tempfile.mkdtemp(prefix=f"{node_id()}-", dir=folder))
    process_folder.chmod(0o755)
    for other in abandoned:
        for file in _missing_files(other, process_folder, "**/*"):
            _take_over(file, process_folder / file.relative_to(other))
        shutil.rmtree(other, ignore_errors=True)
    if unverified_folder is not None:
        for file in _missing_files(unverified_folder, process_folder, "*"):
            shutil.copyfile(file, process_folder / file.name)
    return process_folder


def remove_abandoned(folder: Path) -> None:
    """Removes abandoned downloads from a locked staging folder, and the folder itself if it is empty."""
    for process_folder in _abandoned_folders(folder):
        shutil.rmtree(process_folder, ignore_errors=True)
    with contextlib.suppress(OSError):
        folder.rmdir()


def reusable_bytes(folder: Path) -> int:
    """Bytes in a staging folder that a new download need not receive again."""
    files = (file for process_folder in _abandoned_folders(folder) for file in process_folder.rglob("*"))
    return sum(file.stat().st_size for file in files if file.is_file())


def node_id() -> str:
    """Identifies this node, the same in all its containers: file locks reach all of them."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return f"{uuid.getnode():x}"


def _process_folders(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.is_dir()] if folder.is_dir() else []


def _abandoned_folders(folder: Path) -> list[Path]:
    return [process_folder for process_folder in _process_folders(folder) if _is_abandoned(process_folder)]


def _is_abandoned(process_folder: Path) -> bool:
    """Whether its process has ended, provided that no process holds the lock of the staging folder."""
    is_own_node = process_folder.name.startswith(f"{node_id()}-")
    return is_own_node or time.time() - _last_write(process_folder) > ACTIVE_SECONDS


def _last_write(folder: Path) -> float:
    times = [0.0]
    for path in [Path(parent, name) for parent, _, names in os.walk(folder) for name in (".", *names)]:
        with contextlib.suppress(FileNotFoundError):  # its process has just renamed or removed it
            times.append(path.stat().st_mtime)
    return max(times)


def _missing_files(source: Path, target: Path, pattern: str) -> Iterator[Path]:
    """Files of a folder, except the manifest, that another folder lacks; creates their parents there."""
    for file in sorted(source.glob(pattern)):
        destination = target / file.relative_to(source)
        if file.is_file() and file.name != manifests.FILE_NAME and not destination.exists():
            destination.parent.mkdir(parents=True, exist_ok=True)
            yield file


def _take_over(file: Path, destination: Path) -> None:
    """Moves a complete file; copies a partial one, since a process that seems dead may still write to it."""
    if file.suffix == PARTIAL_SUFFIX:
        shutil.copyfile(file, destination)
    else:
        file.rename(destination)
