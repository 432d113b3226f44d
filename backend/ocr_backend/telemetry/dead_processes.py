"""Keeps the counters of worker processes that have ended, without keeping the files of each.

prometheus_client writes a file of each kind of metric for each process, and sums them up when it is scraped.
Here the sums of dead processes move to one file of each kind. `gunicorn_server` calls it in its main process.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prometheus_client import multiprocess
from prometheus_client.mmap_dict import MmapedDict

_SUMMED_KINDS = ("counter", "histogram", "summary")
_NO_PROCESS = "0"  # in place of a process id


@contextmanager
def shared_lock(folder: Path) -> Iterator[None]:
    """Holds off `merge_process` while the files are read, so that nothing is counted twice or not at all."""
    with _lock(folder, fcntl.LOCK_SH):
        yield


def merge_process(folder: Path, pid: int) -> None:
    """Adds the counters of a dead process to those of earlier ones, and removes its files."""
    with _lock(folder, fcntl.LOCK_EX):
        multiprocess.mark_process_dead(pid, str(folder))  # type: ignore[no-untyped-call]
        for kind in _SUMMED_KINDS:
            _merge(folder / f"{kind}_{pid}.db", folder / f"{kind}_{_NO_PROCESS}.db")


@contextmanager
def _lock(folder: Path, operation: int) -> Iterator[None]:
    with (folder / "lock").open("ab") as file:
        fcntl.flock(file, operation)
        yield


def _merge(source: Path, target: Path) -> None:
    if not source.exists():
        return
    if not target.exists():
        source.rename(target)
        return
    # A copy, because a crash in between must not leave half of the sums.
    merged_file = target.with_suffix(".new")
    shutil.copyfile(target, merged_file)
    merged = MmapedDict(str(merged_file))  # type: ignore[no-untyped-call]
    values = MmapedDict.read_all_values_from_file(str(source))  # type: ignore[no-untyped-call]
    for key, value, timestamp, _ in values:
        total, _ = merged.read_value(key)  # type: ignore[no-untyped-call]
        merged.write_value(key, total + value, timestamp)  # type: ignore[no-untyped-call]
    merged.close()  # type: ignore[no-untyped-call]
    os.replace(merged_file, target)
    source.unlink()
