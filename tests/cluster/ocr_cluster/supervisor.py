"""PID 1 of a cluster: sets up its namespaces, starts its components and reaps processes.

Does not know Kubernetes. `sandbox` starts it and uses stdin and stdout: the supervisor prints its process id
on the machine, reads one line of JSON (`Instructions`) and prints "ready". When it ends, the kernel ends
every process in its PID namespace, and thereby the mounts and the network.
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


class ComponentStart(TypedDict):
    """A component to start when the file `gate` exists; at once if `gate` is empty."""

    name: str
    command: list[str]
    gate: str


class Instructions(TypedDict):
    """The instructions of `sandbox`. `folder` holds the logs, as a path after the setup; `path` is the PATH.

    `ephemeral`: end when stdin is closed, that is, when the process that started the cluster ends.
    """

    setup: list[list[str]]
    start: list[ComponentStart]
    folder: str
    path: str
    ephemeral: bool


@dataclass
class _State:
    waiting: list[ComponentStart]
    running: dict[int, tuple[str, subprocess.Popen[bytes]]] = field(default_factory=dict)


def main() -> None:
    """Runs until it is killed, or until stdin is closed if the cluster is ephemeral."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    # /proc is still the machine's, so this is the process id outside the PID namespace.
    print(os.readlink("/proc/self"), flush=True)
    instructions: Instructions = json.loads(sys.stdin.readline() or sys.exit())
    for command in instructions["setup"]:
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    print("ready", flush=True)
    _watch(instructions)


def _watch(instructions: Instructions) -> None:
    folder, state = Path(instructions["folder"]), _State(list(instructions["start"]))
    stdin_open = True
    while True:
        _start_components(instructions, folder, state)
        _reap(folder, state)
        seconds = _POLL_SECONDS if state.waiting else _IDLE_SECONDS
        if not stdin_open:
            time.sleep(seconds)
        elif select.select([0], [], [], seconds)[0] and not os.read(0, 1):
            if instructions["ephemeral"]:
                return
            stdin_open = False


def _start_components(instructions: Instructions, folder: Path, state: _State) -> None:
    for start in list(state.waiting):
        if not start["gate"] or (folder / start["gate"]).exists():
            state.waiting.remove(start)
            process = _spawn(start, folder, instructions["path"])
            state.running[process.pid] = start["name"], process


def _spawn(start: ComponentStart, folder: Path, path: str) -> subprocess.Popen[bytes]:
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


def _reap(folder: Path, state: _State) -> None:
    """Reaps every child, including orphans, and logs which component ended."""
    while True:
        pid, status = _ended_child()
        if not pid:
            return
        if pid in state.running:
            name, _ = state.running.pop(pid)
            with (folder / "exits.log").open("a") as log:
                log.write(f"{name} ended with {os.waitstatus_to_exitcode(status)}; see logs/{name}.log\n")


def _ended_child() -> tuple[int, int]:
    """Process id and wait status of a child that has ended; zeros if there is none."""
    try:
        return os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return 0, 0


if __name__ == "__main__":
    main()
