"""The namespaces of a cluster, from outside: they start and end with a supervisor, and can be entered.

Knows processes and links, not Kubernetes. Everything here needs root.
"""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from ipaddress import IPv4Network
from pathlib import Path
from typing import IO

from ocr_cluster import supervisor, waiting
from ocr_cluster.addresses import Addresses
from ocr_cluster.errors import ClusterError
from ocr_cluster.record import Process, Record

_MODULE = supervisor.__name__
_SUPERVISOR = re.compile(rf"-m\0{re.escape(_MODULE)}\0([^\0]+)\0")


def start(
    folder: Path,
    addresses: Addresses,
    instructions: supervisor.Instructions,
    on_started: Callable[[int], None],
) -> subprocess.Popen[str]:
    """Starts the supervisor in new namespaces, links it to the machine and sends it the instructions.

    `on_started` gets its process id before anything else can fail. The result's stdin is the lifeline of an
    ephemeral cluster. Raises `ClusterError` if the setup fails; `end` removes what exists by then.
    """
    process = _unshare(folder)
    pid = int(_read_line(process, folder))
    on_started(pid)
    _link(addresses, pid)
    _pipe(process.stdin).write(json.dumps(instructions) + "\n")
    _pipe(process.stdin).flush()
    _read_line(process, folder)
    if not instructions["ephemeral"]:
        _pipe(process.stdin).close()
    return process


def enter(pid: int, command: Sequence[str]) -> list[str]:
    """The command, wrapped to run in the namespaces of this supervisor."""
    return ["nsenter", f"--target={pid}", "--mount", "--net", "--pid", "--", *command]


def supervisors(folder: Path) -> list[int]:
    """Supervisors of this run folder by their command lines, also those without a record."""
    pids = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        match = _SUPERVISOR.search(_read(path))
        if match and match[1] == str(folder):
            pids.append(int(path.parent.name))
    return pids


def end(folder: Path, record: Record | None) -> None:
    """Ends every process in the namespaces and removes the link to the machine. May be repeated.

    The first process of the namespaces ends after all others (`man 7 pid_namespaces`). While it ends, it has
    no command line, so it can be found by its record only.
    """
    processes = [Process.of(pid) for pid in supervisors(folder)]
    if record:
        processes.append(record.supervisor)
    for process in filter(Process.is_alive, processes):
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
    waiting.until(
        lambda: not any(process.is_alive() for process in processes),
        f"the processes of {folder.name} to end",
        30,
    )
    if record:
        _unlink(record.addresses)


def routed() -> list[IPv4Network]:
    """Networks that the machine has a route to."""
    routes = json.loads(_run("ip", "-json", "-4", "route", "show", "table", "all"))
    return [IPv4Network(route["dst"]) for route in routes if route["dst"] != "default"]


def node_addresses(pid: int) -> set[str]:
    """IPv4 addresses in the network namespace of this process."""
    links = json.loads(_run(*enter(pid, ["ip", "-json", "-4", "address", "show"])))
    return {address["local"] for link in links for address in link.get("addr_info", [])}


def _unshare(folder: Path) -> subprocess.Popen[str]:
    namespaces = ["--mount", "--net", "--pid", "--ipc", "--fork", "--kill-child"]
    with (folder / "logs" / "supervisor.log").open("ab") as log:
        return subprocess.Popen(
            ["unshare", *namespaces, sys.executable, "-m", _MODULE, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            cwd="/",
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
            start_new_session=True,
        )


def _read_line(process: subprocess.Popen[str], folder: Path) -> str:
    line = _pipe(process.stdout).readline()
    if not line:
        log = (folder / "logs" / "supervisor.log").read_text()
        raise ClusterError(f"the cluster's namespaces could not be set up, which needs root:\n{log[-2000:]}")
    return line.strip()


def _link(addresses: Addresses, pid: int) -> None:
    """Creates the veth pair and the machine's routes to pods and Services. The routes end with the pair."""
    link = addresses.machine_link
    peer = ["peer", "name", addresses.node_link, "netns", str(pid)]
    _run("ip", "link", "add", link, "type", "veth", *peer)
    _run("ip", "address", "add", f"{addresses.machine}/{addresses.link.prefixlen}", "dev", link)
    _run("ip", "link", "set", link, "up")
    for network in (addresses.services, addresses.pods):
        _run("ip", "route", "add", str(network), "via", str(addresses.node))


def _unlink(addresses: Addresses) -> None:
    """Removes the pair. The kernel removes it with the namespace, but possibly minutes later.

    Connections that wait for a response keep the namespace after its last process.
    """
    machine_end = Path("/sys/class/net", addresses.machine_link)
    if not machine_end.exists():
        return
    try:
        _run("ip", "link", "delete", addresses.machine_link)
    except ClusterError:
        if machine_end.exists():  # otherwise the kernel has removed it meanwhile
            raise


def _run(*command: str) -> str:
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode:
        raise ClusterError(f"{' '.join(command)}: {result.stderr.strip()}")
    return result.stdout


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def _pipe(pipe: IO[str] | None) -> IO[str]:
    """The pipe; its type is optional because Popen can be called without pipes."""
    if pipe is None:
        raise ClusterError("the supervisor was started without a pipe")
    return pipe
