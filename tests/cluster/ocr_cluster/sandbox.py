"""The namespaces of a cluster as the machine sees them: made around a supervisor, entered, and ended with it.

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
    folder: Path, addresses: Addresses, order: supervisor.Order, seen: Callable[[int], None]
) -> subprocess.Popen[str]:
    """Starts the supervisor in fresh namespaces, links it to the machine and gives it the order.

    `seen` is told its process id before anything else can go wrong. The result's stdin is the lifeline of an
    ephemeral cluster. Raises `ClusterError` when the set-up fails; what was made by then is left to `end`.
    """
    process = _unshare(folder)
    pid = int(_said(process, folder))
    seen(pid)
    _link(addresses, pid)
    _pipe(process.stdin).write(json.dumps(order) + "\n")
    _pipe(process.stdin).flush()
    _said(process, folder)
    if not order["ephemeral"]:
        _pipe(process.stdin).close()
    return process


def enter(pid: int, command: Sequence[str]) -> list[str]:
    """The command, made to run in the namespaces of that supervisor."""
    return ["nsenter", f"--target={pid}", "--mount", "--net", "--pid", "--", *command]


def supervisors(folder: Path) -> list[int]:
    """Supervisors of that run folder, found by their command line: also those that no record names."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        match = _SUPERVISOR.search(_read(path))
        if match and match[1] == str(folder):
            found.append(int(path.parent.name))
    return found


def end(folder: Path, known: Record | None) -> None:
    """Ends every process in the namespaces, and the link to the machine with its routes. May be repeated.

    The namespaces' first process is dead only when all others in them are (`man 7 pid_namespaces`). While it
    dies it has no command line any more, so that only the record and who found it before know it.
    """
    holders = [Process.of(pid) for pid in supervisors(folder)]
    if known:
        holders.append(known.supervisor)
    for holder in filter(Process.is_alive, holders):
        with suppress(ProcessLookupError):
            os.kill(holder.pid, signal.SIGKILL)
    waiting.until(
        lambda: not any(holder.is_alive() for holder in holders), f"the processes of {folder.name} to end", 30
    )
    if known:
        _unlink(known.addresses)


def routed() -> list[IPv4Network]:
    """Networks that the machine has a route to."""
    routes = json.loads(_run("ip", "-json", "-4", "route", "show", "table", "all"))
    return [IPv4Network(route["dst"]) for route in routes if route["dst"] != "default"]


def node_addresses(pid: int) -> set[str]:
    """IPv4 addresses inside the network namespace of that process."""
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


def _said(process: subprocess.Popen[str], folder: Path) -> str:
    line = _pipe(process.stdout).readline()
    if not line:
        log = (folder / "logs" / "supervisor.log").read_text()
        raise ClusterError(f"the cluster's namespaces could not be set up (this needs root):\n{log[-2000:]}")
    return line.strip()


def _link(addresses: Addresses, pid: int) -> None:
    """Makes the veth pair, and the machine's routes to pods and Services, which go when the pair goes."""
    link = addresses.machine_link
    peer = ["peer", "name", addresses.node_link, "netns", str(pid)]
    _run("ip", "link", "add", link, "type", "veth", *peer)
    _run("ip", "address", "add", f"{addresses.machine}/{addresses.link.prefixlen}", "dev", link)
    _run("ip", "link", "set", link, "up")
    for network in (addresses.services, addresses.pods):
        _run("ip", "route", "add", str(network), "via", str(addresses.node))


def _unlink(addresses: Addresses) -> None:
    """Removes the pair. The kernel would do so with the namespace, but that may live on for minutes.

    Connections that wait for an answer keep it, though no process is left.
    """
    machine_end = Path("/sys/class/net", addresses.machine_link)
    if not machine_end.exists():
        return
    try:
        _run("ip", "link", "delete", addresses.machine_link)
    except ClusterError:
        if machine_end.exists():  # else the kernel was quicker
            raise


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise ClusterError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def _pipe(pipe: IO[str] | None) -> IO[str]:
    """The pipe, which Popen makes optional for the type checker only."""
    if pipe is None:
        raise ClusterError("the supervisor was started without a pipe")
    return pipe
