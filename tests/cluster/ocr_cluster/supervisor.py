"""PID 1 of a cluster: sets up its namespaces, starts its components and buries what dies.

Knows no Kubernetes. `sandbox` runs it and talks over stdin and stdout: it first prints its process id as the
machine sees it, then reads one line of JSON (an `Order`), then prints "ready". When it ends, the kernel ends
every process in its PID namespace, and with them go the mounts and the network.
"""

import json
import os
import select
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict

_POLL_SECONDS = 0.1
_IDLE_SECONDS = 1.0


class Start(TypedDict):
    """A component to start: once the file `gate` exists, if one is named."""

    name: str
    command: list[str]
    gate: str


class Order(TypedDict):
    """What `sandbox` sends. `folder` is where logs go, as seen after the set-up; `path` is the PATH.

    `ephemeral`: end as soon as stdin is closed, that is with the process at its other end.
    """

    setup: list[list[str]]
    start: list[Start]
    folder: str
    path: str
    ephemeral: bool


@dataclass
class _State:
    waiting: list[Start]
    running: dict[int, tuple[str, subprocess.Popen[bytes]]] = field(default_factory=dict)


def main() -> None:
    """Runs until killed, or until its maker is gone."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    # /proc is still the machine's, so this is the id by which the machine can find us.
    print(os.readlink("/proc/self"), flush=True)
    order: Order = json.loads(sys.stdin.readline() or sys.exit())
    for command in order["setup"]:
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    print("ready", flush=True)
    _watch(order)


def _watch(order: Order) -> None:
    folder, state = Path(order["folder"]), _State(list(order["start"]))
    stdin_open = True
    while True:
        _start_open_gates(order, folder, state)
        _bury(folder, state)
        seconds = _POLL_SECONDS if state.waiting else _IDLE_SECONDS
        if not stdin_open:
            time.sleep(seconds)
        elif select.select([0], [], [], seconds)[0] and not os.read(0, 1):
            if order["ephemeral"]:
                return
            stdin_open = False


def _start_open_gates(order: Order, folder: Path, state: _State) -> None:
    for start in list(state.waiting):
        if not start["gate"] or (folder / start["gate"]).exists():
            state.waiting.remove(start)
            process = _spawn(start, folder, order["path"])
            state.running[process.pid] = start["name"], process


def _spawn(start: Start, folder: Path, path: str) -> subprocess.Popen[bytes]:
    with (folder / "logs" / f"{start['name']}.log").open("ab") as log:
        return subprocess.Popen(
            start["command"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=folder,
            env={"PATH": path, "HOME": str(folder)},
            start_new_session=True,
        )


def _bury(folder: Path, state: _State) -> None:
    """Reaps every child, also the orphans that come to PID 1, and writes down which component died."""
    while True:
        pid, status = _dead_child()
        if not pid:
            return
        if pid in state.running:
            name, _ = state.running.pop(pid)
            with (folder / "exits.log").open("a") as log:
                log.write(f"{name} ended with {os.waitstatus_to_exitcode(status)}; see logs/{name}.log\n")


def _dead_child() -> tuple[int, int]:
    """Process id and wait status; zeros when no child is dead."""
    try:
        return os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return 0, 0


if __name__ == "__main__":
    main()
