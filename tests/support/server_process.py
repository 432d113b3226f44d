"""Runs a server as a process on loopback: starts it, waits for it, and ends it with its child processes.

Knows nothing about the server; `label_studio` and other modules use it.
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
_POLL_SECONDS = 0.1
_LOG_CHARACTERS = 4000


def free_port() -> int:
    """A loopback port that no process listens on now."""
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
    """The process in its own process group, from when the URL `health` responds until the end of the context.

    Raises:
        RuntimeError: it ended, or was not ready in time; the message contains the end of its log.
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
            raise RuntimeError(f"{process.args!r} ended with {process.returncode}:\n{_log_end(log)}")
        if time.monotonic() > deadline:
            raise RuntimeError(f"{process.args!r} was not ready in {seconds} s:\n{_log_end(log)}")
        time.sleep(_POLL_SECONDS)


def _is_up(health: str) -> bool:
    try:
        return requests.get(health, timeout=5).ok
    except (requests.ConnectionError, requests.Timeout):
        return False


def _log_end(log: Path) -> str:
    return log.read_text(errors="replace")[-_LOG_CHARACTERS:]


def _end(process: subprocess.Popen[bytes]) -> None:
    """Terminates the process group; kills what remains after its first process or after a timeout."""
    with suppress(ProcessLookupError):  # all have ended
        os.killpg(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=_SECONDS_TO_END)
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
