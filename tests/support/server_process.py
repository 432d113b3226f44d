"""A server as a process of its own on loopback: started, waited for, and ended with all that it has started.

Knows nothing of what it serves; `label_studio` and the tests of `label-studio-ml` use it.
"""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import requests

_SECONDS_TO_END = 20
_SECONDS_BETWEEN_LOOKS = 0.1
_CHARACTERS_OF_LOG = 4000


def free_port() -> int:
    """A port of loopback that nothing listens on now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


@contextmanager
def serving_process(
    command: Sequence[str | Path],
    environment: Mapping[str, str],
    log: Path,
    health: str,
    seconds: float,
) -> Iterator[subprocess.Popen[bytes]]:
    """The process, in a group of its own, from when `health` answers until the end of the context.

    Raises:
        RuntimeError: it ended by itself or was not up in time; the message holds the end of its log.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        _wait_until_up(process, log, health, seconds)
        yield process
    finally:
        _end(process)


def _wait_until_up(process: subprocess.Popen[bytes], log: Path, health: str, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not _is_up(health):
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended with {process.returncode}:\n{_end_of(log)}")
        if time.monotonic() > deadline:
            raise RuntimeError(f"{process.args!r} was not up in {seconds} s:\n{_end_of(log)}")
        time.sleep(_SECONDS_BETWEEN_LOOKS)


def _is_up(health: str) -> bool:
    try:
        return requests.get(health, timeout=5).ok
    except (requests.ConnectionError, requests.Timeout):
        return False


def _end_of(log: Path) -> str:
    return log.read_text(errors="replace")[-_CHARACTERS_OF_LOG:]


def _end(process: subprocess.Popen[bytes]) -> None:
    """Asks the whole group to end; kills what outlives its first process, or the deadline."""
    with suppress(ProcessLookupError):  # all have ended
        os.killpg(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=_SECONDS_TO_END)
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
