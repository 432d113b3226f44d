"""Fetches of models in processes of their own that are killed or crippled, as volumes and nodes do it.

Functions for `multiprocessing` to run; each tells over a queue how it ended, unless it is killed.
"""

import contextlib
import fcntl
import os
import resource
import signal
import sys
from collections.abc import Iterator
from multiprocessing.queues import Queue
from pathlib import Path
from typing import Any

from ocr_backend.models.hub import hub_client, lease_lock, model_download
from ocr_backend.models.hub.model_download import Hub
from ocr_backend.models.model_errors import ModelError

NAMES = {"detection": "PP-OCRv6_small_det", "recognition": "PP-OCRv6_small_rec"}

_NOBODY = 65534
_ON_DISK = ("open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.chmod", "os.utime")


def fetch(root: Path, mirror: str, told: "Queue[Any]") -> None:
    """Fetches; tells the digests by part, or the name of the error's class and its message."""
    hub_client.PAUSE_SECONDS = 0
    hub = Hub("huggingface", mirror, ("onnx",))
    try:
        found = model_download.fetched(root, NAMES, ("onnx",), hub)
    except ModelError as error:
        told.put((type(error).__name__, str(error)))
    else:
        told.put({part: model.digest for part, model in found.items()})


def killed_at(root: Path, mirror: str, told: "Queue[Any]", event: int) -> None:
    """Kills itself at that touch of the disk below the root, or tells how many there were."""
    seen = 0

    def hook(name: str, arguments: tuple[Any, ...]) -> None:
        nonlocal seen
        if name in _ON_DISK and any(str(root) in str(argument) for argument in arguments[:2]):
            seen += 1
            if seen == event:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
    fetch(root, mirror, told)
    told.put(seen)


def without_locks(root: Path, mirror: str, told: "Queue[Any]", machine: str) -> None:
    """As on another node of a volume on which locks do not reach the others."""
    fcntl.flock = _nothing
    lease_lock.machine = lambda: machine
    fetch(root, mirror, told)


def without_claims(root: Path, mirror: str, told: "Queue[Any]") -> None:
    """As if nothing kept two from working at the same model."""
    lease_lock.claimed = _unclaimed  # type: ignore[assignment]
    fetch(root, mirror, told)


def with_room_for(root: Path, mirror: str, told: "Queue[Any]", count: int) -> None:
    """No file may have more bytes: the system refuses to write more."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (count, count))
    fetch(root, mirror, told)


def as_nobody(root: Path, mirror: str, told: "Queue[Any]") -> None:
    """As a user who may read the root, and not write."""
    if os.geteuid() == 0:
        os.setuid(_NOBODY)
    fetch(root, mirror, told)


def _nothing(*_: object) -> None:
    """Grants every lock, as some network volumes do."""


@contextlib.contextmanager
def _unclaimed(_: Path) -> Iterator[None]:
    yield
