"""Downloads of models in processes of their own that are killed or restricted, as nodes and volumes do it.

Functions for `multiprocessing` to run; each puts its result into a queue, unless it is killed.
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

from ocr_backend.models.hub import hub_client, model_download, staging
from ocr_backend.models.hub.hub_candidates import HubOptions
from ocr_backend.models.model_errors import ModelError

NAMES = {"detection": "PP-OCRv6_small_det", "recognition": "PP-OCRv6_small_rec"}

_NOBODY = 65534
_DISK_EVENTS = ("open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.chmod", "os.utime")


def download(root: Path, mirror: str, results: "Queue[Any]") -> None:
    """Downloads; the result is the digests by role, or the name of the error's class and its message."""
    hub_client.RETRY_DELAY_SECONDS = 0
    hub = HubOptions("huggingface", mirror, ("onnx",))
    try:
        models = model_download.ensure_models(root, NAMES, ("onnx",), hub)
    except ModelError as error:
        results.put((type(error).__name__, str(error)))
    else:
        results.put({role: model.digest for role, model in models.items()})


def killed_at(root: Path, mirror: str, results: "Queue[Any]", event_number: int) -> None:
    """Kills itself at this access to the disk below the root; without one, the result is their number."""
    count = 0

    def hook(name: str, arguments: tuple[Any, ...]) -> None:
        nonlocal count
        if name in _DISK_EVENTS and any(str(root) in str(argument) for argument in arguments[:2]):
            count += 1
            if count == event_number:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
    download(root, mirror, results)
    results.put(count)


def on_node(root: Path, mirror: str, results: "Queue[Any]", node_id: str) -> None:
    """Runs as on another node that shares the volume, but no file locks."""
    fcntl.flock = _grant
    staging.node_id = lambda: node_id
    download(root, mirror, results)


def without_locks(root: Path, mirror: str, results: "Queue[Any]") -> None:
    """Runs as if nothing kept two processes of one node from downloading the same model."""
    staging.locked = _not_locked  # type: ignore[assignment]
    download(root, mirror, results)


def with_file_limit(root: Path, mirror: str, results: "Queue[Any]", max_bytes: int) -> None:
    """The system refuses to write larger files."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (max_bytes, max_bytes))
    download(root, mirror, results)


def as_nobody(root: Path, mirror: str, results: "Queue[Any]") -> None:
    """Runs as a user who may read the root but not write to it."""
    if os.geteuid() == 0:
        os.setuid(_NOBODY)
    download(root, mirror, results)


def _grant(*_: object) -> None:
    """Grants every lock, as some network volumes do."""


@contextlib.contextmanager
def _not_locked(_: Path) -> Iterator[None]:
    yield
