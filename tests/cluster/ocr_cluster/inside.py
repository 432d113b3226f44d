"""What the machine looks like from inside a cluster's namespaces: fixed short paths and how they are set up.

The cluster's processes see private, empty /run and /var, so nothing they write there stays behind, and
sockets keep short names wherever the cache lies. Used by `configuration`, `components` and `lifecycle`.
"""

from collections.abc import Sequence
from pathlib import Path

from ocr_cluster.addresses import Addresses

FOLDER = Path("/run/ocr")
PROGRAMS = FOLDER / "bin"
CONTAINERD = Path("/run/containerd/containerd.sock")
PATH = f"{PROGRAMS}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

Command = Sequence[str]


def seen_from_machine(pid: int, path: Path) -> Path:
    """Where the machine finds a file of the namespaces that the process `pid` is in."""
    return Path(f"/proc/{pid}/root{path}")


def setup(folder: Path, addresses: Addresses) -> list[Command]:
    """Commands that turn fresh mount, network and PID namespaces into the cluster's machine, in order.

    The machine's end of the link must already be there.
    """
    return [*_mounts(folder), *_network(addresses)]


def _mounts(folder: Path) -> list[Command]:
    run = str(folder / "run")
    return [
        ("mount", "-t", "proc", "proc", "/proc"),
        # The new /run is made elsewhere and moved, since the folder may itself lie in /run or /var.
        ("mkdir", "-p", run),
        ("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", run),
        ("mkdir", f"{run}/{FOLDER.name}"),
        ("mount", "--bind", str(folder), f"{run}/{FOLDER.name}"),
        ("mount", "--no-mtab", "--move", run, "/run"),
        ("mount", "--no-mtab", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/var"),
        ("mkdir", "-p", "/var/lib", "/var/log", "/var/tmp"),
        ("ln", "-s", "/run", "/var/run"),
    ]


def _network(addresses: Addresses) -> list[Command]:
    link = addresses.node_link
    return [
        ("ip", "link", "set", "lo", "up"),
        ("ip", "address", "add", f"{addresses.node}/{addresses.link.prefixlen}", "dev", link),
        ("ip", "link", "set", link, "up"),
        ("ip", "route", "add", "default", "via", str(addresses.machine)),
        ("sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"),
    ]
