"""File system and network inside a cluster's namespaces: fixed short paths and commands to set them up.

The cluster's processes have private, empty /run and /var. So no file of theirs remains, and socket paths are
short wherever the cache folder is. `configuration`, `components` and `starting` use this module.
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
    """The machine's path of a file in the namespaces of process `pid`."""
    return Path(f"/proc/{pid}/root{path}")


def setup(folder: Path, addresses: Addresses) -> list[Command]:
    """Commands that set up new mount, network and PID namespaces for the cluster, in order.

    The machine's end of the link must exist.
    """
    return [*_mounts(folder), *_network(addresses)]


def _mounts(folder: Path) -> list[Command]:
    run = str(folder / "run")
    return [
        ("mount", "-t", "proc", "proc", "/proc"),
        # The new /run is mounted elsewhere and moved, since the folder may be in /run or /var.
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
